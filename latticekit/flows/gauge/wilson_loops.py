"""Paths of SU(N) links from one place of every cell: products, traces as features, and the ways back to the links."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple

from latticekit.arrays import namespace
from latticekit.fields import Path, transporter
from latticekit.fields.loops import transporter_vjp
from latticekit.flows.gauge.masks import Loops, Place, Rows
from latticekit.groups import GaugeGroup
from latticekit.groups.matrices import complex_from, dagger, dagger_mul, identity_like, mul, mul_dagger, trace

Array = Any


class Piece(NamedTuple):
    """Matrices that belong to the links of direction mu at one place of every cell.  m: (chain, N, N, *cells)"""

    mu: int
    place: Place
    m: Array


def product(u: Array, rows: Rows, path: Path, place: Place = (0, 0)) -> Array:
    """The links along a path in the plane of the rows.  (chain, mu, N, N, *sites) -> (chain, N, N, *cells)"""
    *_, (_, _, found) = _walk(u, rows, path, place)
    return found


def product_vjp(u: Array, rows: Rows, path: Path, bar: Array, place: Place = (0, 0)) -> list[Piece]:
    """Matrices of the links from those of the product, both of left displacements.  (chain, N, N, *cells)

    With A the product before link U, forward or back, that of U is A^dagger bar A or -(A U^+)^+ bar A U^+.
    """
    found, before = [], None
    for step, at, after in _walk(u, rows, path, place):
        known = before if step >= 0 else after
        own = bar if known is None else dagger_mul(known, mul(bar, known))
        found.append(Piece(max(step, ~step), at, own if step >= 0 else -own))
        before = after
    return found


def _walk(u: Array, rows: Rows, path: Path, place: Place) -> Iterator[tuple[int, Place, Array]]:
    """Every step, the place of its link, and the product up to there, that link included."""
    at, total = {rows.mu: place[0], rows.nu: place[1]}, None
    for step in path:
        along = max(step, ~step)
        at[along] -= step < 0
        here = (at[rows.mu], at[rows.nu])
        link = rows.take(u[:, along, ...], here, u.shape[1])
        if total is None:
            total = link if step >= 0 else dagger(link)
        else:
            total = mul(total, link) if step >= 0 else mul_dagger(total, link)
        yield step, here, total
        at[along] += step >= 0


def spread(u: Array, rows: Rows, pieces: list[Piece], group: GaugeGroup) -> Array:
    """Components of matrices at their links, added up.  -> algebra"""
    xp, dim = namespace(u), u.shape[1]
    blank = xp.real(u[:, 0, 0, :1, ...]) * 0.0
    sums = [xp.concat([blank] * group.algebra_size, axis=1) for _ in range(dim)]
    for mu, place, m in pieces:
        sums[mu] = rows.put(sums[mu], place, rows.take(sums[mu], place, dim) + group.components(m), dim)
    return xp.stack(sums, axis=1)


def traces(u: Array, rows: Rows, loops: Loops) -> Array:
    """Re tr/N, and behind them (N > 2) Im tr/N, of closed paths.  (chain, mu, N, N, *sites) -> (chain, n, *cells)"""
    xp, found = namespace(u), []
    for path, group in groupby(loops, key=lambda loop: loop[0]):
        places = [place for _, place in group]
        if rows.holds(path):
            found += [trace(product(u, rows, path, place)) for place in places]
        else:
            whole = trace(transporter(u, path))
            found += [rows.take(whole, place, u.shape[1]) for place in places]
    t = xp.stack(found, axis=1) * (1.0 / u.shape[2])
    return xp.real(t) if u.shape[2] == 2 else xp.concat([xp.real(t), xp.imag(t)], axis=1)


def traces_vjp(u: Array, rows: Rows, loops: Loops, bar: Array, group: GaugeGroup) -> Array:
    """Back from `traces` to the links.  (chain, mu, N, N, *sites), (chain, n, *cells) -> algebra

    delta L = Re tr(c_bar delta c) with c_bar = (re_bar - i im_bar)/N.
    """
    xp, n = namespace(u), len(loops)
    re, im = bar[:, :n, ...], 0.0 * bar[:, :n, ...] if u.shape[2] == 2 else bar[:, n:, ...]
    c_bar, pieces, total = complex_from(re, -im) * (-group.index / u.shape[2]), [], 0.0
    for path, members in groupby(enumerate(loops), key=lambda loop: loop[1][0]):
        own = [(i, place) for i, (_, place) in members]
        if rows.holds(path):
            for i, place in own:
                c = product(u, rows, path, place)
                pieces += product_vjp(u, rows, path, c * c_bar[:, i, None, None, ...], place)
        else:
            field = xp.zeros_like(u[:, 0, 0, 0, ...])
            for i, place in own:
                field = rows.put(field, place, c_bar[:, i, ...], u.shape[1])
            total = total + _whole_vjp(u, path, field, group)
    return total + spread(u, rows, pieces, group)


def _whole_vjp(u: Array, path: Path, field: Array, group: GaugeGroup) -> Array:
    """Back from the traces of a path that begins at every site.  (chain, *sites) -> algebra"""
    c = transporter(u, path)
    found = transporter_vjp(u, path, c, field[:, None, None, ...] * identity_like(c))[1]
    return links_of(found, group, u.shape[1])


def links_of(found: list[tuple[int, Array]], group: GaugeGroup, dim: int) -> Array:
    """Components of the matrices of every link, added up by direction.  [(mu, (chain, N, N, *sites))] -> algebra"""
    xp = namespace(found[0][1])
    zero = xp.zeros_like(group.components(found[0][1]))
    sums = [zero for _ in range(dim)]
    for mu, m in found:
        sums[mu] = sums[mu] + group.components(m)
    return xp.stack(sums, axis=1)
