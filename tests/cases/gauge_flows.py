"""Layers on gauge links: every oracle runs over all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from latticekit.actions import Wilson
from latticekit.arrays import backend, tree_map
from latticekit.flows import Inverse, Layer, Sequential, Setting
from latticekit.flows.gauge import (
    CellMap,
    CircularSpline,
    Mixture,
    NonCompactProjection,
    PeriodicSpline,
    Rectangle,
    Rows,
    SpectralCoupling,
    SpectralFlow,
    SpectralHierarchicalFlow,
    SpectralMap,
    U1Coupling,
    U1Flow,
    U1HierarchicalFlow,
)
from latticekit.flows.networks import Conditional, ConvNet, DenseNet
from latticekit.groups import SU, U1, GaugeGroup
from latticekit.random import Key
from tests.cases import KernelCase


class GaugeLayerCase(NamedTuple):
    """A layer without parameters, on links of a group."""

    layer: Layer
    group: GaugeGroup
    sites: tuple[int, ...] = (4, 4)
    kinks: bool = False
    """Its slope has kinks: finite differences need small steps."""
    couplings: tuple[float, ...] = ()
    """Of a conditional layer."""


NET = ConvNet((3,), 3)
FEW = (Rectangle(1, 1), Rectangle(1, 2))
NCP, SPLINE = NonCompactProjection(3), CircularSpline(4)
LOWER = Rows(0, 1, 3)


def spectral(n: int, **settings: Any) -> SpectralCoupling:
    """A spectral coupling of SU(n)."""
    return SpectralCoupling(settings.pop("rows", LOWER), NET, FEW, group=SU(n), **settings)


LAYERS = {
    "u1": GaugeLayerCase(U1Coupling(LOWER, NET, transform=NCP), U1()),
    "u1 other direction": GaugeLayerCase(U1Coupling(Rows(1, 0, 1), NET, transform=NCP), U1(), (8, 3)),
    "u1 spline": GaugeLayerCase(U1Coupling(LOWER, NET, transform=SPLINE), U1(), kinks=True),
    "u1 of period 2": GaugeLayerCase(U1Coupling(Rows(1, 0, 1, 2), NET, transform=NCP), U1()),
    "u1 of period 3": GaugeLayerCase(U1Coupling(Rows(0, 1, 2, 3), NET, FEW, transform=NCP), U1(), (4, 6)),
    "u1 with stride": GaugeLayerCase(U1Coupling(Rows(0, 1, 1, 4, 1, 2), NET, FEW, transform=NCP), U1()),
    "u1 3d": GaugeLayerCase(U1Coupling(Rows(1, 2, 1), NET, ((1, 1),), transform=NCP), U1(), (2, 3, 4)),
    "u1 4d": GaugeLayerCase(U1Coupling(Rows(3, 0, 2), NET, ((1, 1),), transform=NCP), U1(), (4, 2, 2, 2)),
    "u1 at couplings": GaugeLayerCase(
        U1Coupling(LOWER, Conditional(NET, 1, (2.0,), (1.0,)), transform=NCP), U1(), couplings=(3.0,)
    ),
    "u1 flow": GaugeLayerCase(U1Flow(3, (3,), 2, loops=FEW), U1()),
    "u1 flow, checkpoints": GaugeLayerCase(U1Flow(3, (3,), 2, loops=FEW, checkpoint=2), U1()),
    "u1 blocks": GaugeLayerCase(U1HierarchicalFlow((4, 4), (3,), 2), U1()),
    "u1 blocks of unequal sides": GaugeLayerCase(U1HierarchicalFlow((2, 8), (3,), 2), U1(), (2, 8)),
    "inverse of u1": GaugeLayerCase(Inverse(U1Coupling(LOWER, NET, transform=NCP)), U1()),
    "su2": GaugeLayerCase(spectral(2), SU(2)),
    "su2 of period 2": GaugeLayerCase(spectral(2, rows=Rows(1, 0, 0, 2)), SU(2), (4, 3)),
    "su2 larger active loop": GaugeLayerCase(spectral(2, active=Rectangle(1, 2)), SU(2)),
    "su2 3d": GaugeLayerCase(spectral(2, rows=Rows(1, 2, 1)), SU(2), (2, 2, 4)),
    "su3": GaugeLayerCase(spectral(3), SU(3)),
    "su3 spline": GaugeLayerCase(spectral(3, spectral=SpectralMap(PeriodicSpline(4))), SU(3), kinks=True),
    "su3 4d": GaugeLayerCase(spectral(3, rows=Rows(3, 0, 2)), SU(3), (4, 2, 1, 2)),
    "su4": GaugeLayerCase(spectral(4), SU(4)),
    "su3 between staples": GaugeLayerCase(spectral(3, frame=0.3), SU(3), (1, 4)),
    "su2 cell": GaugeLayerCase(spectral(2, spectral=CellMap(2, PeriodicSpline(4)), frame=0.5), SU(2), (1, 4), True),
    "su3 cell": GaugeLayerCase(spectral(3, spectral=CellMap(3, PeriodicSpline(4)), frame=1.0), SU(3), (1, 4), True),
    "su2 blocks": GaugeLayerCase(
        SpectralHierarchicalFlow(SU(2), (2, 2), (0.5, 1.0), (3,), spectral=SpectralMap(Mixture(2))), SU(2), (2, 4)
    ),
    "su2 flow": GaugeLayerCase(SpectralFlow(SU(2), 2, (3,), 2, loops=FEW), SU(2)),
    "inverse of su3": GaugeLayerCase(Inverse(spectral(3)), SU(3)),
    "mixed": GaugeLayerCase(Sequential((U1Coupling(LOWER, NET), U1Coupling(Rows(1, 0), DenseNet((3,))))), U1()),
}


def initialised(case: GaugeLayerCase, dtype: str = "float64", namespace: str = "numpy", noise: float = 0.1) -> Any:
    """The layer with generic parameters: those it starts from, and some noise on every one."""
    xp = backend(namespace)
    setting = Setting(case.sites, xp.zeros(0, dtype=getattr(xp, dtype)), Key(7))
    layer, shifts = case.layer.init(setting), iter(range(10_000))

    def shaken(p: Any) -> Any:
        draw = Key(8).fold("test", next(shifts)).normal((1, *p.shape), setting.like)
        return p + noise * xp.reshape(draw, p.shape)

    layer = layer.with_params(tree_map(shaken, layer.params)) if noise else layer
    return layer.conditioned(case.couplings) if case.couplings else layer


def generic(case: GaugeLayerCase, dtype: str = "float64", chains: int = 3) -> np.ndarray:
    """Haar-random links, read-only."""
    x = case.group.random(Key(5), case.group.shape(chains, case.sites), np.zeros(0, dtype))
    x.flags.writeable = False
    return x


def target(case: GaugeLayerCase) -> Any:
    """An action on the same links."""
    return Wilson(case.group, 1.3)


def _mixtures(function: str) -> list[KernelCase]:
    """Arguments of the accelerated functions of U(1) couplings."""
    cases = []
    for dtype in ("float64", "float32"):
        for rows, sites in ((Rows(0, 1, 3), (8, 8)), (Rows(1, 0, 0, 2), (4, 12)), (Rows(2, 0, 1), (4, 4, 4))):
            x = U1().random(Key(1), U1().shape(3, sites), np.zeros(0, dtype))
            loops, cells, path = rows.context(len(sites)), rows.cells(sites), (rows.mu, rows.nu, ~rows.mu, ~rows.nu)
            bar, p = (
                Key(2).fold("test", n).normal((3, m, *cells), x) for n, m in enumerate((2 * len(loops), NCP.size))
            )
            y_bar, weight = Key(3).normal(x.shape, x), np.array([1.0, -0.5, 0.0])
            arguments: dict[str, tuple[Any, ...]] = {
                "loop_angles": (x, rows, loops),
                "loop_angles_vjp": (x, rows, loops, bar[:, : len(loops)].copy()),
                "phases": (x, rows, loops),
                "phases_vjp": (x, rows, loops, bar),
                "u1_couple": (x, p, rows, path, NCP),
                "u1_couple_vjp": (x, p, rows, path, NCP, y_bar, weight),
            }
            cases.append(KernelCase(arguments[function]))
    x, rows = U1().random(Key(1), (2, 2, 4, 4), np.zeros(0)), Rows(0, 1, 3)
    if function == "u1_couple":
        cases.append(
            KernelCase((x, Key(2).normal((2, SPLINE.size, 4, 1), x), rows, (0, 1, ~0, ~1), SPLINE), must=False)
        )
    return cases


def _matrices() -> list[KernelCase]:
    """Unitary matrices of every precision."""
    cases = []
    for dtype in ("float64", "float32"):
        for n, inner in ((2, (4, 1)), (3, (7,)), (4, (3, 2, 2))):
            cases.append(KernelCase((SU(n).random(Key(n), (3, 1, n, n, *inner), np.zeros(0, dtype))[:, 0],)))
    return cases


KERNELS: dict[str, Callable[[], list[KernelCase]]] = {
    "latticekit.flows.gauge.angles.loop_angles": lambda: _mixtures("loop_angles"),
    "latticekit.flows.gauge.angles.loop_angles_vjp": lambda: _mixtures("loop_angles_vjp"),
    "latticekit.flows.gauge.angles.phases": lambda: _mixtures("phases"),
    "latticekit.flows.gauge.angles.phases_vjp": lambda: _mixtures("phases_vjp"),
    "latticekit.flows.gauge.eigen.eigenphases": _matrices,
    "latticekit.flows.gauge.u1_couplings.u1_couple": lambda: _mixtures("u1_couple"),
    "latticekit.flows.gauge.u1_couplings.u1_couple_vjp": lambda: _mixtures("u1_couple_vjp"),
}
