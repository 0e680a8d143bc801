"""Sweeps of local and cluster updates: the reference's decisions, chain by chain, on any number of threads."""

import os
import subprocess
import sys

import numpy as np
import pytest

from latticekit.actions import FreeScalar, Phi4
from latticekit.arrays import using_kernels
from latticekit.kernels.cpu import checkerboard, clusters, sweeps
from latticekit.kernels.cpu.random import FORMULAS, TARGETS, key_words, stream_of
from latticekit.kernels.cpu.target import loop
from latticekit.lattice import parity
from latticekit.random import Key
from latticekit.testing import check_parity
from latticekit.updates.cluster import cluster_labels, cluster_sweep
from latticekit.updates.sites_heatbath import heatbath_sweep
from latticekit.updates.sites_metropolis import metropolis_sweep
from latticekit.updates.sites_overrelaxation import overrelaxation_sweep

ACTION, WELLS, KEY = Phi4(-4.0, 6.0), Phi4(-8.0, 2.0), Key(2**40 + 9, step=5, chain=3)
KERNELS = {
    "metropolis": (sweeps.metropolis, metropolis_sweep, (0.7, 2)),
    "heatbath": (sweeps.heatbath, heatbath_sweep, (64,)),
    "overrelaxation": (sweeps.overrelaxation, overrelaxation_sweep, ()),
    "swendsen_wang": (clusters.sweep, cluster_sweep, ("swendsen_wang",)),
    "wolff": (clusters.sweep, cluster_sweep, ("wolff",)),
}


def start(*shape, dtype="float64", scale=0.8):
    return (np.random.default_rng(2).normal(size=shape) * scale).astype(dtype)


@pytest.mark.parametrize("shape", [(2, 6, 4), (3, 2, 2), (2, 12), (2, 4, 2, 6)], ids=str)
def test_sums_over_neighbours_and_order_of_sites(shape):
    sites = shape[1:]
    order, half = checkerboard.order(sites), np.prod(sites) // 2
    flat = parity(sites, np.zeros(0)).ravel()
    assert np.all(flat[order[:half]] == 0)
    assert np.all(flat[order[half:]] == 1)
    assert np.all(np.sort(order) == np.arange(2 * half))
    x, out = start(*sites), np.empty(2 * half)
    loop(checkerboard.around)(out, x.ravel(), np.array(sites, np.uint64))
    expected = sum(np.roll(x, step, mu) for mu in range(x.ndim) for step in (1, -1))
    np.testing.assert_allclose(out.reshape(sites), expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", ["normal", "uniform"])
@pytest.mark.parametrize("volume", [1, 16, 35])
def test_numbers_of_listed_sites_are_those_of_the_lattice(kind, dtype, volume):
    key, char = KEY.fold("heatbath", 70), np.dtype(dtype).char
    with using_kernels("reference"):
        expected = getattr(key, kind)((1, volume), np.zeros(0, dtype))[0]
    listed = np.random.default_rng(1).permutation(volume)
    sites, out = np.zeros(64, np.uint64), np.zeros(64, dtype)
    sites[:volume] = listed
    draw = loop(checkerboard.numbers_at, TARGETS[char], draw=FORMULAS[kind, char])
    draw(out, sites, volume, volume, key_words(key), key.draw, stream_of(key))
    np.testing.assert_allclose(out[:volume], expected[listed], rtol=0, atol=8 * np.finfo(dtype).eps)


@pytest.mark.parametrize(
    "sites", [(7,), (2,), (1,), (8, 8), (5, 3), (2, 4, 3), (1, 6), (40, 40), (3, 2, 3, 2)], ids=str
)
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_labels_are_those_of_the_reference(sites, share):
    active = np.random.default_rng(1).random((len(sites), *sites)) < share
    labels, tails, heads = (np.empty(np.prod(sites) + more, np.uint32) for more in (0, 1, 1))
    run = loop(clusters.labels, join=loop(clusters.joined))
    count = run(labels, tails, heads, active.astype(np.float64).ravel(), np.array(sites, np.uint64))
    np.testing.assert_array_equal(labels.reshape(sites), cluster_labels(active[None])[0])
    assert count == np.unique(labels).size


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("action", [ACTION, WELLS, FreeScalar(0.5)], ids=str)
def test_all_decisions_agree(name, action):
    """Ten sweeps of 1920 sites, each from the field that the reference has reached."""
    kernel, accelerated, more = KERNELS[name]
    x = start(6, 20, 16)
    for n in range(10):
        result, expected = kernel(x, action, KEY.at(n), *more), accelerated.reference(x, action, KEY.at(n), *more)
        x = expected[0]
        np.testing.assert_allclose(result[0], x, rtol=0, atol=1e-12)
        for a, b in zip(result[1:], expected[1:]):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", ["metropolis", "heatbath", "overrelaxation"])
@pytest.mark.parametrize("which", [0, 1])
def test_a_coupling_wrong_by_one_percent_is_seen(name, which, monkeypatch):
    """a or lambda of the site weight: `check_parity` turns red."""
    _, accelerated, more = KERNELS[name]
    right = sweeps.constants

    def wrong(*args):
        numbers = right(*args)
        numbers[which] *= 1.01
        return numbers

    args = (start(6, 20, 16), WELLS, KEY, *more)
    assert check_parity(accelerated, args) < 1e-12
    monkeypatch.setattr(sweeps, "constants", wrong)
    with pytest.raises(AssertionError, match="against its reference"):
        check_parity(accelerated, args)


@pytest.mark.parametrize("name", KERNELS)
def test_a_chain_does_not_depend_on_its_neighbours(name):
    """Chain 5 alone, with its own number, is chain 5 among 16."""
    kernel, _, more = KERNELS[name]
    x = start(16, 8, 6)
    together = kernel(x, ACTION, KEY, *more)
    alone = kernel(x[5:6], ACTION, Key(KEY.seed, step=5, chain=8), *more)
    for a, b in zip(alone, together):
        np.testing.assert_array_equal(a, b[5:6])


@pytest.mark.parametrize("name", KERNELS)
def test_sites_near_one_that_is_not_finite(name):
    """The reference's field, NaN where it has NaN; other chains finite."""
    kernel, accelerated, more = KERNELS[name]
    x = start(2, 6, 6)
    x[0, 1, 2] = np.nan
    result, expected = kernel(x, ACTION, KEY, *more), accelerated.reference(x, ACTION, KEY, *more)
    for a, b in zip(result, expected):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)
    assert np.isfinite(result[0][1]).all()


