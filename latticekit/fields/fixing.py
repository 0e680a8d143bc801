"""Landau and Coulomb gauge: the gauge transformation that brings links as near to 1 as it can."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations
from typing import Any, NamedTuple

from latticekit.arrays import namespace, to_host
from latticekit.fields.links import group_of, matrices, real_dtype
from latticekit.fields.transforms import gauge_transform
from latticekit.groups import GaugeGroup
from latticekit.groups.matrices import dagger, identity_like, re_trace
from latticekit.lattice import coordinates, parity, shift

Array = Any


class Fixed(NamedTuple):
    """A field in a gauge, and how well it is fixed, chain by chain."""

    field: Array
    functional: Array
    """Mean of Re tr U_mu / N over the links that the gauge is about.  (chain,)"""
    theta: Array
    """(1/NV) sum_x tr(D D^dagger), D = sum_mu U_mu(x-mu) - U_mu(x), less its conjugate and trace.  (chain,)"""
    sweeps: Array
    """Sweeps that were needed.  (chain,)"""


def landau_gauge(
    x: Array, *, tolerance: float | None = None, omega: float | None = None, most_sweeps: int = 10_000
) -> Fixed:
    """Maximise the functional of all links until theta <= tolerance; one of many local maxima.  field -> Fixed

    tolerance: by default 1e-14, in single precision 1e-9.
    Overrelaxation with exponent omega, by default 2 / (1 + 3 / L), L the largest extent (Mandula and Ogilvie, Phys.
    Lett. B248 (1990) 156), over the SU(2) subgroups (Cabibbo and Marinari).  Chains end each by its own.
    """
    return _fixed(x, range(x.shape[1]), tolerance, omega, most_sweeps)


def coulomb_gauge(
    x: Array, *, tolerance: float | None = None, omega: float | None = None, most_sweeps: int = 10_000
) -> Fixed:
    """As landau_gauge for the links of space alone (axes 1, 2, ...), time slice by time slice.  field -> Fixed"""
    if x.shape[1] < 2:
        raise ValueError("coulomb_gauge needs two dimensions or more, got 1")
    return _fixed(x, range(1, x.shape[1]), tolerance, omega, most_sweeps)


def _fixed(x: Array, directions: range, tolerance: float | None, omega: float | None, most: int) -> Fixed:
    xp, group, sites = namespace(x), group_of(x), tuple(x.shape[-x.shape[1] :])
    if omega is not None and not 1 <= omega < 2:
        raise ValueError(f"omega must lie in [1, 2), got {omega}")
    if tolerance is None:
        tolerance = 1e-9 if real_dtype(x) == xp.float32 else 1e-14
    omega = 2 / (1 + 3 / max(3, *sites)) if omega is None else omega
    moving = [mu for mu in directions if sites[mu] > 1]  # a link from a site to itself only turns
    masks, u = list(_colours(sites, x)), matrices(x)
    theta = _theta(group, u, moving)
    sweeps = xp.zeros_like(theta)
    for _ in range(most):
        open_ = theta > tolerance
        if not bool(xp.any(open_)):
            break
        for mask in masks:
            chosen = xp.logical_and(mask[None, ...], xp.reshape(open_, (-1, *[1] * len(sites))))
            u = gauge_transform(u, _ascent(u, moving, omega, chosen))
        sweeps = sweeps + xp.astype(open_, sweeps.dtype)
        theta = xp.where(open_, _theta(group, u, moving), theta)
    _refuse_unfinished(to_host(theta), tolerance, most)
    return Fixed(group.project(group.links(u)), _functional(u, directions), theta, sweeps)


def _refuse_unfinished(theta: Any, tolerance: float, most: int) -> None:
    bad = [c for c, value in enumerate(theta.tolist()) if not value <= tolerance]
    if bad:
        raise RuntimeError(
            f"gauge fixing of {len(bad)} chain(s) has not converged after {most} sweeps: theta = {theta[bad[0]]:.2e} "
            f"of chain {bad[0]}, tolerance {tolerance:.0e}; raise most_sweeps or the tolerance, or try another omega"
        )


def _colours(sites: tuple[int, ...], like: Array) -> Iterator[Array]:
    """Masks of sites that are no neighbours of each other: parity, and the last slice of odd extents apart."""
    xp = namespace(like)
    colour, count = parity(sites, like), 2
    for mu, extent in enumerate(sites):
        if extent % 2 and extent > 1:
            colour = colour + count * xp.astype(coordinates(sites, mu, like) == extent - 1, colour.dtype)
            count *= 2
    for c in range(count):
        mask = colour == c
        if bool(xp.any(mask)):
            yield mask


def _ascent(u: Array, moving: list[int], omega: float, chosen: Array) -> Array:
    """g^omega, g the maximum of Re tr(g h), h = sum_mu U_mu(x) + U_mu(x-mu)^dagger; 1 where not chosen."""
    xp, dim = namespace(u), u.shape[1]
    h = 0.0 * u[:, 0, ...]
    for mu in moving:
        link = u[:, mu, ...]
        h = h + link + shift(dagger(link), mu, -1, dim=dim)
    one = identity_like(h) + 0.0 * h
    g = _phase(h, omega) if h.shape[1] == 1 else _subgroups(h, one, omega)
    return xp.where(chosen[:, None, None, ...], g, one)


def _phase(h: Array, omega: float) -> Array:
    """exp(-i omega arg h)."""
    xp = namespace(h)
    angle = xp.atan2(xp.imag(h), xp.real(h)) * -omega
    return xp.astype(xp.cos(angle), h.dtype) + 1j * xp.astype(xp.sin(angle), h.dtype)


def _subgroups(h: Array, one: Array, omega: float) -> Array:
    """The maximum over one SU(2) subgroup after the other, each to the power omega."""
    g = one
    for i, j in combinations(range(h.shape[1]), 2):
        block = _power(h[:, i, i, ...], h[:, i, j, ...], h[:, j, i, ...], h[:, j, j, ...], omega)
        g, h = _turned(g, i, j, block), _turned(h, i, j, block)
    return g


def _power(ii: Array, ij: Array, ji: Array, jj: Array, omega: float) -> tuple[Array, Array]:
    """(a, b) of the SU(2) matrix [[a, b], [-b*, a*]] = (w^dagger / |w|)^omega, w the quaternion part of the block."""
    xp = namespace(ii)
    a, b = 0.5 * (xp.conj(ii) + jj), 0.5 * (xp.conj(ji) - ij)
    vector = xp.sqrt(xp.imag(a) ** 2.0 + xp.abs(b) ** 2.0)
    angle = omega * xp.atan2(vector, xp.real(a))
    none = vector < 1e-30
    stretch = xp.sin(angle) / xp.where(none, xp.ones_like(vector), vector)
    stretch = xp.astype(xp.where(none, xp.zeros_like(vector), stretch), a.dtype)
    return xp.astype(xp.cos(angle), a.dtype) + 1j * xp.astype(xp.imag(a), a.dtype) * stretch, b * stretch


def _turned(m: Array, i: int, j: int, block: tuple[Array, Array]) -> Array:
    """Rows i and j of m times the SU(2) matrix.  (chain, N, N, *sites) -> the same"""
    xp, (a, b) = namespace(m), (one[:, None, ...] for one in block)
    rows = [m[:, k, :, ...] for k in range(m.shape[1])]
    rows[i], rows[j] = a * rows[i] + b * rows[j], xp.conj(a) * rows[j] - xp.conj(b) * rows[i]
    return xp.stack(rows, axis=1)


def _theta(group: GaugeGroup, u: Array, moving: list[int]) -> Array:
    """4 index / (N V) sum of the squared components of the divergence.  matrices -> (chain,) float64"""
    xp, dim, total = namespace(u), u.shape[1], None
    for mu in moving:
        a = group.components(u[:, mu, ...])
        difference = a - shift(a, mu, -1, dim=dim)
        total = difference if total is None else total + difference
    scale = 4 * group.index / (group.n * math.prod(u.shape[4:]))
    if total is None:
        return xp.zeros((u.shape[0],), dtype=xp.float64, device=u.device)
    return xp.sum(total * total, axis=tuple(range(1, total.ndim)), dtype=xp.float64) * scale


def _functional(u: Array, directions: range) -> Array:
    """Mean of Re tr U_mu / N over sites and directions.  matrices -> (chain,) float64"""
    xp = namespace(u)
    each = [re_trace(u[:, mu, ...]) for mu in directions]
    axes = tuple(range(1, each[0].ndim))
    return sum(xp.sum(one, axis=axes, dtype=xp.float64) for one in each) * (
        1.0 / (len(each) * u.shape[2] * math.prod(u.shape[4:]))
    )
