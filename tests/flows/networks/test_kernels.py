"""Kernels of networks: the same bits however chains are cut, memory left clean."""

import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from latticekit.arrays import set_threads, tree_map, using_kernels
from latticekit.flows import Setting
from latticekit.flows.networks import Activation, ConvNet, Convolution, Dense, Stack
from latticekit.flows.networks.activations import CURVES
from latticekit.flows.networks.stages import Plan, backward, forward
from latticekit.kernels.cpu import convolution
from latticekit.kernels.cpu.convolution_geometry import Planes, layout, planes
from latticekit.random import Key
from tests.cases.networks import STAGES

ZERO = np.zeros(0)
ROOT = str(Path(__file__).parents[3])
SCRIPT = """
import hashlib
import numpy as np
from latticekit.arrays import set_threads
from latticekit.flows.networks.stages import backward, forward
from latticekit.kernels.cpu.target import WORTHWHILE
from tests.cases.networks import STAGES

case = STAGES["coupling"]._replace(chains=2 * WORTHWHILE // 256 + 3)
args = case.arguments("float64")
for threads in (1, 2, 4):
    set_threads(threads)
    y, kept = forward(*args)
    x_bar, bars = backward(*args, kept, np.cos(y))
    parts = [y, kept, x_bar, *(bar for pair in bars for bar in pair)]
    print(hashlib.sha256(b"".join(np.ascontiguousarray(p).tobytes() for p in parts)).hexdigest())
"""


def test_same_bits_on_1_2_and_4_threads():
    environment = {**os.environ, "NUMBA_NUM_THREADS": "4", "OMP_WAIT_POLICY": "passive", "PYTHONPATH": ROOT}
    environment.pop("LATTICEKIT_THREADS", None)
    run = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    digests = run.stdout.split()
    assert len(digests) == 3
    assert len(set(digests)) == 1


def test_chains_do_not_depend_on_their_neighbours():
    """Any cut of the chains gives the same bits, as blocks of a flow's draws need."""
    set_threads(1)
    x, weights, plan = STAGES["coupling"]._replace(chains=11).arguments("float64")
    y, kept = forward(x, weights, plan)
    x_bar, _ = backward(x, weights, plan, kept, y)
    for first, last in ((0, 3), (3, 4), (4, 11)):
        part, part_kept = forward(x[first:last], weights, plan)
        np.testing.assert_array_equal(part, y[first:last])
        part_bar, _ = backward(x[first:last], weights, plan, part_kept, part)
        np.testing.assert_array_equal(part_bar, x_bar[first:last])


@pytest.mark.parametrize("name", ["coupling", "3d", "odd widths"])
def test_not_a_number_leaves_no_trace(name):
    """Work arrays are used again: what is not finite in one call must not reach the next."""
    x, weights, plan = STAGES[name].arguments("float64")
    y, kept = forward(x, weights, plan)
    expected = backward(x, weights, plan, kept, y)
    bad = np.full_like(x, np.nan)
    bad_y, bad_kept = forward(bad, weights, plan)
    assert np.all(np.isnan(bad_y))
    assert np.all(np.isnan(backward(bad, weights, plan, bad_kept, bad_y)[0]))
    again_y, again_kept = forward(x, weights, plan)
    again = backward(x, weights, plan, again_kept, again_y)
    np.testing.assert_array_equal(again_y, y)
    tree_map(np.testing.assert_array_equal, again, expected)


def test_what_is_not_supported_is_declined():
    x, weights, plan = STAGES["coupling"].arguments("float64")
    assert convolution.forward(x.transpose(0, 1, 3, 2), weights, plan) is NotImplemented
    assert convolution.forward(x.astype(np.float32), weights, plan) is NotImplemented
    assert convolution.forward(x[:0], weights, plan) is NotImplemented
    other = Plan(plan.offsets, ("tanh", "silu", "identity"))
    assert convolution.forward(x, weights, other) is NotImplemented
    np.testing.assert_allclose(forward(x.transpose(0, 1, 3, 2), weights, plan)[0].shape, (5, 2, 16, 16))


