"""Philox4x32-10 and Box-Muller at one counter (reference: `latticekit.random.philox`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from latticekit.kernels.site.elementary import log, turn
from latticekit.kernels.site.primitives import sqrt, unit_double, unit_single
from latticekit.kernels.site.rebinding import Site

Number = Any
Word = Any
# every integer is uint64: numba turns uint64 with int64 into int64, and the next shift would extend the sign
M0, M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
W0, W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
LOW, HALF = np.uint64(0xFFFFFFFF), np.uint64(32)


@Site
def philox4x32(c0: Word, c1: Word, c2: Word, c3: Word, k0: Word, k1: Word) -> tuple[Word, Word, Word, Word]:
    """Four random words of a counter and a key, all below 2^32 in 64-bit lanes."""
    for _ in range(10):
        p0 = (c0 & LOW) * M0  # the masks change nothing: they show the compiler a 32 x 32 bit product
        p1 = (c2 & LOW) * M1
        c0 = (p1 >> HALF) ^ c1 ^ k0
        c2 = (p0 >> HALF) ^ c3 ^ k1
        c1 = p1 & LOW
        c3 = p0 & LOW
        k0 = (k0 + W0) & LOW
        k1 = (k1 + W1) & LOW
    return c0, c1, c2, c3


@Site
def uniforms_double(c0: Word, c1: Word, c2: Word, c3: Word, k0: Word, k1: Word) -> tuple[Number, Number]:
    """The two uniforms of a counter."""
    w0, w1, w2, w3 = philox4x32(c0, c1, c2, c3, k0, k1)
    return unit_double(w0, w1), unit_double(w2, w3)


@Site
def uniforms_single(c0: Word, c1: Word, c2: Word, c3: Word, k0: Word, k1: Word) -> tuple[Number, Number]:
    """The two float32 uniforms of a counter."""
    w0, _, w2, _ = philox4x32(c0, c1, c2, c3, k0, k1)
    return unit_single(w0), unit_single(w2)


@Site
def box_muller(u: Number, v: Number) -> tuple[Number, Number]:
    """Two independent normals of two uniforms."""
    r = sqrt(-2.0 * log(u))
    c, s = turn(v)
    return r * c, r * s


@Site
def normals_double(c0: Word, c1: Word, c2: Word, c3: Word, k0: Word, k1: Word) -> tuple[Number, Number]:
    """The two normals of a counter."""
    u, v = uniforms_double(c0, c1, c2, c3, k0, k1)
    return box_muller(u, v)


@Site
def normals_single(c0: Word, c1: Word, c2: Word, c3: Word, k0: Word, k1: Word) -> tuple[Number, Number]:
    """The two float32 normals of a counter."""
    u, v = uniforms_single(c0, c1, c2, c3, k0, k1)
    return box_muller(u, v)
