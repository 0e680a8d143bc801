"""The Jacobian of a residual update at one link in every lane (reference: `latticekit.flows.gauge.residual_jacobian`).

Real n x n matrices, n = N^2 - 1, are n^2 numbers row by row in `work`, at offsets counted in elements.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from latticekit.kernels.cpu.gauge_local_lanes import registers
from latticekit.kernels.cpu.lanes import keep_apart, lanes, like
from latticekit.kernels.site.primitives import fma
from latticekit.kernels.site.su import ld, st

Array = Any
N = 0  # compile-time constant: colours
DEGREE = 22
SERIES = np.array([(-1) ** k / math.factorial(k + 1) for k in range(DEGREE + 1)])
"""Coefficients of Psi = (1 - exp(-ad)) / ad in powers of ad."""
times_row: Any = None
product: Any = None


def sparse(work: Array, out: int, a: int, factor: float, table: Any, rows: int) -> None:
    """out_r += factor sum_k value_k a_{column_k}, k from start_r on: a sparse matrix times numbers."""
    keep_apart()
    start, column, value = table
    for r in range(rows):
        total = ld(work, out, r)
        for k in range(start[r], start[r + 1]):
            total = fma(like(factor * value[k], total), ld(work, a, column[k]), total)
        st(work, out, r, total)


def zeros(work: Array, at: int, numbers: int) -> None:
    """`numbers` vectors of zeros."""
    zero = like(0.0, ld(work, at, 0))
    for k in range(numbers):
        st(work, at, k, zero)


def row_product(work: Array, out: int, a: int, b: int, sign: float, add: bool) -> None:
    """A row of out = sign A B, or of out += sign A B; out, a: where the rows start."""
    keep_apart()
    size = N * N - 1
    sums = registers(work)
    zero = like(0.0, ld(work, a, 0))
    for c in range(size):
        st(sums, 0, c, ld(work, out, c) if add else zero)
    for k in range(size):
        x = sign * ld(work, a, k)
        for c in range(size):
            st(sums, 0, c, fma(x, ld(work, b, k * size + c), ld(sums, 0, c)))
    for c in range(size):
        st(work, out, c, ld(sums, 0, c))


def full_product(work: Array, out: int, a: int, b: int, sign: float, add: bool) -> None:
    """out = sign A B, or out += sign A B."""
    size = N * N - 1
    pitch = size * lanes(work)
    for r in range(size):
        times_row(work, out + r * pitch, a + r * pitch, b, sign, add)


def times_vector(work: Array, out: int, a: int, v: int, sign: float, turned: bool) -> None:
    """out += sign A v, or sign A^T v where turned."""
    keep_apart()
    size = N * N - 1
    for r in range(size):
        total = ld(work, out, r)
        for k in range(size):
            at = k * size + r if turned else r * size + k
            total = fma(sign * ld(work, a, at), ld(work, v, k), total)
        st(work, out, r, total)


def transposed(work: Array, out: int, a: int) -> None:
    """out = A^T."""
    size = N * N - 1
    for r in range(size):
        for c in range(size):
            st(work, out, c * size + r, ld(work, a, r * size + c))


def add_one(work: Array, a: int, x: Any) -> None:
    """A += x 1."""
    size = N * N - 1
    for r in range(size):
        st(work, a, r * size + r, ld(work, a, r * size + r) + x)


plus: Any = None


def series(work: Array, sums: int, ad: int, keep: bool) -> int:
    """Horner's partial sums of Psi from `sums` on, all of them or (keep = False) the last two.  -> where Psi is"""
    keep_apart()
    size = N * N - 1
    pitch = size * size * lanes(work)
    for k in range(size * size):
        st(work, sums, k, like(0.0, ld(work, ad, 0)))
    plus(work, sums, like(SERIES[DEGREE], ld(work, ad, 0)))
    old, new = sums, sums + pitch
    for k in range(DEGREE - 1, -1, -1):
        product(work, new, ad, old, 1.0, False)
        plus(work, new, like(SERIES[k], ld(work, ad, 0)))
        old, new = new, new + pitch if keep or new == sums else sums
    return old


def eliminated(work: Array, a: int) -> Any:
    """det A by Gauss without pivots, which a positive symmetric part makes safe; A is used up."""
    keep_apart()
    size = N * N - 1
    det = ld(work, a, 0)
    for k in range(size - 1):
        over = 1.0 / ld(work, a, k * size + k)
        for r in range(k + 1, size):
            x = over * ld(work, a, r * size + k)
            for c in range(k + 1, size):
                st(work, a, r * size + c, fma(-x, ld(work, a, k * size + c), ld(work, a, r * size + c)))
        det = det * ld(work, a, (k + 1) * size + k + 1)
    return det


def inverted(work: Array, a: int) -> None:
    """A becomes its inverse, by Gauss and Jordan without pivots."""
    keep_apart()
    size = N * N - 1
    one = like(1.0, ld(work, a, 0))
    for k in range(size):
        over = one / ld(work, a, k * size + k)
        st(work, a, k * size + k, one)
        for c in range(size):
            st(work, a, k * size + c, over * ld(work, a, k * size + c))
        for r in range(size):
            if r != k:
                x = ld(work, a, r * size + k)
                st(work, a, r * size + k, 0.0 * x)
                for c in range(size):
                    st(work, a, r * size + c, fma(-x, ld(work, a, k * size + c), ld(work, a, r * size + c)))


turn_over: Any = None
clear: Any = None


def series_vjp(work: Array, ad_bar: int, sums: int, ad: int, p_bar: int, aside: int) -> None:
    """ad_bar = cotangent of ad from that of Psi, which is used up; aside: room for two matrices."""
    keep_apart()
    size = N * N - 1
    pitch = size * size * lanes(work)
    clear(work, ad_bar, size * size)
    for k in range(DEGREE):
        turn_over(work, aside, sums + (DEGREE - 1 - k) * pitch)
        product(work, ad_bar, p_bar, aside, 1.0, True)
        product(work, aside + pitch, ad, p_bar, -1.0, False)  # ad^T = -ad
        for i in range(size * size):
            st(work, p_bar, i, ld(work, aside + pitch, i))
