"""Philox4x32-10 against the published vectors; uniforms and normals of given words."""

import math

import numpy as np
import pytest

from latticekit.arrays import namespace
from latticekit.random import philox4x32
from latticekit.random.philox import box_muller, uniform_double, uniform_single

TOP = 2**32 - 1
KNOWN = [  # counter, key, output: Random123, kat_vectors
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((TOP, TOP, TOP, TOP), (TOP, TOP), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_known_answers_of_integers(counter, key, words):
    assert philox4x32(counter, key) == words


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_known_answers_of_arrays(like, counter, key, words):
    xp = namespace(like)
    out = philox4x32(tuple(xp.asarray([c], dtype=xp.uint64) for c in counter), key)
    assert tuple(int(w[0]) for w in out) == words
    assert all(w.dtype == xp.uint64 for w in out)


def words(like, *values):
    xp = namespace(like)
    return xp.asarray(list(values), dtype=xp.uint64)


def test_uniforms_of_extreme_words_stay_inside_the_interval(like):
    low, high = words(like, 0, TOP), words(like, 0, TOP)
    double, single = uniform_double(high, low), uniform_single(high)
    assert [float(u) for u in (double[0], double[1])] == [2.0**-53, 1 - 2.0**-53]
    assert [float(u) for u in (single[0], single[1])] == [2.0**-24, 1 - 2.0**-24]
    assert single.dtype == namespace(like).float32


def test_uniforms_of_neighbouring_words_differ_by_one_unit(like):
    u = uniform_double(words(like, TOP, TOP), words(like, TOP, TOP - 64))
    assert float(u[0] - u[1]) == 2.0**-52
    v = uniform_single(words(like, TOP, TOP - 512))
    assert float(v[0] - v[1]) == 2.0**-23


def test_box_muller_is_inverted_by_its_radius_and_angle(like):
    xp = namespace(like)
    u = xp.asarray([1e-9, 0.1, 0.5, 0.9, 1 - 1e-9], dtype=xp.float64)
    v = xp.asarray([0.03, 0.3, 0.6, 0.8, 0.99], dtype=xp.float64)
    x, y = (np.asarray(one) for one in box_muller(u, v))
    np.testing.assert_allclose(np.exp(-(x**2 + y**2) / 2), np.asarray(u), rtol=1e-13)
    np.testing.assert_allclose(np.arctan2(y, x) % (2 * math.pi) / (2 * math.pi), np.asarray(v), rtol=1e-13)


def test_largest_normal_is_finite(like):
    x, _ = box_muller(uniform_double(words(like, 0), words(like, 0)), uniform_double(words(like, 0), words(like, 0)))
    assert float(x[0]) == pytest.approx(math.sqrt(2 * 53 * math.log(2)), rel=1e-12)
