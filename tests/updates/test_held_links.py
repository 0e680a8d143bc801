"""Links that a boundary holds fixed: never moved by any update, and the others sampled exactly between them."""

import math

import numpy as np
import pytest

import latticekit as lk
from latticekit.actions import LuscherWeisz, OpenBoundary, Schroedinger, SineTheta, Sum, Wilson
from latticekit.actions.gauge import gauge_evolve
from latticekit.exact import GaugeStrip
from latticekit.fields import plaquette
from latticekit.groups import SU, U1
from latticekit.groups.matrices import re_trace
from latticekit.random import Key
from latticekit.testing import check_reversibility
from latticekit.updates import (
    HMC,
    INTEGRATORS,
    MALA,
    OMELYAN,
    Heatbath,
    Langevin,
    Level,
    Metropolis,
    MultiScale,
    Overrelaxation,
    Repeat,
    Sequence,
)
from latticekit.updates.hmc import transition
from latticekit.updates.links_heatbath import link_heatbath
from latticekit.updates.links_metropolis import link_metropolis
from latticekit.updates.links_overrelaxation import link_overrelaxation
from latticekit.updates.local import LINKS
from tests.links import haar

SCALES = MultiScale(Level((1,)), Level((0,), steps=2))
UPDATES = {
    **{f"hmc {name}": lambda a, one=one: HMC(a, 0.5, steps=2, integrator=one) for name, one in INTEGRATORS.items()},
    "two time scales": lambda a: HMC(Sum((a, a)), 0.5, steps=2, integrator=SCALES),
    "heatbath": Heatbath,
    "overrelaxation": Overrelaxation,
    "metropolis": lambda a: Metropolis(a, step_size=0.3, hits=2),
    "mala": lambda a: MALA(a, step_size=1e-4),
    "langevin": lambda a: Langevin(a, step_size=0.01),
    "langevin heun": lambda a: Langevin(a, step_size=0.01, scheme="heun"),
    "sequence": lambda a: Sequence([Heatbath(a), Repeat(Overrelaxation(a), 2)]),
}
ACTIONS = [
    (Wilson(U1(), 2.0, Schroedinger(0.9)), (5, 4)),
    (Wilson(SU(2), 2.0, Schroedinger(axis=1)), (4, 4, 2)),
    (Wilson(SU(3), 6.0, Schroedinger()), (4, 2, 2, 2)),
    (LuscherWeisz(SU(2), 2.0, Schroedinger()), (5, 4)),
    (Wilson(U1(), 2.0, Schroedinger()) + Wilson(U1(), 0.5, Schroedinger()), (4, 4)),
]


@pytest.mark.parametrize(("action", "sites"), ACTIONS, ids=str)
@pytest.mark.parametrize("name", UPDATES)
def test_held_links_keep_every_bit(kernels, name, action, sites):
    """From the hottest start, whose boundary is random too; every other link moves."""
    update, x = UPDATES[name](action), haar(action.group, 4, sites)
    state = update.init(x)
    for n in range(3):
        state, info = update.step(state, Key(3).at(n))
    free = action.held.free(sites).reshape(1, len(sites), *[1] * (x.ndim - 2 - len(sites)), *sites)
    held = np.broadcast_to(~free, x.shape)
    assert state.x[held].tobytes() == x[held].tobytes()
    if "accepted" not in info or np.all(info["accepted"]):
        assert np.mean(state.x[~held] == x[~held]) < 0.1
    assert np.all(info.get("acceptance_rate", 0.5) <= 1)


@pytest.mark.parametrize("group", [U1(), SU(3)], ids=str)
def test_kernels_that_move_links_decline(group):
    """They know no held links; without a boundary they take the same field."""
    x, key, schedule = haar(group, 2, (4, 4)), Key(1), OMELYAN.schedule(0.1, 1)
    p = group.random_algebra(key, x)
    for weights, declines in ((Schroedinger(), True), (OpenBoundary(), False)):
        action = Wilson(group, 2.0, weights)
        found = {
            "evolve": gauge_evolve.kernel("numpy")(x, p, action, schedule),
            "heatbath": link_heatbath.kernel("numpy")(x, action, key, 4),
            "overrelaxation": link_overrelaxation.kernel("numpy")(x, action),
            "metropolis": link_metropolis.kernel("numpy")(x, action, key, 0.3, 1),
        }
        assert {name: result is NotImplemented for name, result in found.items()} == dict.fromkeys(found, declines)
    held = Wilson(U1(), 2.0, Schroedinger())
    theta = haar(U1(), 2, (4, 4))
    assert transition.kernel("numpy")(theta, held, key, schedule, held.value(theta)) is NotImplemented