def test_failures_keep_their_value_and_are_counted():
    x = start(50, 6, 6)
    y, tries, failures = sweeps.heatbath(x, ACTION, KEY, 1)
    np.testing.assert_array_equal(np.sum(x == y, axis=(1, 2)), failures)
    np.testing.assert_array_equal(tries, 36)
    assert 0 < failures.sum() < 18 * 50


def test_free_reflections_conserve_the_action():
    x, action = start(5, 8, 8), FreeScalar(0.7)
    y, accepted = sweeps.overrelaxation(x, action, KEY)
    np.testing.assert_allclose(action.value(y), action.value(x), rtol=1e-13)
    np.testing.assert_array_equal(accepted, 64)


@pytest.mark.parametrize("name", KERNELS)
def test_what_the_kernels_do_not_know_is_declined(name):
    kernel, _, more = KERNELS[name]
    x = start(2, 6, 4)
    assert kernel(x, ACTION + ACTION, KEY, *more) is NotImplemented
    assert kernel(x[:, ::2, :], ACTION, KEY, *more) is NotImplemented
    assert kernel(x.astype("float16"), ACTION, KEY, *more) is NotImplemented
    assert kernel(x, ACTION, Key(1, chain=2**24 - 1), *more) is NotImplemented
    assert kernel(start(1, 2, 2, 2, 2, 2), ACTION, KEY, *more) is NotImplemented


@pytest.mark.parametrize("name", ["metropolis", "heatbath", "overrelaxation"])
def test_odd_extents_are_left_to_the_reference(name):
    """There, neighbours of the same parity see the values from before their turn."""
    kernel, _, more = KERNELS[name]
    assert kernel(start(2, 6, 5), ACTION, KEY, *more) is NotImplemented


SCRIPT = """
import hashlib
import numpy as np
from latticekit.actions import Phi4
from latticekit.arrays import set_threads
from latticekit.kernels.cpu import clusters, sweeps
from latticekit.random import Key

x, key = np.random.default_rng(1).normal(size=(10, 48, 40)), Key(3)
action = Phi4(-4.0, 6.0)
for threads in (1, 2, 4):
    set_threads(threads)
    parts = [*sweeps.metropolis(x, action, key, 0.7, 2), *sweeps.heatbath(x, action, key, 64)]
    parts += clusters.sweep(x, action, key, "swendsen_wang")
    print(hashlib.sha256(b"".join(np.ascontiguousarray(p).tobytes() for p in parts)).hexdigest())
"""


def test_same_bits_on_1_2_and_4_threads():
    environment = {**os.environ, "NUMBA_NUM_THREADS": "4", "OMP_WAIT_POLICY": "passive"}
    environment.pop("LATTICEKIT_THREADS", None)
    command = [sys.executable, "-c", SCRIPT]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert len(set(digests := run.stdout.split())) == 1
    assert len(digests) == 3
