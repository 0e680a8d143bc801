"""Both sides of the Schwinger-Dyson identity: what they are, where they are measured, and that a run shows them."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

import latticekit as lk
from latticekit.actions import GaugeAction, GeometricTheta, LuscherWeisz, OpenBoundary, Schroedinger, Wilson
from latticekit.groups import SU, U1
from latticekit.groups.matrices import mul, re_trace
from latticekit.observables import ForceSquared, LinkTrace, Plaquette, observables_of
from tests.links import haar

ACTIONS = [
    (Wilson(U1(), 1.3), (4, 5)),
    (Wilson(SU(2), 2.0, OpenBoundary()), (3, 4, 2)),
    (Wilson(SU(3), 5.7, Schroedinger(0.8)), (4, 3)),
    (LuscherWeisz(SU(2), 2.0), (3, 4)),
    (Wilson(U1(), 1.3) + lk.ThetaTerm(2.0, "sine"), (4, 4)),
]


@pytest.mark.parametrize(("action", "sites"), ACTIONS, ids=str)
def test_link_by_link(kernels, action, sites):
    x, dim = haar(action.group, 3, sites), len(sites)
    free = np.ones((dim, *sites), bool) if action.held is None else action.held.free(sites)
    u, force = action.group.matrices(x), action.force(x)
    traces = np.stack([re_trace(mul(u[:, mu], action.staple(u, mu))) for mu in range(dim)], axis=1)
    np.testing.assert_allclose(LinkTrace(action).measure(x), traces[:, free].mean(axis=1), rtol=1e-11)
    squares = (force**2).reshape(3, dim, -1, *sites).sum(axis=2)[:, free].mean(axis=1) / action.group.casimir
    np.testing.assert_allclose(ForceSquared(action).measure(x), squares, rtol=1e-12)


@pytest.mark.parametrize(("action", "sites"), ACTIONS, ids=str)
def test_the_identity_holds_in_a_run(action, sites):
    """|z| < 4: 6e-5 of false alarm per case, fixed seeds; measured by default, with the action of the run."""
    even = tuple(n + n % 2 for n in sites) if action.open_axes == () else (sites[0], *(n + n % 2 for n in sites[1:]))
    update = (
        lk.HMC(action, integrator="omelyan") if isinstance(action, GaugeAction) and action.c1 else lk.Heatbath(action)
    )
    tree = lk.sample(update, even, chains=64, draws=40, warmup=30, start="hot", seed=3)
    row = lk.summary(tree)["schwinger_dyson"]
    assert row.exact == 1
    assert abs(row.pull) < 4
    assert float(row.estimate.error) < 0.04


@dataclass(frozen=True)
class Loud(GaugeAction):
    """A force 3 % too large."""

    def force(self, x):
        return super().force(x) * 1.03


def test_a_wrong_force_is_seen():
    action = Wilson(SU(2), 2.0)
    loud = Loud(action.group, action.beta)
    tree = lk.sample(
        lk.Heatbath(action), (4, 4), chains=64, draws=100, warmup=10, observables=[ForceSquared(loud), LinkTrace(loud)]
    )
    assert lk.summary(tree)["schwinger_dyson"].pull > 4
    fine = lk.sample(
        lk.Heatbath(action), (4, 4), chains=64, draws=100, warmup=10, observables=["force_squared", "link_trace"]
    )
    assert abs(lk.summary(fine)["schwinger_dyson"].pull) < 4


def test_exact_values_in_two_dimensions():
    known = Wilson(SU(3), 6.0).exact((4, 4))
    assert known["link_trace"] == known["force_squared"] == pytest.approx(2 * 6.0 * known["plaquette"])
    assert "link_trace" not in Wilson(U1(), 2.0).exact((1, 4))


def test_where_they_are_measured():
    names = [one.name for one in observables_of(SU(2), (4, 4), None, Wilson(SU(2), 2.0))]
    assert names == ["plaquette", "polyakov_loop", "force_squared", "link_trace"]
    assert [one.name for one in observables_of(SU(2), (2, 4), None, LuscherWeisz(SU(2), 2.0))] == names[:2]
    theta = Wilson(U1(), 2.0) + GeometricTheta(0.3)
    assert "force_squared" not in [one.name for one in observables_of(U1(), (4, 4), None, theta)]
    with pytest.raises(ValueError, match="force_squared needs an action that is linear in each link"):
        observables_of(U1(), (4, 4), ["force_squared"], theta)
    with pytest.raises(ValueError, match="must pass each of them at most once"):
        observables_of(SU(2), (1, 4), ["link_trace"], Wilson(SU(2), 2.0))
    assert Plaquette().of(theta) == Plaquette()


def test_stored_fields_are_measured_with_the_action_of_the_run():
    action = Wilson(SU(2), 2.0)
    tree = lk.sample(lk.Heatbath(action), (4, 4), chains=2, draws=4, warmup=2, configurations=1)
    again = lk.measure(tree, ["force_squared", "link_trace"])
    for name in ("force_squared", "link_trace"):
        np.testing.assert_allclose(again["posterior"][name], tree["posterior"][name], rtol=1e-13)
    assert replace(ForceSquared(), action=action).of(None).action == action
