"""Closed loops of SU(N) links: traces as features, and the ways back to the links."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from latticekit.arrays import namespace
from latticekit.fields import Path, transporter
from latticekit.fields.loops import transporter_vjp
from latticekit.flows.gauge.masks import Loops, Rows
from latticekit.groups import GaugeGroup
from latticekit.groups.matrices import complex_from, dagger, identity_like, mul, trace

Array = Any


def traces(u: Array, rows: Rows, loops: Loops) -> Array:
    """Re tr/N, and behind them (N > 2) Im tr/N, of closed paths.  (chain, mu, N, N, *sites) -> (chain, n, *cells)"""
    xp, dim, found = namespace(u), u.shape[1], []
    for path, group in groupby(loops, key=lambda loop: loop[0]):
        t = trace(transporter(u, path)) * (1.0 / u.shape[2])
        found += [rows.take(t, place, dim) for _, place in group]
    t = xp.stack(found, axis=1)
    return xp.real(t) if u.shape[2] == 2 else xp.concat([xp.real(t), xp.imag(t)], axis=1)


def traces_vjp(u: Array, rows: Rows, loops: Loops, bar: Array, group: GaugeGroup) -> Array:
    """Back from `traces` to the links.  (chain, mu, N, N, *sites), (chain, n, *cells) -> algebra

    delta L = Re tr(c_bar delta c) with c_bar = (re_bar - i im_bar)/N.
    """
    xp, dim, n = namespace(u), u.shape[1], len(loops)
    total = 0.0
    for path, members in groupby(enumerate(loops), key=lambda loop: loop[1][0]):
        re = im = xp.zeros_like(xp.real(u[:, 0, 0, 0, ...]))
        for i, (_, place) in members:
            re = rows.put(re, place, bar[:, i, ...], dim)
            im = im if u.shape[2] == 2 else rows.put(im, place, -bar[:, n + i, ...], dim)
        c = transporter(u, path)
        c_bar = complex_from(re, im)[:, None, None, ...] * identity_like(c) * (1.0 / u.shape[2])
        total = total + links_of(transporter_vjp(u, path, c, c_bar)[1], group, dim) * -group.index
    return total


def loop_vjp(u: Array, path: Path, cotangent: Array, group: GaugeGroup) -> Array:
    """Back from a loop c to its links, given the matrices i v_a T_a of d/d(left displacement of c).  -> algebra"""
    c = transporter(u, path)
    return links_of(transporter_vjp(u, path, c, mul(dagger(c), cotangent))[1], group, u.shape[1])


def links_of(found: list[tuple[int, Array]], group: GaugeGroup, dim: int) -> Array:
    """Components of the matrices of every link, added up by direction.  [(mu, (chain, N, N, *sites))] -> algebra"""
    xp = namespace(found[0][1])
    zero = xp.zeros_like(group.components(found[0][1]))
    sums = [zero for _ in range(dim)]
    for mu, m in found:
        sums[mu] = sums[mu] + group.components(m)
    return xp.stack(sums, axis=1)
