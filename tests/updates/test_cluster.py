"""Clusters: labels, the bond probability by enumeration, what is flipped."""

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

import latticekit.updates.cluster as cluster
from latticekit.actions import Phi4
from latticekit.random import Key
from latticekit.updates import Cluster
from latticekit.updates.cluster import KINDS, activated, cluster_labels

ACTION = Phi4(-1.3, 0.7)


class Every:
    """A key whose chains hold every pair of numbers on a grid: an average over chains is an integral."""

    def __init__(self, grid):
        self.grid = grid

    def fold(self, purpose, draw=0):
        return self

    def uniform(self, shape, like):
        assert np.prod(shape[1:]) == self.grid.shape[1]
        return self.grid.reshape(shape)


def mean_activation(bonds):
    """Share of bound bonds, by the midpoint rule in the uniform number: exact to 1e-6."""
    n = 500_000
    grid = ((np.arange(n) + 0.5) / n)[:, None]
    return float(np.mean(activated(np.full((n, 1, 1), bonds), Every(grid))))


def imbalance(phi):
    """ln of pi(++) T(++ -> +-) / (pi(+-) T(+- -> ++)) for two sites, with both bonds between them."""
    x = np.array([phi, [phi[0], -phi[1]]])
    value = ACTION.value(x)
    free = np.prod([1 - mean_activation(k) for k in ACTION.bonds(x[:1]).ravel()])
    return -(value[0] - value[1]) + np.log(free / 2) - np.log(1 / 2)


@pytest.mark.parametrize("phi", [(0.4, 0.9), (-0.3, -0.2), (1.1, 0.6)])
def test_bond_probability_satisfies_detailed_balance(reference, phi):
    """Equal signs part only if no bond binds (then with 1/2); opposite signs never bind."""
    phi = np.array(phi)
    assert mean_activation(2 * phi[0] * phi[1]) == pytest.approx(1 - np.exp(-4 * abs(phi[0] * phi[1])), abs=2e-6)
    assert mean_activation(-2 * phi[0] * phi[1]) == 0
    assert abs(imbalance(phi)) < 1e-4


def test_a_bond_probability_wrong_by_one_percent_is_caught(reference, monkeypatch):
    monkeypatch.setitem(globals(), "activated", lambda bonds, key: activated_right(1.01 * bonds, key))
    activated_right = cluster.activated
    assert abs(imbalance(np.array([0.4, 0.9]))) > 1e-3


@pytest.mark.parametrize("sites", [(7,), (2,), (1,), (8, 8), (5, 3), (2, 4, 3)])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_labels_are_connected_components(sites, share):
    active = np.random.default_rng(1).random((6, len(sites), *sites)) < share
    labels, index = cluster_labels(active), np.arange(np.prod(sites)).reshape(sites)
    for label, bonds in zip(labels, active):
        pairs = [(index[b], np.roll(index, -1, axis=mu)[b]) for mu, b in enumerate(bonds)]
        i, j = (np.concatenate(side) for side in zip(*pairs))
        _, expected = connected_components(coo_array((np.ones(i.size), (i, j)), (index.size, index.size)))
        roots = np.array([np.flatnonzero(expected == c)[0] for c in expected])
        np.testing.assert_array_equal(label.ravel(), roots)


@pytest.mark.parametrize("kind", KINDS)
def test_only_signs_change_and_whole_clusters(reference, kind):
    x, key = 0.6 * Key(1).normal((50, 6, 5), np.zeros(0)), Key(2)
    state, info = Cluster(ACTION, kind).step(Cluster(ACTION, kind).init(x), key)
    np.testing.assert_array_equal(abs(state.x), abs(x))
    labels, flipped = cluster_labels(activated(ACTION.bonds(x), key)), state.x != x
    for label, flip, chain in zip(labels, flipped, range(50)):
        count = len({(c, f) for c, f in zip(label.ravel(), flip.ravel())})
        assert count == len(np.unique(label)) == info["n_clusters"][chain]
        assert kind == "swendsen_wang" or len(np.unique(label[flip])) == 1
    np.testing.assert_allclose(info["flipped"], flipped.mean(axis=(1, 2)))
    np.testing.assert_allclose(state.action, ACTION.value(state.x))


@pytest.mark.parametrize("kind", KINDS)
def test_update_commutes_with_the_change_of_sign(reference, kind):
    x, update = Key(1).normal((20, 4, 4), np.zeros(0)), Cluster(ACTION, kind)
    one, other = (update.step(update.init(y), Key(2))[0].x for y in (x, -x))
    np.testing.assert_array_equal(one, -other)


@pytest.mark.parametrize("kind", KINDS)
def test_two_spins_reach_their_weight(reference, kind):
    """P(equal signs) of two sites at fixed |phi|, 4 sigma (false alarm 6e-5) at error 1.5e-3."""
    update, state = Cluster(ACTION, kind), None
    x = np.tile([0.3, 0.7], (20000, 1))
    state, equal = update.init(x), 0.0
    for n in range(30):
        state, _ = update.step(state, Key(3).at(n))
        equal = equal + (state.x[:, 0] * state.x[:, 1] > 0) * (n >= 10)
    value = ACTION.value(np.array([[0.3, 0.7], [0.3, -0.7]]))
    exact, rate = 1 / (1 + np.exp(value[0] - value[1])), equal / 20
    assert abs(rate.mean() - exact) < 4 * rate.std(ddof=1) / np.sqrt(20000)
    assert rate.std() / np.sqrt(20000) < 1.6e-3 * exact * 2