def test_a_stack_is_cut_where_activations_change(monkeypatch):
    """Every stencil runs in a kernel, whatever the activations."""
    parts = (Convolution(3, activation="tanh"), Convolution(4, activation="silu"), Dense(3), Activation(), Dense())
    network = Stack(parts).between(2, 2).init(Setting((4, 4), ZERO, Key(1)))
    x = Key(2).fold("test").normal((3, 2, 4, 4), ZERO)
    with using_kernels("reference"):
        expected, _ = network.apply(x)
    monkeypatch.setattr(forward, "reference", None)
    monkeypatch.setattr(backward, "reference", None)
    y, residuals = network.apply(x)
    assert len(residuals) == 4
    np.testing.assert_allclose(y, expected, atol=1e-14)
    network.vjp(residuals, y)


@pytest.mark.parametrize(("sites", "halo", "w"), [((5,), (2,), 4), ((4, 6), (1, 1), 8), ((2, 3, 2), (2, 0, 1), 8)])
def test_planes(sites, halo, w):
    """Every site stands once, its neighbours one step away, and the pieces that vectors run over hold every site."""
    p = planes(sites, halo, w)
    volume = int(np.prod(sites))
    inside = (p.rows[:, None] + np.arange(p.length)).reshape(-1)
    assert len(set(inside)) == volume
    plane = np.full(p.size, -1)
    plane[inside] = np.arange(volume)
    plane[p.filled[: p.source.size]] = plane[p.source]
    field = np.arange(volume).reshape(sites)
    for d in np.ndindex(*(2 * h + 1 for h in halo)):
        step = tuple(n - h for n, h in zip(d, halo))
        seen = np.roll(field, [-s for s in step], axis=range(len(sites))).reshape(-1)
        np.testing.assert_array_equal(plane[inside + p.step(step)], seen)
    covered = {at + n for at in p.starts for n in range(p.run)}
    assert set(inside) <= covered
    reached = max(p.starts) + -(-p.run // w) * w
    assert set(range(reached)) - set(inside) - set(p.filled) == set(), "sums over sites meet zeros beside the lattice"


def test_geometry_is_read_only():
    place = layout((4, 4), (2, 3), (((0, 0), (0, 1)),), 8)
    arrays = [place.stages, place.where, place.packed, place.unpacked]
    arrays += [value for one in fields(Planes) if isinstance(value := getattr(place.planes, one.name), np.ndarray)]
    assert len(arrays) == 8
    assert not any(one.flags.writeable for one in arrays)


def test_every_activation_has_a_formula():
    from latticekit.kernels.site.activations import CURVES as FORMULAS

    assert set(FORMULAS) == set(CURVES)


def test_gradients_of_single_precision_are_summed_well():
    """Against float64 on the same numbers: rounding of one sum of 4 chains, not of all of them."""
    case = STAGES["coupling"]._replace(chains=64)
    x, weights, plan = case.arguments("float32")
    double = tree_map(lambda a: a.astype(np.float64) if isinstance(a, np.ndarray) else a, (x, weights))
    ones = np.ones((64, 2, 16, 16), np.float32)
    bars = backward(x, weights, plan, forward(x, weights, plan)[1], ones)[1]
    exact = backward(*double, plan, forward(*double, plan)[1], ones.astype(np.float64))[1]
    for pair, other in zip(bars, exact):
        for bar, expected in zip(pair, other):
            assert np.max(np.abs(bar - expected)) < 2e-6 * np.max(np.abs(expected))


def test_convnet_uses_one_call(monkeypatch):
    network = ConvNet((4, 4)).between(1, 2).init(Setting((6, 6), ZERO, Key(1)))
    calls = []
    kernel = forward.kernel("numpy")
    monkeypatch.setitem(forward._loaded, "numpy", lambda *args: calls.append(1) or kernel(*args))
    network.apply(Key(2).fold("test").normal((2, 1, 6, 6), ZERO))
    assert calls == [1]