@pytest.mark.parametrize("group", [U1(), SU(3)])
def test_single_precision_and_the_driver(kernels, group):
    action, start = Wilson(group, 3.0, Schroedinger()), lk.hot(group, (4, 4), 3, seed=5)
    tree = lk.sample(
        HMC(action, steps=3), (4, 4), chains=3, draws=6, warmup=4, start=start, dtype="float32", configurations=5
    )
    last = tree["configurations"][group.field].values[:, -1]
    small = start.astype(last.dtype)
    np.testing.assert_array_equal(last[:, 1, ..., 0, :], group.project(small)[:, 1, ..., 0, :])
    assert action.exact((4, 4)) == {}
    assert tree.attrs["boundary"] == "fixed"


def strip(update, action, start, warmup=12, draws=24, seed=1):
    """Mean plaquette of each layer, per chain.  -> (chain, T)"""
    state, key, total = update.init(start), Key(seed), 0.0
    for n in range(warmup + draws):
        state, _ = update.step(state, key.at(n))
        if n >= warmup:
            u = action.group.matrices(state.x)
            total = total + re_trace(plaquette(u, 0, 1))[:, :-1].mean(axis=2) / action.group.n
    return total / draws


def pulls(values, exact):
    return (values.mean(axis=0) - exact) / (values.std(axis=0, ddof=1) / math.sqrt(len(values)))


EXACT = {
    "heatbath": Heatbath,
    "1 HB + 1 OR": lambda a: Sequence([Heatbath(a), Overrelaxation(a)]),
    "metropolis": lambda a: Metropolis(a, step_size=0.9, hits=3),
    "hmc": lambda a: HMC(a, 1.0, steps=8, integrator=OMELYAN),
}
SYSTEMS = {  # odd extents in time go, as nothing goes around
    "u1": (U1(), 2.0, (4, 4), [[0.2], [1.9]]),
    "u1 odd": (U1(), 1.2, (3, 2), [[0.0], [2.0]]),
    "su2": (SU(2), 2.0, (4, 2), None),
    "su2 turned": (SU(2), 4.0, (3, 2), [[0.3, -0.3], [1.4, -1.4]]),
    "su3": (SU(3), 5.0, (4, 2), None),
}


def boundary(group, chains, sites, phases):
    """Unit links, but for one link of space in the first and last slice, which has the holonomy."""
    x = np.array(lk.cold(group, sites, chains))
    for where, line in zip((0, -1), [] if phases is None else phases):
        if group.n == 1:
            x[:, 1, where, 0] = line[0]
        else:
            x[:, 1, :, :, where, 0] = np.diag(np.exp(1j * np.array(line)))
    return x


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("name", EXACT)
def test_plaquettes_between_fixed_boundaries(name, system):
    """Layer by layer against the exact strip with c_t = 0.7; |z| < 4 (3e-4 of false alarm per case), fixed seeds."""
    group, beta, sites, phases = SYSTEMS[system]
    action = Wilson(group, beta, Schroedinger(0.7))
    layers = np.broadcast_to(action.couplings(sites)[0, :-1], (sites[0] - 1, sites[1]))
    exact = GaugeStrip(group.n, layers, (sites[0] - 1, sites[1]), phases).plaquettes().mean(axis=1)
    found = strip(EXACT[name](action), action, boundary(group, 600, sites, phases))
    assert np.max(np.abs(pulls(found, exact))) < 4
    assert np.max(found.std(axis=0) / math.sqrt(len(found)) / np.abs(exact)) < 2e-2
    periodic = Wilson(group, beta, OpenBoundary())
    free = strip(EXACT[name](periodic), periodic, boundary(group, 300, sites, phases)) if name == "heatbath" else None
    if free is not None and system in ("u1 odd", "su2"):  # the boundary matters: open, it would be seen
        assert np.max(np.abs(pulls(free, exact))) > 6


def test_trajectories_are_reversible(kernels):
    action = Wilson(SU(3), 5.7, Schroedinger(0.9))
    check_reversibility(action, haar(SU(3), 2, (4, 2, 3)), OMELYAN.schedule(0.05, 20))


def test_an_open_direction_may_have_any_extent():
    for action in (Wilson(SU(2), 2.0, OpenBoundary()), Wilson(SU(2), 2.0, Schroedinger())):
        Heatbath(action).check((5, 4))
        with pytest.raises(ValueError, match="extents must be multiples of 2"):
            Heatbath(action).check((4, 5))
    mixed = Wilson(U1(), 2.0, OpenBoundary()) + SineTheta(1.0)
    with pytest.raises(ValueError, match="extents must be multiples of 2"):
        Heatbath(mixed).check((5, 4))


def test_variables_are_the_free_links():
    action, x = Wilson(SU(3), 6.0, Schroedinger()), haar(SU(3), 1, (4, 2, 2))
    assert LINKS.variables(x, action) == 3 * 4 + 2 * 2 * 4
    assert LINKS.draws(x, action) == 3 * LINKS.variables(x, action)
    assert LINKS.variables(x, Wilson(SU(3), 6.0)) == 3 * 16
