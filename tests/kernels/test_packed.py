"""The loops consist of packed instructions."""

import platform
import re

import numpy as np
import pytest

from latticekit.kernels.cpu import loops, momenta, u1_loops
from latticekit.kernels.cpu.random import FORMULAS
from latticekit.kernels.cpu.target import loop
from latticekit.kernels.cpu.vector import VECTOR_BYTES

pytestmark = pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="reads x86 assembly")
REGISTER = {64: "%zmm", 32: "%ymm", 16: "%xmm"}[VECTOR_BYTES]


def assembly(function, *args):
    """Of these argument types alone: other tests may have compiled others."""
    function(*args)
    return function.inspect_asm(tuple(function.typeof_pyval(a) for a in args))


def operations(text, packed):
    """Arithmetic on packed or on single doubles."""
    suffix = "pd" if packed else "sd"
    return re.findall(rf"\tv?(?:f?n?m(?:add|sub|ul)|add|sub|div|sqrt)(?:\d+)?{suffix}\t.*", text)


@pytest.mark.parametrize("across", [False, True])
def test_kick(across):
    a = np.zeros(64)
    text = assembly(loops.loops(2, across).kick, a, a, a, 0, 0, (1, 1, 1, 8, 8, 8), 0.1, 0.2, 0.3)
    packed = operations(text, True)
    assert sum(REGISTER in line for line in packed) >= 7
    assert len(operations(text, False)) <= 6, "scalars: only what is computed once per call"


def test_normals():
    a, words = np.zeros(64), np.zeros(6, np.uint64)
    text = assembly(loop(momenta.fill, draw=FORMULAS["normal", "d"]), a, 0, 4, words, 0, 0, 4)
    assert sum(REGISTER in line for line in operations(text, True)) >= 30
    assert not operations(text, False)
    assert text.count("vpmuludq" if VECTOR_BYTES > 16 else "pmuludq") >= 2


def test_u1():
    a, steps, moves, weights = np.zeros(64), np.zeros(64, np.int32), np.zeros(64, np.int64), np.ones(1)
    near = loop(u1_loops.neighbour_of, D=2)
    sines = assembly(loop(u1_loops.sines, neighbour=near), a, a, 0, 1, (steps, steps, moves), weights, 0.1)
    kick = assembly(loop(u1_loops.kick, neighbour=near), a, a, a, 0, 1, (steps, steps, moves), a, 0.1)
    fused = [line for line in operations(sines, True) if "fm" in line and REGISTER in line]
    assert len(fused) >= 12, "the polynomial of one sine"
    assert len(operations(sines, False)) <= 2, "scalars: weight times scale"
    assert sum(REGISTER in line for line in operations(kick, True)) >= 8
    assert not operations(kick, False)
