"""Haar-random links as a prior, and flows on them."""

import numpy as np
import pytest

from latticekit.actions import Wilson
from latticekit.flows import Flow
from latticekit.flows.gauge import Haar, SpectralFlow, U1HierarchicalFlow
from latticekit.groups import SU, U1, Real
from latticekit.random import Key

pytestmark = pytest.mark.usefixtures("reference")


@pytest.mark.parametrize("group", [U1(), SU(3)])
def test_haar(group, like):
    x, log_q = Haar(group).draw(Key(1), 3, (2, 4), like)
    assert tuple(x.shape) == group.shape(3, (2, 4))
    score = Haar(group).score(x)
    assert tuple(score.shape) == group.algebra_shape(tuple(x.shape))
    assert score.dtype == like.dtype
    for value in (log_q, Haar(group).log_q(x)):
        assert tuple(value.shape) == (3,)
        assert float(max(abs(float(v)) for v in value)) == 0.0


def test_chains_are_the_same_in_blocks():
    prior = Haar(SU(2))
    whole = prior.draw(Key(1), 4, (2, 2), np.zeros(0))[0]
    assert np.array_equal(prior.draw(Key(1, chain=2), 2, (2, 2), np.zeros(0))[0], whole[2:])


def test_only_compact_groups():
    with pytest.raises(TypeError, match="U1"):
        Haar(Real())


@pytest.mark.parametrize(
    ("layer", "group"), [(U1HierarchicalFlow((4, 4), (4,), 2), U1()), (SpectralFlow(SU(2), 2, (3,), 2), SU(2))]
)
def test_a_flow_knows_its_density(layer, group):
    flow = Flow.init(layer, (4, 4), prior=Haar(group), seed=3)
    x, log_q = flow.draw(Key(1), 5)
    assert flow.log_q(x) == pytest.approx(log_q, abs=1e-11)


def test_reweighting_gives_log_z():
    """<exp(-S)/q> = Z exactly, whatever the parameters: false alarm 1e-6, power 2 %."""
    action, sites = Wilson(U1(), 0.5), (4, 4)
    flow = Flow.init(U1HierarchicalFlow(sites, (4,), 2), sites, prior=Haar(U1()), seed=3)
    x, log_q = flow.draw(Key(2), 40_000)
    weights = np.exp(-action.value(x) - log_q - action.exact(sites)["log_z"])
    error = np.std(weights) / np.sqrt(weights.size)
    assert error < 0.02
    assert abs(np.mean(weights) - 1) < 5 * error
