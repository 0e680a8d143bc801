"""Staples of active links as rows of real numbers, and the way back from them to the links."""

from __future__ import annotations

from typing import Any

from latticekit.arrays import namespace
from latticekit.fields import Path
from latticekit.fields.loops import transporter, transporter_vjp
from latticekit.fields.smearing import LOOPS
from latticekit.flows.gauge.residual_jacobian import matrices_of, rows
from latticekit.flows.gauge.residual_links import ActiveLinks, put, take
from latticekit.flows.gauge.wilson_loops import links_of
from latticekit.groups import GaugeGroup
from latticekit.groups.matrices import dagger
from latticekit.lattice import shift

Array = Any


def staple_paths(mu: int, loops: tuple[str, ...], dim: int) -> list[tuple[str, int, Path]]:
    """Every staple of a link along mu: kind of loop, direction of its plane, path from x + mu to x."""
    return [(kind, nu, path) for kind in loops for nu in range(dim) if nu != mu for path in LOOPS[kind](mu, nu)]


def staples(u: Array, links: ActiveLinks, loops: tuple[str, ...]) -> Array:
    """Rows of the staples C_i of active links.  (chain, mu, N, N, *sites) -> (chain, A, i, 2 N^2)"""
    dim, sites = u.shape[1], tuple(u.shape[4:])
    found = [
        take(shift(transporter(u, path), links.mu, 1, dim=dim), links, sites)
        for _, _, path in staple_paths(links.mu, loops, dim)
    ]
    return rows(namespace(u).stack(found, axis=1))


def staples_vjp(u: Array, links: ActiveLinks, loops: tuple[str, ...], bar: Array, group: GaugeGroup) -> Array:
    """Back from rows of staples to the links.  (chain, A, i, 2 N^2) -> algebra"""
    dim, sites, found = u.shape[1], tuple(u.shape[4:]), []
    blank = namespace(u).zeros_like(u[:, 0, ...])
    for i, (_, _, path) in enumerate(staple_paths(links.mu, loops, dim)):
        c_bar = put(blank, dagger(matrices_of(bar[:, :, i, :], u.shape[2])), links, sites)  # Re tr(c_bar dC)
        c_bar = shift(c_bar, links.mu, -1, dim=dim)  # where the staple begins
        found += transporter_vjp(u, path, transporter(u, path), c_bar)[1]
    return links_of(found, group, dim) * -group.index
