"""Kernels of continuous flows: transforms of lines, sines, bits on several threads."""

import ctypes
import math
import os
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pytest

from latticekit.arrays import REGISTRY
from latticekit.flows import continuous_steps
from latticekit.kernels.cpu.continuous_lines import lines, momenta
from latticekit.kernels.cpu.vector import width
from latticekit.kernels.site.waves import wave_double, wave_single
from tests.cases.continuous import CONTINUOUS
from tests.kernels.precise import cosine, sine


@pytest.mark.parametrize(
    ("n", "char"), [*((n, "d") for n in (*range(1, 11), 12, 16, 20, 33)), *((n, "f") for n in (7, 8, 20))]
)
def test_transforms_of_lines(n, char):
    """Against the matrix, and back."""
    w, k, x = width(np.dtype(char).itemsize), momenta(n), np.arange(n)
    norm = np.sqrt(np.where((k == 0) | (2 * k == n), 1, 2) / n)
    angle = 2 * math.pi * (np.outer(k, x) % n) / n
    matrix = norm[:, None] * np.where((np.arange(n) <= n // 2)[:, None], np.cos(angle), np.sin(angle))
    given = np.random.default_rng(1).normal(size=(2, n, 3, w)).astype(char)
    a, tolerance = given.copy(), 1e-14 if char == "d" else 4e-6
    real = ctypes.c_double if char == "d" else ctypes.c_float
    for inverse, expected in ((False, np.einsum("kx,oxil->okil", matrix, given)), (True, given)):
        lines(n, inverse, char).ctypes(a.ctypes.data_as(ctypes.POINTER(real)), 2, 3)
        np.testing.assert_allclose(a, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize(("wave", "tolerance"), [(wave_double, 4.5e-16), (wave_single, 3e-8)])
def test_waves(wave, tolerance):
    """As plain Python, in double precision: the truncation of the polynomials.  Largest over quadrants and seams."""
    seams = np.arange(-40, 41) * (math.pi / 4)
    for half in np.concatenate([np.linspace(-30, 30, 301), seams, seams + 1e-9]).tolist():
        s, c = wave(half)
        assert abs(float(Decimal(s) - sine(2 * Decimal(half)))) < tolerance
        assert abs(float(Decimal(c) - cosine(2 * Decimal(half)))) < tolerance


def test_waves_in_single_precision():
    """In vectors of float32, through the linear response of one site to one sine."""
    case = CONTINUOUS["1d"]
    layer = case.made(np.zeros(0, "float32"))
    x = np.linspace(-4, 4, 7 * 64, dtype="float32").reshape(64, 7)
    weights = layer.weights(x).at(0)
    found = REGISTRY["latticekit.flows.continuous_field.velocity"].kernel("numpy")(x, weights)[0]
    double = layer.with_params({name: p.astype("float64") for name, p in layer.params.items()})
    exact = REGISTRY["latticekit.flows.continuous_field.velocity"].reference(
        x.astype("float64"), double.weights(x.astype("float64")).at(0)
    )[0]
    np.testing.assert_allclose(found, exact, rtol=0, atol=2e-6)


def test_lanes_without_a_chain_do_not_count():
    """The cotangents of one chain, alone and as the sum over chains of which the others have none."""
    case = CONTINUOUS["square"]
    layer = case.made(np.zeros(0))
    x = np.random.default_rng(2).normal(size=(9, *case.sites))
    y_bar = x.copy()
    y_bar[1:] = 0.0
    weight = np.array([1.0] + [0.0] * 8)
    both = layer.vjp(layer.apply(x)[2], y_bar, weight)[1]
    alone = layer.vjp(layer.apply(x[:1])[2], y_bar[:1], weight[:1])[1]
    for name, bar in both.items():
        np.testing.assert_allclose(alone[name], bar, rtol=0, atol=1e-12)


def test_results_are_kept_apart():
    """Memory is reused only where nobody holds it."""
    case = CONTINUOUS["square"]
    layer = case.made(np.zeros(0))
    x = np.random.default_rng(3).normal(size=(700, *case.sites))
    first = layer.apply(x)
    before = [np.array(first[0]), np.array(first[2][0])]
    layer.apply(2 * x)
    np.testing.assert_array_equal(first[0], before[0])
    np.testing.assert_array_equal(first[2][0], before[1])


SCRIPT = """
import hashlib
import numpy as np
from latticekit.arrays import set_threads, tree_items
from tests.cases.continuous import CONTINUOUS

case = CONTINUOUS["square"]
layer = case.made(np.zeros(0))
x = np.random.default_rng(1).normal(size=(133, *case.sites))
for threads in (1, 2, 4):
    set_threads(threads)
    y, log_det, zeta, residuals = layer.apply_with_score(x, x)
    found = y, log_det, zeta, layer.vjp(residuals, zeta, log_det)
    parts = [np.ascontiguousarray(leaf).tobytes() for _, leaf in tree_items(found)]
    print(hashlib.sha256(b"".join(parts)).hexdigest())
"""


def test_same_bits_on_1_2_and_4_threads():
    environment = {**os.environ, "NUMBA_NUM_THREADS": "4", "OMP_WAIT_POLICY": "passive"}
    environment.pop("LATTICEKIT_THREADS", None)
    command = [sys.executable, "-c", SCRIPT]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    digests = run.stdout.split()
    assert len(digests) == 3
    assert len(set(digests)) == 1


def test_the_kernel_is_in_use():
    """`forward` runs its kernel on the flows of the cases that it knows."""
    x = np.zeros((2, 4, 4))
    weights = CONTINUOUS["square"].made(np.zeros(0)).weights(x)
    assert continuous_steps.forward.kernel("numpy")(x, weights, 0.5) is not NotImplemented
