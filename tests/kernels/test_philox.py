"""Philox4x32-10 of the kernels: known answers, and the numbers of the reference, for every number type."""

import numpy as np
import pytest

from latticekit.arrays import using_kernels
from latticekit.kernels.cpu import random as kernels
from latticekit.kernels.cpu.lanes import like, vst, words_from
from latticekit.kernels.cpu.target import DOUBLE, loop
from latticekit.kernels.cpu.vector import WORDS
from latticekit.kernels.site.philox import philox4x32
from latticekit.random import Key

KNOWN = [  # Salmon et al., SC'11: counter, key, words
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((2**32 - 1,) * 4, (2**32 - 1,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


def in_vectors(out, c, k):
    """Words of the counters c, c + 1, ... (first word)."""
    first = words_from(c[0])
    words = philox4x32(first, like(c[1], first), like(c[2], first), like(c[3], first), k[0], k[1])
    for n in range(4):
        vst(out, n * WORDS, words[n])


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_known_answers(counter, key, words):
    assert tuple(int(w) for w in philox4x32(*counter, *key)) == words
    numbers = [np.uint64(n) for n in (*counter, *key)]
    assert philox4x32.build(DOUBLE)(*numbers) == words
    out = np.zeros(4 * WORDS, np.uint64)
    loop(in_vectors)(out, np.array(counter, np.uint64), np.array(key, np.uint64))
    assert tuple(out[::WORDS]) == words


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("shape", [(1,), (5,), (2, 1), (3, 2), (2, 15), (2, 16), (3, 17), (1, 7, 9, 3)])
def test_numbers_of_the_reference(shape, dtype):
    x = np.zeros(0, dtype)
    key = Key(0xFEDCBA9876543210, step=2**32 - 1, purpose=200, draw=3, chain=77)
    with using_kernels("reference"):
        uniform, normal = key.uniform(shape, x), key.normal(shape, x)
    np.testing.assert_array_equal(kernels.uniform(x, key, shape), uniform)
    ulp = np.finfo(dtype).eps
    np.testing.assert_allclose(kernels.normal(x, key, shape), normal, rtol=8 * ulp, atol=16 * ulp)


def test_unsupported_requests_are_declined():
    key = Key(1)
    assert kernels.uniform(np.zeros(0, "float16"), key, (2, 3)) is NotImplemented
    assert kernels.uniform(np.zeros(0), key, (2, 0)) is NotImplemented
    assert kernels.uniform(np.zeros(0), Key(1, chain=2**24 - 1), (2,)) is NotImplemented
