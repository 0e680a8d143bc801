"""Random numbers are random.

Seeds are fixed; every pull would raise a false alarm with probability 6e-5 (|z| > 4) at a fresh seed, about 30 pulls in
all.  2^18 numbers see a bias of the mean by 0.5 % of its spread (2.6 sigma) to 1 % (5 sigma).
"""

import math

import numpy as np
import pytest

from latticekit.random import Key

DOUBLE = np.zeros(0)
COUNT = 2**18
KEY = Key(20240229, step=3).fold("test")


def correlation_pull(a, b):
    """z = sqrt(n) corr(a, b)."""
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1]) * math.sqrt(a.size)


@pytest.fixture(scope="module")
def uniforms():
    return KEY.uniform((4, COUNT // 4), DOUBLE)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_kolmogorov_smirnov(kernels, dtype):
    u = np.sort(KEY.uniform((4, COUNT // 4), np.zeros(0, dtype)).astype(float).ravel())
    steps = np.arange(COUNT + 1) / COUNT
    distance = max(np.max(steps[1:] - u), np.max(u - steps[:-1]))
    assert distance * math.sqrt(COUNT) < 2.2  # P = 2 exp(-2 * 2.2^2) = 1.3e-4


def test_every_bit_is_fair(uniforms):
    k = (uniforms.ravel() * 2.0**52 - 0.5).astype(np.uint64)
    ones = np.array([np.count_nonzero((k >> np.uint64(b)) & np.uint64(1)) for b in range(52)])
    pulls = (ones - COUNT / 2) / math.sqrt(COUNT / 4)
    assert np.max(np.abs(pulls)) < 4.5  # 52 bits: 3.5e-4
    assert np.sum(pulls**2) == pytest.approx(52, abs=4 * math.sqrt(2 * 52))


def test_sites_are_uncorrelated(uniforms):
    for lag in (1, 2, 64, uniforms.shape[1] // 2):  # the last: the two numbers of one counter
        assert abs(correlation_pull(uniforms[:, :-lag], uniforms[:, lag:])) < 4


def test_chains_steps_draws_purposes_and_seeds_are_uncorrelated(uniforms):
    assert abs(correlation_pull(uniforms[:-1], uniforms[1:])) < 4
    for key in (KEY.at(4), KEY.fold("test", 1), KEY.fold("noise"), Key(KEY.seed + 1, 3).fold("test")):
        assert abs(correlation_pull(uniforms, key.uniform(uniforms.shape, DOUBLE))) < 4


def test_a_correlation_of_one_percent_would_be_seen(uniforms):
    mixed = 0.99 * uniforms[:, 1:] + 0.01 * uniforms[:, :-1] * 1.2
    assert abs(correlation_pull(mixed, uniforms[:, :-1])) > 4


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_moments_of_normals(kernels, dtype):
    x = KEY.normal((4, COUNT // 4), np.zeros(0, dtype)).astype(float).ravel()
    for power, mean, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        pull = (np.mean(x**power) - mean) / math.sqrt(variance / COUNT)
        assert abs(pull) < 4, power
        assert abs((np.mean((1.01 * x) ** power) - mean) / math.sqrt(variance / COUNT)) > 4 or power % 2


def test_the_two_normals_of_a_counter_are_independent(kernels):
    x = KEY.normal((4, COUNT // 4), DOUBLE)
    a, b = np.split(x, 2, axis=1)
    assert abs(correlation_pull(a, b)) < 4
    assert abs(correlation_pull(a**2, b**2)) < 4
