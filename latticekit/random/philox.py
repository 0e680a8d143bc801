"""Philox4x32-10: a counter in, four random words out (Salmon, Moraes, Dror, Shaw, SC'11, table 2)."""

from __future__ import annotations

import math
from typing import Any

from latticekit.arrays import namespace

Array = Any
_M0, _M1 = 0xD2511F53, 0xCD9E8D57  # round multipliers
_W0, _W1 = 0x9E3779B9, 0xBB67AE85  # key increments (golden ratio, sqrt(3) - 1)
_LOW = 0xFFFFFFFF


def philox4x32(counter: tuple[Any, Any, Any, Any], key: tuple[int, int]) -> tuple[Any, Any, Any, Any]:
    """Four 32-bit words of a 128-bit counter and a 64-bit key.  uint64 arrays (or ints) -> the same

    Words are below 2^32 in 64-bit lanes, so that every product is exact; the caller guarantees the range.
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = c0 * _M0, c2 * _M1
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & _LOW, (p0 >> 32) ^ c3 ^ k1, p0 & _LOW
        k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    return c0, c1, c2, c3


def uniform_double(high: Array, low: Array) -> Array:
    """(k + 1/2) 2^-52 with the 52 top bits of two words: exact in float64, never 0 or 1.  uint64 -> float64"""
    xp = namespace(high)
    k = ((high >> 6) << 26) | (low >> 6)
    return (xp.astype(k, xp.float64) + 0.5) * 2.0**-52


def uniform_single(high: Array) -> Array:
    """(k + 1/2) 2^-23 with the 23 top bits of a word: exact in float32, never 0 or 1.  uint64 -> float32"""
    xp = namespace(high)
    return (xp.astype(high >> 9, xp.float32) + 0.5) * 2.0**-23


def box_muller(u: Array, v: Array) -> tuple[Array, Array]:
    """Two independent normals of two uniforms: sqrt(-2 ln u) (cos 2 pi v, sin 2 pi v).

    Box and Muller, Ann. Math. Stat. 29 (1958) 610.  The inverse is u = exp(-r^2/2); the Jacobian is constant.
    """
    xp = namespace(u)
    r, angle = xp.sqrt(-2.0 * xp.log(u)), (2.0 * math.pi) * v
    return r * xp.cos(angle), r * xp.sin(angle)
