"""Eigenphases of unitary matrices on NumPy arrays (reference: `latticekit.flows.gauge.eigen`), one matrix at a time."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from latticekit.kernels.cpu.phi4 import frozen
from latticekit.kernels.cpu.target import kernel, loop, parallel_range, threads_for

Array = Any
SWEEPS = 30
TURN = 2 * math.pi
each: Any = None
rotation: Any = None
open_: Any = None


def largest(a: Array) -> Any:
    """Largest absolute value off the diagonal, squared."""
    n, found = a.shape[0], a[0, 0].real * 0
    for i in range(n):
        for j in range(n):
            if i != j:
                found = max(found, a[i, j].real ** 2 + a[i, j].imag ** 2)
    return found


def rotate(a: Array, v: Array, i: int, j: int, tiny: Any) -> None:
    """The rotation of the plane (i, j) that makes both Hermitian parts of the block diagonal as far as it goes."""
    n, one = a.shape[0], a[i, i].real * 0 + 1
    p, q, d = a[i, j], a[j, i], a[i, i] - a[j, j]
    a1, a2, a3 = p.real + q.real, q.imag - p.imag, d.real
    b1, b2, b3 = p.imag + q.imag, p.real - q.real, d.imag
    across = 2 * one * (a1 * b1 + a2 * b2 + a3 * b3)
    phi = math.atan2(across, (a1 * a1 + a2 * a2 + a3 * a3) - (b1 * b1 + b2 * b2 + b3 * b3)) / (2 * one)
    c, s = math.cos(phi), math.sin(phi)
    x, y, z = c * a1 + s * b1, c * a2 + s * b2, c * a3 + s * b3
    if z < 0:
        x, y, z = -x, -y, -z
    length = math.sqrt(x * x + y * y + z * z)
    if length < tiny:
        return
    c = math.sqrt((one + z / length) / (2 * one))
    scale = one / (2 * one * c * length)
    re, im = x * scale, y * scale
    for k in range(n):
        for m in (a, v):
            f, g = m[k, i], m[k, j]
            m[k, i] = complex(c * f.real + (re * g.real - im * g.imag), c * f.imag + (re * g.imag + im * g.real))
            m[k, j] = complex(c * g.real - (re * f.real + im * f.imag), c * g.imag - (re * f.imag - im * f.real))
    for k in range(n):
        f, g = a[i, k], a[j, k]
        a[i, k] = complex(c * f.real + (re * g.real + im * g.imag), c * f.imag + (re * g.imag - im * g.real))
        a[j, k] = complex(c * g.real - (re * f.real - im * f.imag), c * g.imag - (re * f.imag + im * f.real))


def _eigen(m: Array, theta: Array, vectors: Array, enough: float, tiny: float) -> None:
    n, zero = m.shape[1], m[0, 0, 0, 0] * 0
    for chain in each(m.shape[0]):
        a, v = np.empty((n, n), m.dtype), np.empty((n, n), m.dtype)
        for s in range(m.shape[3]):
            for i in range(n):
                for j in range(n):
                    a[i, j], v[i, j] = m[chain, i, j, s], zero
                v[i, i] = zero + 1
            for _ in range(SWEEPS):
                if not open_(a) > enough * enough:
                    break
                for j in range(1, n):
                    for i in range(j):
                        rotation(a, v, i, j, tiny)
            total = 0.0
            for i in range(n):
                theta[chain, i, s] = math.atan2(a[i, i].imag, a[i, i].real)
                total += theta[chain, i, s]
                for j in range(n):
                    vectors[chain, i, j, s] = v[i, j]
            theta[chain, 0, s] -= TURN * round(total / TURN)
            total = 0.0
            for i in range(n):
                total += theta[chain, i, s]
            for i in range(n):
                theta[chain, i, s] -= total / n


@lru_cache
def _kernel(parallel: bool) -> Any:
    names = {"each": parallel_range(parallel), "rotation": loop(rotate), "open_": loop(largest)}
    return kernel(_eigen, parallel, **names)


def eigenphases(m: Array) -> Any:
    """theta, V of m = V exp(i theta) V^dagger.  (chain, N, N, *n) -> (chain, N, *n), (chain, N, N, *n)"""
    if type(m) is not np.ndarray or m.dtype.char not in "DF" or not m.size or m.shape[1] != m.shape[2]:
        return NotImplemented
    chains, n, shape = m.shape[0], m.shape[1], m.shape[3:]
    flat = frozen(np.ascontiguousarray(m).reshape(chains, n, n, -1))
    theta, vectors = np.empty((chains, n, flat.shape[3]), flat.real.dtype), np.empty_like(flat)
    eps = np.finfo(flat.dtype)
    parallel = threads_for(chains, m[0].size) > 1
    _kernel(parallel)(flat, theta, vectors, n * float(eps.eps), float(eps.smallest_normal) ** 0.5)
    return theta.reshape(chains, n, *shape), vectors.reshape(m.shape)
