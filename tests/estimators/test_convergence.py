"""Thermalisation, stuck chains, R-hat without peers."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latticekit.estimators import rhat, split_rhat, stuck, thermalised


@pytest.mark.parametrize("rho", [0.0, 0.8])
def test_thermalised_runs_give_unit_normals(ar1, rho):
    """500 runs: the width of z is known to 3 %, |z| < 5 for all of them and their 4 chains."""
    z = thermalised(ar1(rho, (4, 1000, 500), 1))
    assert z.pooled.shape == (500,)
    assert z.per_chain.shape == (4, 500)
    assert np.std(z.pooled) == pytest.approx(1.0, abs=0.1)
    assert np.std(z.per_chain) == pytest.approx(1.0, abs=0.1)
    assert np.max(np.abs(z.pooled)) < 5
    assert np.max(np.abs(z.per_chain)) < 6


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_transient_is_seen_from_both_sides(ar1, sign):
    x = ar1(0.8, (4, 1000), 2) + sign * 8 * np.exp(-np.arange(1000) / 50)
    z = thermalised(x)
    assert sign * z.pooled > 5
    x = ar1(0.8, (4, 1000), 2)
    x[2] += sign * 10 * np.exp(-np.arange(1000) / 50)
    assert np.argmax(np.abs(thermalised(x).per_chain)) == 2


def test_thermalised_constants():
    assert thermalised(np.ones((2, 20))).pooled == 0
    step = np.concatenate([np.zeros((2, 4)), np.ones((2, 16))], axis=1)
    assert thermalised(step).pooled == -np.inf
    with pytest.raises(ValueError, match="fraction must lie"):
        thermalised(step, 1.0)


def test_thermalised_replicas(ar1):
    x = ar1(0.5, (2, 200, 3), 3)
    assert np.allclose(thermalised(list(x)).pooled, thermalised(x).pooled, rtol=1e-12)


def test_stuck_by_hand():
    x = np.array(
        [[1, 1, 2, 2, 2, 3, 1, 1], [4, 4, 4, 4, 4, 4, 4, 4], [1, 2, 3, 4, 5, 6, 7, 8], [0, 1, 1, 1, 1, 1, 1, 1]]
    )
    found = stuck(x)
    assert list(found.longest_run) == [3, 8, 1, 7]
    assert list(found.frozen) == [False, True, False, False]


@settings(deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 2), min_size=2, max_size=30))
def test_longest_run(values):
    longest = run = 1
    for before, after in itertools.pairwise(values):
        run = run + 1 if before == after else 1
        longest = max(longest, run)
    assert stuck(np.array([values]))[0][0] == longest


def test_rhat_of_good_and_bad_chains(ar1):
    x = ar1(0.5, (4, 1000), 4)
    assert rhat(x) < 1.01
    shifted = x + np.array([0, 0, 0, 2.0])[:, None]
    assert rhat(shifted) > 1.1
    assert split_rhat(shifted) > 1.1
    wider = x * np.array([1, 1, 1, 4.0])[:, None]
    assert rhat(wider) > 1.05  # only the folded part sees a scale
    assert split_rhat(wider) < 1.02


def test_rhat_of_constants():
    assert rhat(np.ones((3, 10))) == 1
    assert rhat(np.ones((3, 10)) * np.arange(3)[:, None]) == np.inf
    with pytest.raises(ValueError, match="at least 4 draws"):
        rhat(np.ones((3, 3)))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 2**31), st.permutations(range(4)))
def test_rhat_ignores_units_and_the_order_of_chains(ar1, seed, order):
    x = ar1(0.7, (4, 20, 2), seed)
    assert np.allclose(rhat(x[order]), rhat(x), rtol=1e-11)
    assert np.allclose(split_rhat(3 - 2 * x), split_rhat(x), rtol=1e-11)
    assert np.allclose(rhat(2 * x), rhat(x), rtol=1e-11)
