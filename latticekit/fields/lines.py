"""Straight lines of links, and the loops made of them: Wilson loops of any extents, Polyakov loops."""

from __future__ import annotations

import math
from typing import Any

from latticekit.arrays import namespace
from latticekit.fields.links import matrices
from latticekit.groups.matrices import complex_from, mul, trace
from latticekit.lattice import shift

Array = Any


def line(u: Array, mu: int, length: int) -> Array:
    """U_mu(x) U_mu(x+mu) ... of `length` links, by doubling.  (chain, mu, N, N, *sites) -> (chain, N, N, *sites)"""
    if length < 1:
        raise ValueError(f"line needs a length of at least 1, got {length}")
    dim, power, size, product, done = u.shape[1], u[:, mu, ...], 1, None, 0
    while True:
        if length & size:
            product = power if product is None else mul(product, shift(power, mu, done, dim=dim))
            done += size
        if done == length:
            return product
        power, size = mul(power, shift(power, mu, size, dim=dim)), 2 * size


def lines(u: Array, mu: int, longest: int) -> list[Array]:
    """`line` of every length 1, 2, ..., longest.  (chain, mu, N, N, *sites) -> list of (chain, N, N, *sites)"""
    found = [u[:, mu, ...]]
    for length in range(1, longest):
        found.append(mul(found[-1], shift(u[:, mu, ...], mu, length, dim=u.shape[1])))
    return found


def wilson_loop(x: Array, mu: int, nu: int, length: int, height: int) -> Array:
    """Re tr / N of one rectangle, length along mu by height along nu, mean over sites, float64.  field -> (chain,)"""
    u = matrices(x)
    scale = 1.0 / (u.shape[2] * math.prod(u.shape[4:]))
    return _overlap(line(u, mu, length), mu, length, line(u, nu, height), nu, height, scale)


def wilson_loops(x: Array, mu: int, nu: int, length: int, height: int) -> Array:
    """Re tr / N of rectangles, mean over sites, float64: 1 .. length along mu by 1 .. height along nu.

    field -> (chain, length, height)
    """
    u, xp = matrices(x), namespace(x)
    scale = 1.0 / (u.shape[2] * math.prod(u.shape[4:]))
    first, second = lines(u, mu, length), lines(u, nu, height)
    rows = [[_overlap(a, mu, r, b, nu, t, scale) for t, b in enumerate(second, 1)] for r, a in enumerate(first, 1)]
    return xp.stack([xp.stack(row, axis=1) for row in rows], axis=1)


def _overlap(a: Array, mu: int, r: int, b: Array, nu: int, t: int, scale: float) -> Array:
    """Re tr of [A_r(x) B_t(x + r mu)] [B_t(x) A_r(x + t nu)]^dagger summed over sites.  -> (chain,)"""
    xp, dim = namespace(a), a.ndim - 3
    one, two = mul(a, shift(b, mu, r, dim=dim)), mul(b, shift(a, nu, t, dim=dim))
    axes = tuple(range(1, a.ndim))
    return xp.sum(xp.real(one * xp.conj(two)), axis=axes, dtype=xp.float64) * scale


def polyakov_loops(x: Array, axis: int = 0) -> Array:
    """P(x) = tr(U_axis(x) U_axis(x + axis) ...) / N round the lattice, from the sites with x_axis = 0.

    field -> (chain, *other sites), complex
    """
    if x.ndim == 2 + x.shape[1]:  # angles add up: one sine and cosine per loop, not per link
        angle = namespace(x).sum(x[:, axis, ...], axis=1 + axis)
        return complex_from(namespace(x).cos(angle), namespace(x).sin(angle))
    u = matrices(x)
    links, product, before = u[:, axis, ...], None, (slice(None),) * (3 + axis)
    for k in range(u.shape[4 + axis]):
        step = links[(*before, k, ...)]
        product = step if product is None else mul(product, step)
    return trace(product) * (1.0 / u.shape[2])
