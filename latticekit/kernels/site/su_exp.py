"""exp(i s v_a T_a) of algebra elements with eigenvalues |s v| up to 1, to rounding (reference: `groups.exponential`).

All formulas: matrix at `o` of `out` = exponential of the element at `at` of p, times s; at `i` and `j` of `out` is
room for two more.  Larger elements: take s / 2^k, and square the result k times.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from latticekit.kernels.site.primitives import clip, exponent, fma, rint, sqrt, whole
from latticekit.kernels.site.rebinding import Site
from latticekit.kernels.site.su import ld, mul, st

Number = Any
Array = Any
DEGREE = 18
TAYLOR = np.array([(-1) ** (k // 2) / math.factorial(k) for k in range(DEGREE + 1)])
"""i^k / k! without the factor i of odd k."""
THIRD_ROOT = math.sqrt(1 / 12)


@Site
def halvings(p: Array, at: int, s: Number, n: int) -> Number:
    """k such that the eigenvalues of s v / 2^k are at most 1; 0 where they are already.

    Their squares are at most (n - 1)/n of their sum, tr H^2 = |v|^2 / 2.
    """
    square = ld(p, at, 0) * ld(p, at, 0)
    for a in range(1, n * n - 1):
        square = fma(ld(p, at, a), ld(p, at, a), square)
    e = exponent(square * (s * s * (0.35 * whole(n - 1) / whole(n))))
    return clip(rint(0.5 * e + 0.74), 0.0, 600.0)


@Site
def exp2(out: Array, o: int, i: int, j: int, p: Array, at: int, s: Number, n: int) -> None:
    """cos r + i (sin r / r) s v.sigma/2, r = |s v|/2."""
    x, y, z = 0.5 * s * ld(p, at, 0), 0.5 * s * ld(p, at, 1), 0.5 * s * ld(p, at, 2)
    square = fma(x, x, fma(y, y, z * z))
    c, f = square * TAYLOR[DEGREE] + TAYLOR[DEGREE - 2], square * TAYLOR[DEGREE - 1] + TAYLOR[DEGREE - 3]
    for k in range(DEGREE - 4, -1, -2):
        c = c * square + TAYLOR[k]
    for k in range(DEGREE - 5, -1, -2):
        f = f * square + TAYLOR[k]
    st(out, o, 0, c)
    st(out, o, 1, f * z)
    st(out, o, 2, f * y)
    st(out, o, 3, f * x)
    st(out, o, 4, -(f * y))
    st(out, o, 5, f * x)
    st(out, o, 6, c)
    st(out, o, 7, -(f * z))


@Site
def both(
    out: Array,
    o: int,
    low: int,
    high: int,
    a: Number,
    b: Number,
    c: Number,
    e: Number,
    x: Number,
    y: Number,
    z: Number,
    w: Number,
) -> None:
    """(a + ib) H + (c + ie) G at a pair of elements of Hermitian H = x + iy and G = z + iw above the diagonal."""
    p, m = fma(a, x, c * z), fma(b, y, e * w)
    q, k = fma(a, y, c * w), fma(b, x, e * z)
    st(out, o, 2 * low, p - m)
    st(out, o, 2 * low + 1, q + k)
    st(out, o, 2 * high, p + m)
    st(out, o, 2 * high + 1, k - q)


@Site
def exp3(out: Array, o: int, i: int, j: int, p: Array, at: int, s: Number, n: int) -> None:
    """q0 + q1 H + q2 G, H = s v_a T_a, G = H^2, by H^3 = t H + d with t = tr G / 2, d = det H.

    Morningstar and Peardon, hep-lat/0311018, section III, with Horner's rule on the coefficients, real (r) and
    imaginary (i) parts apart: multiplication by H takes (q0, q1, q2) to (d q2, q0 + t q2, q1).
    """
    h = 0.5 * s
    ax, ay = h * ld(p, at, 0), -(h * ld(p, at, 1))  # H_01
    bx, by = h * ld(p, at, 3), -(h * ld(p, at, 4))  # H_02
    cx, cy = h * ld(p, at, 5), -(h * ld(p, at, 6))  # H_12
    u, v = h * ld(p, at, 2), THIRD_ROOT * s * ld(p, at, 7)
    d0, d1, d2 = v + u, v - u, -(v + v)
    aa, bb, cc = fma(ax, ax, ay * ay), fma(bx, bx, by * by), fma(cx, cx, cy * cy)
    g0, g1, g2 = d0 * d0 + (aa + bb), d1 * d1 + (aa + cc), d2 * d2 + (bb + cc)
    fx, fy = fma(bx, cx, fma(by, cy, -(d2 * ax))), fma(by, cx, fma(-bx, cy, -(d2 * ay)))  # G_01 = -d2 H_01 + H_02 H_12*
    kx, ky = fma(ax, cx, fma(-ay, cy, -(d1 * bx))), fma(ax, cy, fma(ay, cx, -(d1 * by)))
    mx, my = fma(ax, bx, fma(ay, by, -(d0 * cx))), fma(ax, by, fma(-ay, bx, -(d0 * cy)))
    t = 0.5 * (g0 + g1 + g2)
    loop = fma(bx, fma(ax, cx, -(ay * cy)), by * fma(ax, cy, ay * cx))  # Re H_01 H_12 H_20
    d = fma(d2, fma(d0, d1, -aa), fma(-d0, cc, fma(-d1, bb, loop + loop)))
    zero = 0.0 * t
    r0, r1, r2, i0, i1, i2 = zero, zero, zero, zero, zero, zero
    for k in range(DEGREE, 0, -2):
        r0, r1, r2 = TAYLOR[k] + d * r2, r0 + t * r2, r1
        i0, i1, i2 = d * i2, i0 + t * i2, i1
        r0, r1, r2 = d * r2, r0 + t * r2, r1
        i0, i1, i2 = TAYLOR[k - 1] + d * i2, i0 + t * i2, i1
    r0, r1, r2 = 1.0 + d * r2, r0 + t * r2, r1
    i0, i1, i2 = d * i2, i0 + t * i2, i1
    st(out, o, 0, fma(r2, g0, fma(r1, d0, r0)))
    st(out, o, 1, fma(i2, g0, fma(i1, d0, i0)))
    st(out, o, 8, fma(r2, g1, fma(r1, d1, r0)))
    st(out, o, 9, fma(i2, g1, fma(i1, d1, i0)))
    st(out, o, 16, fma(r2, g2, fma(r1, d2, r0)))
    st(out, o, 17, fma(i2, g2, fma(i1, d2, i0)))
    both(out, o, 1, 3, r1, i1, r2, i2, ax, ay, fx, fy)
    both(out, o, 2, 6, r1, i1, r2, i2, bx, by, kx, ky)
    both(out, o, 5, 7, r1, i1, r2, i2, cx, cy, mx, my)


@Site
def algebra(out: Array, o: int, p: Array, at: int, s: Number, n: int) -> None:
    """out = i s v_a T_a."""
    for high in range(1, n):
        for low in range(high):
            x, y = 0.5 * s * ld(p, at, high * high - 1 + 2 * low), 0.5 * s * ld(p, at, high * high + 2 * low)
            st(out, o, 2 * (low * n + high), y)
            st(out, o, 2 * (low * n + high) + 1, x)
            st(out, o, 2 * (high * n + low), -y)
            st(out, o, 2 * (high * n + low) + 1, x)
    rest = 0.0 * ld(p, at, 0)
    for j in range(n - 1, -1, -1):  # rest: what the generators of larger SU(j) give to this diagonal element
        own = s * ld(p, at, (j + 1) * (j + 1) - 2) * (1.0 / sqrt(whole(2 * j * (j + 1)))) if j > 0 else 0.0 * rest
        st(out, o, 2 * (j * n + j), 0.0 * rest)
        st(out, o, 2 * (j * n + j) + 1, rest - own * whole(j))
        rest = rest + own


@Site
def exp_any(out: Array, o: int, i: int, j: int, p: Array, at: int, s: Number, n: int) -> None:
    """Taylor's series by Horner's rule: E <- 1 + (X / k) E."""
    size, zero = 2 * n * n, 0.0 * ld(p, at, 0)
    algebra(out, i, p, at, s, n)
    for k in range(size):
        st(out, o, k, zero)
    for r in range(n):
        st(out, o, 2 * (r * n + r), zero + 1.0)
    for degree in range(DEGREE, 0, -1):
        mul(out, j, out, i, out, o, n)
        for k in range(size):
            st(out, o, k, ld(out, j, k) * (1.0 / whole(degree)))
        for r in range(n):
            st(out, o, 2 * (r * n + r), ld(out, o, 2 * (r * n + r)) + 1.0)
