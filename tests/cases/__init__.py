"""One dictionary of named cases per protocol: a new thing adds a line, and every oracle runs over it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from latticekit.actions import (
    Action,
    Anisotropic,
    Defect,
    FreeScalar,
    GaugeAction,
    GeometricTheta,
    Iwasaki,
    LuscherWeisz,
    OpenBoundary,
    Phi4,
    Schroedinger,
    SineTheta,
    Smeared,
    Wilson,
)
from latticekit.actions.couplings import UNIFORM
from latticekit.fields import GradientFlow
from latticekit.groups import SU, U1, GaugeGroup, Group, Real
from latticekit.observables import (
    AbsMagnetization,
    ActionDensity,
    FlowedActionDensity,
    ForceSquared,
    LinkTrace,
    Magnetization,
    MomentumTwoPoint,
    Observable,
    PhiFourth,
    PhiSquared,
    Plaquette,
    PlaquetteSpace,
    PlaquetteTime,
    PolyakovCorrelator,
    PolyakovLoop,
    TopologicalCharge,
    TwoPoint,
    WilsonLoop,
)
from latticekit.random import Key
from latticekit.updates import (
    FORCE_GRADIENT,
    HMC,
    INTEGRATORS,
    LEAPFROG,
    MALA,
    OMELYAN,
    OMF4,
    Cluster,
    Heatbath,
    Langevin,
    Level,
    Metropolis,
    MultiScale,
    Overrelaxation,
    Repeat,
    Sequence,
    Update,
)
from latticekit.updates.cluster import KINDS

SCALAR = ("translation", "reflection", "permutation", "sign")
AXIS = ("translation", "reflection", "sign")
SPACE = ("translation", "gauge", "reflection of space", "exchange in space")
LINKS_TIME = (*SPACE, "reflection of time", "conjugation")
LINKS = (*LINKS_TIME, "exchange with time")
GAUGE = ("gauge", "translation", "reflection", "exchange", "conjugation")


def field(*shape: int, dtype: str = "float64", scale: float = 0.6, seed: int = 1) -> np.ndarray:
    """A generic real field, read-only.  -> (chain, *sites)"""
    x = Key(seed).fold("test").normal(shape, np.zeros(0, dtype)) * scale
    x.flags.writeable = False
    return x


class GroupCase(NamedTuple):
    """A group, with a shape of its fields."""

    group: Group
    shape: tuple[int, ...]


class ActionCase(NamedTuple):
    """An action on a lattice, with the symmetries it has."""

    action: Action
    sites: tuple[int, ...]
    symmetries: tuple[str, ...] = SCALAR


class UpdateCase(NamedTuple):
    """How to make an update of an action, and what is promised of it."""

    make: Callable[[Action], Update]
    exact: bool = True
    """Leaves exp(-S) invariant without a step-size error."""
    balanced: bool = True
    """In detailed balance (not so: sweeps in a fixed order, sequences)."""


class ObservableCase(NamedTuple):
    """An observable, with the symmetries that leave it unchanged."""

    observable: Observable
    symmetries: tuple[str, ...] = SCALAR


class KernelCase(NamedTuple):
    """Arguments of an accelerated function; `must`: the NumPy kernel may not decline them."""

    args: tuple[Any, ...]
    must: bool = True
    tolerance: float | None = None


GROUPS = {
    "real": GroupCase(Real(), (3, 4, 5)),
    "u1 2d": GroupCase(U1(), (3, 2, 4, 5)),
    "u1 4d": GroupCase(U1(), (2, 4, 2, 3, 2, 4)),
    "su2": GroupCase(SU(2), (3, 2, 2, 2, 4, 5)),
    "su3": GroupCase(SU(3), (2, 4, 3, 3, 2, 3, 2, 2)),
    "su4": GroupCase(SU(4), (2, 3, 4, 4, 2, 3, 4)),
    "su5": GroupCase(SU(5), (2, 2, 5, 5, 3, 2)),
}

ACTIONS = {
    "phi4 1d": ActionCase(Phi4(-1.0, 2.0), (7,)),
    "phi4 2d": ActionCase(Phi4(-4.0, 6.008), (6, 6)),
    "phi4 3d": ActionCase(Phi4(-4.0, 5.113), (3, 4, 4)),
    "phi4 4d": ActionCase(Phi4(-4.0, 5.113), (4, 4, 3, 2)),
    "phi4 5d": ActionCase(Phi4(0.5, 0.1), (2, 3, 2, 3, 2)),
    "free 2d": ActionCase(FreeScalar(0.3), (5, 4)),
    "phi4 with an extent of one": ActionCase(Phi4(-1.0, 1.0), (1, 5)),
    "sum": ActionCase(FreeScalar(0.7) + Phi4(-2.0, 1.0), (4, 4)),
    "long": ActionCase(Phi4(-4.0, 5.0), (2, 33)),
    "u1 2d": ActionCase(Wilson(U1(), 2.0), (4, 4), GAUGE),
    "u1 3d": ActionCase(Wilson(U1(), 1.1), (3, 4, 4), GAUGE),
    "u1 4d open": ActionCase(Wilson(U1(), 1.0, OpenBoundary()), (4, 2, 3, 4), GAUGE[:1]),
    "u1 improved": ActionCase(LuscherWeisz(U1(), 2.0), (4, 5), GAUGE),
    "u1 2d schroedinger": ActionCase(Wilson(U1(), 1.5, Schroedinger(0.9)), (5, 4), GAUGE[:1]),
    "su2 2d": ActionCase(Wilson(SU(2), 2.0), (5, 4), GAUGE),
    "su2 3d anisotropic": ActionCase(Wilson(SU(2), 2.2, Anisotropic(1.7)), (4, 3, 2), GAUGE[:3]),
    "su3 2d": ActionCase(Wilson(SU(3), 6.0), (4, 4), GAUGE),
    "su3 2d iwasaki": ActionCase(Iwasaki(SU(3), 2.6), (4, 4), GAUGE),
    "su3 4d": ActionCase(Wilson(SU(3), 5.7), (4, 2, 2, 2), GAUGE),
    "su3 4d defect": ActionCase(Wilson(SU(3), 5.7, Defect(0.2, 2)), (4, 2, 2, 3), GAUGE[:1]),
    "su3 4d schroedinger": ActionCase(Wilson(SU(3), 5.7, Schroedinger(0.9)), (4, 2, 2, 3), GAUGE[:1]),
    "su2 3d schroedinger improved": ActionCase(LuscherWeisz(SU(2), 2.0, Schroedinger(axis=2)), (3, 4, 4), GAUGE[:1]),
    "su4 2d": ActionCase(Wilson(SU(4), 10.0), (4, 3), GAUGE),
    "su4 3d open improved": ActionCase(GaugeAction(SU(4), 9.0, -0.1, OpenBoundary(1)), (2, 3, 4), GAUGE[:1]),
    "smeared": ActionCase(Smeared(Wilson(SU(3), 5.7), 0.1), (4, 2, 2), GAUGE),
    "theta, geometric": ActionCase(Wilson(U1(), 2.0) + GeometricTheta(0.7), (4, 4), GAUGE[:2]),
    "theta alone, geometric": ActionCase(GeometricTheta(0.7), (4, 4), GAUGE[:2]),
    "theta, sine": ActionCase(Wilson(U1(), 2.0) + SineTheta(3.0), (4, 4), GAUGE[:2]),
    "theta alone, sine": ActionCase(SineTheta(1.3), (4, 4), GAUGE[:2]),
}

UPDATES = {
    "hmc leapfrog": UpdateCase(lambda action: HMC(action, steps=3, integrator=LEAPFROG)),
    "hmc omelyan": UpdateCase(lambda action: HMC(action, 0.5, steps=1, integrator=OMELYAN)),
    "hmc omf4": UpdateCase(lambda action: HMC(action, 0.7, steps=1, integrator=OMF4)),
    "hmc force gradient": UpdateCase(lambda action: HMC(action, 0.6, steps=1, integrator=FORCE_GRADIENT)),
    "hmc jitter": UpdateCase(lambda action: HMC(action, steps=4, jitter=0.3)),
    "hmc two time scales": UpdateCase(
        lambda action: HMC(
            action + FreeScalar(0.3), 0.8, steps=2, integrator=MultiScale(Level((1,)), Level((0,), steps=2))
        )
    ),
    "metropolis": UpdateCase(lambda action: Metropolis(action, step_size=0.7, hits=2), balanced=False),
    "heatbath": UpdateCase(Heatbath, balanced=False),
    "heatbath one try": UpdateCase(lambda action: Heatbath(action, attempts=1), balanced=False),
    "overrelaxation": UpdateCase(Overrelaxation, balanced=False),
    "mala": UpdateCase(lambda action: MALA(action, step_size=0.05)),
    "langevin euler": UpdateCase(lambda action: Langevin(action, step_size=0.02), exact=False, balanced=False),
    "swendsen_wang": UpdateCase(Cluster),
    "wolff": UpdateCase(lambda action: Cluster(action, "wolff")),
    "sequence": UpdateCase(lambda action: Sequence([HMC(action, steps=3), Overrelaxation(action)]), balanced=False),
    "repeat": UpdateCase(lambda action: Repeat(HMC(action, 0.3, steps=1), 3)),
}

OBSERVABLES = {
    "magnetization": ObservableCase(Magnetization(), SCALAR[:3]),
    "abs magnetization": ObservableCase(AbsMagnetization()),
    "phi squared": ObservableCase(PhiSquared()),
    "phi fourth": ObservableCase(PhiFourth()),
    "two point": ObservableCase(TwoPoint(), AXIS),
    "momentum two point": ObservableCase(MomentumTwoPoint()),
    "plaquette": ObservableCase(Plaquette(), LINKS),
    "plaquette with time": ObservableCase(PlaquetteTime(), LINKS_TIME),
    "plaquette of space": ObservableCase(PlaquetteSpace(), LINKS_TIME),
    "action density": ObservableCase(ActionDensity(), LINKS),
    "wilson loop": ObservableCase(WilsonLoop(), LINKS_TIME),
    "long wilson loop": ObservableCase(WilsonLoop(t_max=3, r_max=5), LINKS_TIME),
    "polyakov loop": ObservableCase(PolyakovLoop(), SPACE),
    "polyakov correlator": ObservableCase(PolyakovCorrelator(), LINKS_TIME),
    "topological charge": ObservableCase(TopologicalCharge(flow_time=0.2), ("translation", "gauge")),
    "force squared": ObservableCase(ForceSquared(Wilson(SU(2), 2.2)), LINKS),
    "link trace": ObservableCase(LinkTrace(Wilson(SU(2), 2.2)), LINKS),
    "link trace improved": ObservableCase(LinkTrace(LuscherWeisz(SU(2), 2.2)), LINKS),
    "flowed action density": ObservableCase(FlowedActionDensity(0.2, 0.1), LINKS),
    "flowed plaquettes": ObservableCase(
        FlowedActionDensity(0.1, 0.1, GradientFlow("zeuthen", step=0.1), clover=False), LINKS
    ),
}

SHAPES = {  # of fields; False: a kernel may leave them to the reference
    (1, 4, 4): True,
    (3, 8, 8): True,
    (5, 3, 7): True,
    (130, 4, 4): True,
    (2, 33, 20): True,
    (2, 4, 3, 6): True,
    (2, 4, 4, 3, 5): True,
    (4, 9): False,
    (1, 1, 1): False,
    (2, 2, 2): False,
    (2, 2, 3, 2, 3, 2): False,
}
DTYPES = ("float64", "float32")


def _fields() -> list[tuple[np.ndarray, bool]]:
    return [(field(*shape, dtype=dtype), must) for shape, must in SHAPES.items() for dtype in DTYPES]


def _values() -> list[KernelCase]:
    return [KernelCase((x, *couplings), must) for x, must in _fields() for couplings in ((-4.0, 5.1), (0.3, 0.0))]


def _evolutions() -> list[KernelCase]:
    tolerance = {"float64": 1e-11, "float32": 1e-4}  # rounding grows along a trajectory
    return [
        KernelCase((x, x[::-1, ...].copy(), -4.0, 5.1, one.schedule(0.05, 4)), must, tolerance[str(x.dtype)])
        for x, must in _fields()
        for one in INTEGRATORS.values()
    ]


def _transitions() -> list[KernelCase]:
    cases = []
    for x, must in _fields():
        action, key = Phi4(-4.0, 5.1), Key(7, step=3, chain=2)
        schedule = LEAPFROG.schedule(0.1, 5)
        tolerance = 1e-11 if str(x.dtype) == "float64" else 1e-3
        cases.append(KernelCase((x, action, key, schedule, action.value(x)), must, tolerance))
    return cases


def _numbers() -> list[KernelCase]:
    keys = (Key(0), Key(2**64 - 1, step=2**32 - 1, purpose=255, draw=2**32 - 1, chain=2**24 - 200))
    return [
        KernelCase((np.zeros(0, dtype), key, shape))
        for key in keys
        for dtype in DTYPES
        for shape in [(1,), (3, 1), (2, 7), (1, 8, 8), (3, 5, 5), (70, 3), (2, 1000)]
    ]


SWEPT = {  # shapes of fields for sweeps over even, then odd sites
    (3, 8, 8): True,
    (40, 4, 4): True,
    (1, 50, 46): True,
    (2, 12): True,
    (2, 1, 6): True,
    (2, 2, 4, 6): True,
    (1, 4, 2, 6, 4): True,
    (3, 5, 7): False,
    (2, 1, 1): False,
}


def _swept(actions: list[Action], *more: Any, shapes: dict[tuple[int, ...], bool] = SWEPT) -> list[KernelCase]:
    return [
        KernelCase((field(*shape, dtype=dtype, scale=0.8), action, Key(2**40 + 7, step=3, chain=2), *more), must)
        for shape, must in shapes.items()
        for dtype in DTYPES
        for action in actions
    ]


WELLS = [Phi4(-4.0, 6.0), Phi4(-8.0, 2.0), Phi4(-30.0, 1.0), FreeScalar(0.3)]
"""One well, two wells, two deep wells, none but the Gaussian: each has its way of drawing."""


def _metropolis() -> list[KernelCase]:
    return _swept(WELLS, 0.7, 1) + _swept(WELLS[:1], 0.4, 3)


def _heatbath() -> list[KernelCase]:
    return _swept(WELLS, 64) + _swept(WELLS[:2], 1)


def _clusters() -> list[KernelCase]:
    shapes = dict.fromkeys(SWEPT, True)
    return [case for kind in KINDS for case in _swept([WELLS[0]], kind, shapes=shapes)]


def _slopes() -> list[KernelCase]:
    """Fields for gradient flow; with rectangles a kernel may decline."""
    shapes = {(U1(), (8, 8)): False, (SU(2), (4, 4, 4)): True, (SU(3), (4, 4, 4, 4)): True, (SU(3), (3, 5)): False}
    return [
        KernelCase((group.random(Key(5), group.shape(3, sites), np.zeros(0, dtype)), c1), must and not c1)
        for (group, sites), must in shapes.items()
        for dtype in DTYPES
        for c1 in (0.0, -1 / 12)
    ]


def _flow_steps() -> list[KernelCase]:
    return [KernelCase((case.args[0], 0.07), case.must) for case in _slopes() if not case.args[1]]


LINK_LATTICES = [  # group, chains, sites, whether a kernel must take it; molecular dynamics takes odd extents too
    (U1(), 3, (8, 8), True),
    (U1(), 1, (4, 2, 6), True),
    (SU(2), 3, (8, 8), True),
    (SU(2), 20, (4, 4), True),
    (SU(3), 1, (4, 4, 2, 8), True),
    (SU(3), 2, (6, 4), True),
    (SU(4), 1, (4, 4), False),
    (SU(3), 2, (3, 5), False),
]


def _links(even: bool = False) -> list[tuple[GaugeGroup, np.ndarray, bool]]:
    """Random links in both precisions, read-only."""
    found = []
    for group, chains, sites, must in LINK_LATTICES:
        for dtype in DTYPES if not even or all(n % 2 == 0 for n in sites) else ():
            u = group.random(Key(5), group.shape(chains, sites), np.zeros(0, dtype))
            u.flags.writeable = False
            found.append((group, u, must))
    return found


def _gauge_actions(group: GaugeGroup) -> list[tuple[Action, bool]]:
    """With the couplings that kernels know, and rectangles, which sweeps and U(1) may leave to the reference."""
    weights = (UNIFORM, Anisotropic(1.4), OpenBoundary())
    return [(Wilson(group, 2.6, w), True) for w in weights] + [(LuscherWeisz(group, 1.7, OpenBoundary()), False)]


def _gauge(*more: Any, even: bool = False) -> list[KernelCase]:
    """Links, an action, and what else the function takes."""
    return [
        KernelCase(
            (u, action, *more),
            must and (known or (group.n > 1 and not even)),
            1e-4 if str(u.dtype) in ("float32", "complex64") else 1e-10,
        )
        for group, u, must in _links(even)
        for action, known in _gauge_actions(group)
    ]


def _sweeps(*more: Any) -> list[KernelCase]:
    """Sweeps over even and odd sites.  Rounding grows where |V| is small."""
    cases = _gauge(*more, even=True)
    return [case._replace(tolerance=5e-2 if case.tolerance > 1e-6 else 1e-9) for case in cases]


def _gauge_evolutions() -> list[KernelCase]:
    return [
        KernelCase((u, action.group.random_algebra(Key(2), u), action, one.schedule(0.05, 3)), must, tolerance)
        for one in INTEGRATORS.values()
        for (u, action), must, tolerance in _gauge()
    ]


def _translations() -> list[KernelCase]:
    return [
        KernelCase((u, group.random_algebra(Key(3), u), group), must, 1e-5 if str(u.dtype) == "complex64" else 1e-13)
        for group, u, must in _links()
        if group.n > 1
    ]


def _only_links() -> list[KernelCase]:
    return [KernelCase((u,), must) for _, u, must in _links()]


def _projections() -> list[KernelCase]:
    return [KernelCase((u,), must) for group, u, must in _links() if group.n > 1]


KERNELS: dict[str, Callable[[], list[KernelCase]]] = {
    "latticekit.fields.flow.slope": _slopes,
    "latticekit.fields.flow.wilson_step": _flow_steps,
    "latticekit.actions.phi4.phi4_value": _values,
    "latticekit.actions.phi4.phi4_force": _values,
    "latticekit.actions.phi4.phi4_evolve": _evolutions,
    "latticekit.random.key.uniform": _numbers,
    "latticekit.random.key.normal": _numbers,
    "latticekit.updates.hmc.transition": _transitions,
    "latticekit.updates.sites_metropolis.metropolis_sweep": _metropolis,
    "latticekit.updates.sites_heatbath.heatbath_sweep": _heatbath,
    "latticekit.updates.sites_overrelaxation.overrelaxation_sweep": lambda: _swept(WELLS),
    "latticekit.updates.cluster.cluster_sweep": _clusters,
    "latticekit.actions.gauge.gauge_value": _gauge,
    "latticekit.actions.gauge.gauge_force": _gauge,
    "latticekit.actions.gauge.gauge_evolve": _gauge_evolutions,
    "latticekit.fields.plaquettes.plane_averages": _only_links,
    "latticekit.groups.sun.su_translate": _translations,
    "latticekit.groups.sun.su_project": _projections,
    "latticekit.updates.links_heatbath.link_heatbath": lambda: _sweeps(Key(9, step=4), 64),
    "latticekit.updates.links_overrelaxation.link_overrelaxation": _sweeps,
    "latticekit.updates.links_metropolis.link_metropolis": lambda: _sweeps(Key(9, step=4), 0.3, 2),
}
"""Name in arrays.REGISTRY -> cases."""
