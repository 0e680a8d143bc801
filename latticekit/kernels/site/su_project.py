"""Back onto SU(N) from close by: Newton's step to the polar factor, and the phase of the determinant.

References: `latticekit.groups.exponential.polar`, `special`.
"""

from __future__ import annotations

from typing import Any

from latticekit.kernels.site.primitives import fma, whole
from latticekit.kernels.site.rebinding import Site
from latticekit.kernels.site.su import dagger_mul, ld, mul, st

Number = Any
Array = Any


@Site
def minor(a: Array, i: int, k: int, l: int, m: int, o: int) -> tuple[Number, Number]:
    """a_k a_l - a_m a_o of four elements.  -> re, im"""
    ar, ai, br, bi = ld(a, i, 2 * k), ld(a, i, 2 * k + 1), ld(a, i, 2 * l), ld(a, i, 2 * l + 1)
    cr, ci, dr, di = ld(a, i, 2 * m), ld(a, i, 2 * m + 1), ld(a, i, 2 * o), ld(a, i, 2 * o + 1)
    re = fma(ar, br, fma(-ai, bi, fma(ci, di, -(cr * dr))))
    return re, fma(ar, bi, fma(ai, br, fma(-cr, di, -(ci * dr))))


@Site
def determinant2(out: Array, o: int, j: int, a: Array, i: int, n: int) -> tuple[Number, Number]:
    """det A.  -> re, im"""
    return minor(a, i, 0, 3, 1, 2)


@Site
def determinant3(out: Array, o: int, j: int, a: Array, i: int, n: int) -> tuple[Number, Number]:
    """det A, expanded along the first row.  -> re, im"""
    re, im = 0.0 * ld(a, i, 0), 0.0 * ld(a, i, 0)
    for k in range(3):
        x, y = minor(a, i, 3 + (k + 1) % 3, 6 + (k + 2) % 3, 3 + (k + 2) % 3, 6 + (k + 1) % 3)
        ar, ai = ld(a, i, 2 * k), ld(a, i, 2 * k + 1)
        re, im = fma(-ai, y, fma(ar, x, re)), fma(ai, x, fma(ar, y, im))
    return re, im


@Site
def trace(a: Array, i: int, n: int) -> tuple[Number, Number]:
    """tr A.  -> re, im"""
    re, im = ld(a, i, 0), ld(a, i, 1)
    for r in range(1, n):
        re, im = re + ld(a, i, 2 * (r * n + r)), im + ld(a, i, 2 * (r * n + r) + 1)
    return re, im


@Site
def determinant(out: Array, o: int, j: int, a: Array, i: int, n: int) -> tuple[Number, Number]:
    """det A by Faddeev and LeVerrier: M <- A M + c 1, c = -tr(A M)/k.  Room for matrices at o and j.  -> re, im"""
    zero = 0.0 * ld(a, i, 0)
    for k in range(2 * n * n):
        st(out, o, k, zero)
    re, im = zero - 1.0, zero
    for k in range(1, n + 1):
        for r in range(n):
            st(out, o, 2 * (r * n + r), ld(out, o, 2 * (r * n + r)) - re)
            st(out, o, 2 * (r * n + r) + 1, ld(out, o, 2 * (r * n + r) + 1) - im)
        mul(out, j, a, i, out, o, n)
        re, im = trace(out, j, n)
        re, im = re * (1.0 / whole(k)), im * (1.0 / whole(k))
        for m in range(2 * n * n):
            st(out, o, m, ld(out, j, m))
    sign = whole(n % 2 * 2 - 1)
    return sign * re, sign * im


@Site
def polar_step(out: Array, o: int, j: int, a: Array, i: int, n: int) -> Number:
    """out = A (3 - A^dagger A)/2.  Room for a matrix at j.  -> |A^dagger A - 1|^2, the sum over all elements"""
    dagger_mul(out, j, a, i, a, i, n)
    for r in range(n):
        st(out, j, 2 * (r * n + r), ld(out, j, 2 * (r * n + r)) - 1.0)
    square = ld(out, j, 0) * ld(out, j, 0)
    for k in range(1, 2 * n * n):
        square = fma(ld(out, j, k), ld(out, j, k), square)
    for k in range(2 * n * n):
        st(out, j, k, -0.5 * ld(out, j, k))
    for r in range(n):
        st(out, j, 2 * (r * n + r), ld(out, j, 2 * (r * n + r)) + 1.0)
    mul(out, o, a, i, out, j, n)
    return square


@Site
def turn_step(a: Array, i: int, re: Number, im: Number, n: int) -> None:
    """A <- A (1 - i phi/N), phi = im/re: takes the phase of a determinant near 1 away, to third order."""
    phi = (-1.0 / whole(n)) * (im / re)
    for k in range(n * n):
        x, y = ld(a, i, 2 * k), ld(a, i, 2 * k + 1)
        st(a, i, 2 * k, x - phi * y)
        st(a, i, 2 * k + 1, fma(phi, x, y))
