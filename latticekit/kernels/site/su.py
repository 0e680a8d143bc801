"""SU(N) at one link: products, projection on the algebra, exponential, projection on the group.

A matrix is 2 N^2 numbers in an array, re and im of the elements row by row: number k of the one at `i` is
`ld(a, i, k)`.  An algebra element i v_a T_a is N^2 - 1 numbers.  `n` is a compile-time constant of the caller, so that
loops unroll; a formula must not write what it still reads.
References: `latticekit.groups`, `latticekit.fields.plaquettes`.
"""

from __future__ import annotations

from typing import Any

from latticekit.kernels.site.primitives import fma, sqrt, whole
from latticekit.kernels.site.rebinding import Primitive, Site

Number = Any
Array = Any


@Primitive
def ld(a: Array, at: int, k: int) -> Number:
    """Number k of the link at `at`."""
    return a[at + k]


@Primitive
def st(a: Array, at: int, k: int, value: Number) -> None:
    """Set number k of the link at `at`."""
    a[at + k] = value


@Site
def dot(
    a: Array, i: int, r: int, s: int, x: Number, b: Array, j: int, c: int, t: int, y: Number, n: int
) -> tuple[Number, Number]:
    """sum_k A_k B_k, k < n, of the elements r + k s of a and c + k t of b; x, y = -1: conjugated.  -> re, im"""
    ar, ai = ld(a, i, 2 * r), x * ld(a, i, 2 * r + 1)
    br, bi = ld(b, j, 2 * c), y * ld(b, j, 2 * c + 1)
    re, im = fma(-ai, bi, ar * br), fma(ai, br, ar * bi)
    for k in range(1, n):
        ar, ai = ld(a, i, 2 * (r + k * s)), x * ld(a, i, 2 * (r + k * s) + 1)
        br, bi = ld(b, j, 2 * (c + k * t)), y * ld(b, j, 2 * (c + k * t) + 1)
        re, im = fma(-ai, bi, fma(ar, br, re)), fma(ai, br, fma(ar, bi, im))
    return re, im


@Site
def mul(out: Array, o: int, a: Array, i: int, b: Array, j: int, n: int) -> None:
    """out = A B."""
    for r in range(n):
        for c in range(n):
            re, im = dot(a, i, n * r, 1, 1.0, b, j, c, n, 1.0, n)
            st(out, o, 2 * (n * r + c), re)
            st(out, o, 2 * (n * r + c) + 1, im)


@Site
def mul_dagger(out: Array, o: int, a: Array, i: int, b: Array, j: int, n: int) -> None:
    """out = A B^dagger."""
    for r in range(n):
        for c in range(n):
            re, im = dot(a, i, n * r, 1, 1.0, b, j, n * c, 1, -1.0, n)
            st(out, o, 2 * (n * r + c), re)
            st(out, o, 2 * (n * r + c) + 1, im)


@Site
def dagger_mul(out: Array, o: int, a: Array, i: int, b: Array, j: int, n: int) -> None:
    """out = A^dagger B."""
    for r in range(n):
        for c in range(n):
            re, im = dot(a, i, r, n, -1.0, b, j, c, n, 1.0, n)
            st(out, o, 2 * (n * r + c), re)
            st(out, o, 2 * (n * r + c) + 1, im)


@Site
def product_trace(a: Array, i: int, b: Array, j: int, n: int) -> Number:
    """Re tr(A B)."""
    total = ld(a, i, 0) * ld(b, j, 0)
    total = fma(-ld(a, i, 1), ld(b, j, 1), total)
    for k in range(1, n * n):
        other = k % n * n + k // n
        total = fma(ld(a, i, 2 * k), ld(b, j, 2 * other), total)
        total = fma(-ld(a, i, 2 * k + 1), ld(b, j, 2 * other + 1), total)
    return total


@Site
def antihermitian(a: Array, i: int, b: Array, j: int, low: int, high: int, n: int) -> tuple[Number, Number]:
    """Im(M_lh + M_hl), Re(M_lh - M_hl) of M = A B: the coefficients of the two generators of a pair l < h."""
    v, w = dot(a, i, n * low, 1, 1.0, b, j, high, n, 1.0, n)
    y, x = dot(a, i, n * high, 1, 1.0, b, j, low, n, 1.0, n)
    return w + x, v - y


@Site
def phase(a: Array, i: int, b: Array, j: int, r: int, n: int) -> Number:
    """Im M_rr of M = A B."""
    im = fma(ld(a, i, 2 * n * r + 1), ld(b, j, 2 * r), ld(a, i, 2 * n * r) * ld(b, j, 2 * r + 1))
    for k in range(1, n):
        x, y = 2 * (n * r + k), 2 * (n * k + r)
        im = fma(ld(a, i, x + 1), ld(b, j, y), fma(ld(a, i, x), ld(b, j, y + 1), im))
    return im


@Site
def add_components(p: Array, at: int, weight: Number, a: Array, i: int, b: Array, j: int, n: int) -> None:
    """p_a += weight Im tr(T_a A B)/index: the traceless anti-Hermitian part of a product."""
    total = phase(a, i, b, j, 0, n)
    for high in range(1, n):
        for low in range(high):
            k = high * high - 1 + 2 * low
            v, w = antihermitian(a, i, b, j, low, high, n)
            st(p, at, k, fma(weight, v, ld(p, at, k)))
            st(p, at, k + 1, fma(weight, w, ld(p, at, k + 1)))
        own, k = phase(a, i, b, j, high, n), (high + 1) * (high + 1) - 2
        v = sqrt(2.0 / whole(high * (high + 1))) * (total - whole(high) * own)
        st(p, at, k, fma(weight, v, ld(p, at, k)))
        total = total + own


@Site
def add_components_twice(
    p: Array, at: int, minus: int, weight: Number, a: Array, i: int, b: Array, j: int, n: int
) -> None:
    """The same at `at`, and with the other sign at `minus`."""
    total = phase(a, i, b, j, 0, n)
    for high in range(1, n):
        for low in range(high):
            k = high * high - 1 + 2 * low
            v, w = antihermitian(a, i, b, j, low, high, n)
            st(p, at, k, fma(weight, v, ld(p, at, k)))
            st(p, at, k + 1, fma(weight, w, ld(p, at, k + 1)))
            st(p, minus, k, fma(-weight, v, ld(p, minus, k)))
            st(p, minus, k + 1, fma(-weight, w, ld(p, minus, k + 1)))
        own, k = phase(a, i, b, j, high, n), (high + 1) * (high + 1) - 2
        v = sqrt(2.0 / whole(high * (high + 1))) * (total - whole(high) * own)
        st(p, at, k, fma(weight, v, ld(p, at, k)))
        st(p, minus, k, fma(-weight, v, ld(p, minus, k)))
        total = total + own
