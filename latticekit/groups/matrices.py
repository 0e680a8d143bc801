"""Products of small matrices whose indices stand before the sites, (chain, N, N, *sites): sums of whole-field products.

A trailing 3 x 3 `matmul` streams badly and GPU threads would not read neighbouring sites together.
"""

from __future__ import annotations

from typing import Any

from latticekit.arrays import namespace

Array = Any


def complex_from(re: Array, im: Array) -> Array:
    """re + i im in the precision of re.  two real arrays -> complex, same shape"""
    xp = namespace(re)
    kind = xp.complex64 if re.dtype == xp.float32 else xp.complex128
    return xp.astype(re, kind) + 1j * xp.astype(im, kind)


def dagger(a: Array) -> Array:
    """a^dagger.  (chain, N, N, *sites) -> the same"""
    xp = namespace(a)
    return xp.conj(xp.permute_dims(a, (0, 2, 1, *range(3, a.ndim))))


def mul(a: Array, b: Array) -> Array:
    """a b.  (chain, N, M, *sites), (chain, M, K, *sites) -> (chain, N, K, *sites)"""
    total = a[:, :, 0:1, ...] * b[:, 0:1, :, ...]
    for k in range(1, a.shape[2]):
        total = total + a[:, :, k : k + 1, ...] * b[:, k : k + 1, :, ...]
    return total


def mul_dagger(a: Array, b: Array) -> Array:
    """a b^dagger.  two (chain, N, N, *sites) -> the same"""
    return mul(a, dagger(b))


def dagger_mul(a: Array, b: Array) -> Array:
    """a^dagger b.  two (chain, N, N, *sites) -> the same"""
    return mul(dagger(a), b)


def trace(a: Array) -> Array:
    """tr a.  (chain, N, N, *sites) -> (chain, *sites)"""
    total = a[:, 0, 0, ...]
    for i in range(1, a.shape[1]):
        total = total + a[:, i, i, ...]
    return total


def re_trace(a: Array) -> Array:
    """Re tr a, real.  (chain, N, N, *sites) -> (chain, *sites)"""
    return namespace(a).real(trace(a))


def product_trace(a: Array, b: Array) -> Array:
    """tr(a b) without the product.  two (chain, N, N, *sites) -> (chain, *sites)"""
    xp = namespace(a)
    return xp.sum(a * xp.permute_dims(b, (0, 2, 1, *range(3, b.ndim))), axis=(1, 2))


def identity_like(a: Array) -> Array:
    """1, to be broadcast over chains and sites.  (chain, N, N, *sites) -> (1, N, N, 1, ...)"""
    xp, n = namespace(a), a.shape[1]
    return xp.reshape(xp.eye(n, dtype=a.dtype, device=a.device), (1, n, n, *[1] * (a.ndim - 3)))


def determinant(a: Array) -> Array:
    """det a by the recursion of Faddeev and LeVerrier.  (chain, N, N, *sites) -> (chain, *sites)

    A_1 = a, c_k = -tr A_k / k, A_(k+1) = a (A_k + c_k 1); det a = (-1)^N c_N.
    """
    one, n = identity_like(a), a.shape[1]
    m, c = a, trace(a) * -1.0  # m = a M_k, c = c_k
    for k in range(2, n + 1):
        m = mul(a, m + c[:, None, None, ...] * one)
        c = trace(m) * (-1.0 / k)
    return c if n % 2 == 0 else c * -1.0
