"""The trivializing map to leading order: what is left of the action is of second order in beta."""

import numpy as np
import pytest

import latticekit as lk
from latticekit.fields import GradientFlow
from latticekit.flows.gauge.residual import ResidualLayer
from latticekit.flows.gauge.residual_links import ActiveLinks
from latticekit.flows.gauge.trivializing import TrivializingFlow
from latticekit.flows.parameters import Setting
from latticekit.groups import SU, U1
from latticekit.random import Key

pytestmark = pytest.mark.usefixtures("reference")


@pytest.mark.parametrize("group", [U1(), SU(2), SU(3)])
def test_first_order_is_gone(group):
    """The spread of S(f(z)) - log_det is c beta^2, that of S(z) itself beta: half of beta, a quarter; else a half."""
    sites, like = (4, 4), np.zeros(0)
    z = group.random(Key(1), group.shape(100, sites), like)
    spreads = []
    for beta in (0.2, 0.1):
        action = lk.Wilson(group, beta)
        y, log_det, _ = TrivializingFlow(action, 2, 2).init(Setting(sites, like, Key(2))).apply(z)
        spreads.append((np.std(action.value(y) - log_det), np.std(action.value(z))))
    (mapped, plain), (mapped_half, plain_half) = spreads
    assert plain / plain_half == pytest.approx(2)
    assert mapped / mapped_half == pytest.approx(4, rel=0.06)
    assert mapped < 0.3 * plain


def test_a_weight_that_is_1_percent_off_leaves_first_order():
    """Power of the test above: at small beta the rest is that 1 % of the action."""
    group, sites, like, beta = SU(2), (4, 4), np.zeros(0), 1e-3
    z, action = group.random(Key(1), group.shape(100, sites), like), lk.Wilson(group, beta)
    rest = []
    for factor in (1.0, 1.01):
        y, log_det, _ = (
            TrivializingFlow(lk.Wilson(group, factor * beta), 1, 2).init(Setting(sites, like, Key(2))).apply(z)
        )
        rest.append(np.std(action.value(y) - log_det) / np.std(action.value(z)))
    assert rest[0] < 1e-3
    assert rest[1] == pytest.approx(0.01, rel=0.1)


@pytest.mark.parametrize("group", [U1(), SU(2), SU(3)])
def test_many_sweeps_are_the_wilson_flow(group):
    """Map -> gradient flow of S/4 C_F from 0 to 1, log_det -> integral of S along it, both as 1/steps."""
    sites, like, action = (4, 4), np.zeros(0), lk.Wilson(group, 1.0)
    z = group.random(Key(1), group.shape(4, sites), like)
    duration, times = action.beta * group.index / (4 * group.casimir * group.n), np.linspace(0, 1, 9)
    along = list(GradientFlow(step=0.01).at(z, list(duration * times))) if group.n > 1 else angles(action, z, times)
    s, weights = np.stack([action.value(x) for x in along]), np.array([1, 4, 2, 4, 2, 4, 2, 4, 1]) / 24
    apart = []
    for steps in (8, 16):
        y, log_det, _ = TrivializingFlow(action, steps, 2).init(Setting(sites, like, Key(2))).apply(z)
        distance = np.max(np.abs(group.matrices(y) - group.matrices(along[-1])))
        apart.append((distance, np.max(np.abs(log_det - weights @ s))))
    for coarse, fine in zip(*apart):
        assert coarse / fine == pytest.approx(2, rel=0.2)
        assert fine < 0.15


def angles(action, x, times):
    """Flow of U(1) angles by Heun's method in small steps: dx/dt = force/4."""
    found, small = [x], (times[1] - times[0]) / 20
    for _ in times[1:]:
        for _ in range(20):
            first = action.force(x)
            x = x + small / 8 * (first + action.force(x + small / 4 * first))
        found.append(x)
    return found


def test_errors_say_what_to_do():
    with pytest.raises(ValueError, match="plaquette actions"):
        TrivializingFlow(lk.Iwasaki(SU(3), 2.0))
    with pytest.raises(ValueError, match=r"must be below 0\.45"):
        ResidualLayer(ActiveLinks(0), start=0.5).init(Setting((4, 4), np.zeros(0), Key(1)))
