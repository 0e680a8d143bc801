"""Closed loops of U(1) links: angles that add up along a path, and the way back to the links."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from latticekit.arrays import accelerated, namespace
from latticekit.fields import Path
from latticekit.flows.gauge.masks import Loops, Rows
from latticekit.lattice import shift

Array = Any


def loop_angle(theta: Array, path: Path) -> Array:
    """Sum of the angles along a path that begins at x, minus for steps back.  (chain, mu, *sites) -> (chain, *sites)"""
    dim, total = theta.shape[1], None
    for step in reversed(path):
        link = theta[:, max(step, ~step), ...]
        if step >= 0:
            total = link if total is None else link + shift(total, step, dim=dim)
        else:
            total = shift(-link if total is None else total - link, ~step, -1, dim=dim)
    return total


def loop_angle_vjp(path: Path, bar: Array, dim: int) -> Array:
    """Back from the angles of a path to the links.  (chain, *sites) -> (chain, mu, *sites)"""
    xp = namespace(bar)
    bars = [xp.zeros_like(bar) for _ in range(dim)]
    for step in path:
        if step >= 0:
            bars[step] = bars[step] + bar
            bar = shift(bar, step, -1, dim=dim)
        else:
            bar = shift(bar, ~step, dim=dim)
            bars[~step] = bars[~step] - bar
    return xp.stack(bars, axis=1)


@accelerated(numpy="latticekit.kernels.cpu.u1_couplings:loop_angles")
def loop_angles(theta: Array, rows: Rows, loops: Loops) -> Array:
    """Angles of closed paths at their places.  (chain, mu, *sites) -> (chain, loop, *cells)"""
    found, dim = [], theta.shape[1]
    for path, group in groupby(loops, key=lambda loop: loop[0]):
        angle = loop_angle(theta, path)
        found += [rows.take(angle, place, dim) for _, place in group]
    return namespace(theta).stack(found, axis=1)


@accelerated(numpy="latticekit.kernels.cpu.u1_couplings:loop_angles_vjp")
def loop_angles_vjp(theta: Array, rows: Rows, loops: Loops, bar: Array) -> Array:
    """Back from `loop_angles`.  (chain, mu, *sites), (chain, loop, *cells) -> (chain, mu, *sites)"""
    xp, dim = namespace(theta), theta.shape[1]
    total = xp.zeros_like(theta)
    for path, group in groupby(enumerate(loops), key=lambda loop: loop[1][0]):
        own = xp.zeros_like(theta[:, 0, ...])
        for i, (_, place) in group:
            own = rows.put(own, place, bar[:, i, ...], dim)
        total = total + loop_angle_vjp(path, own, dim)
    return total


@accelerated(numpy="latticekit.kernels.cpu.u1_couplings:phases")
def phases(theta: Array, rows: Rows, loops: Loops) -> Array:
    """Cosines, then sines, of closed paths at their places.  (chain, mu, *sites) -> (chain, 2 loop, *cells)"""
    xp, angle = namespace(theta), loop_angles(theta, rows, loops)
    return xp.concat([xp.cos(angle), xp.sin(angle)], axis=1)


@accelerated(numpy="latticekit.kernels.cpu.u1_couplings:phases_vjp")
def phases_vjp(theta: Array, rows: Rows, loops: Loops, bar: Array) -> Array:
    """Back from `phases` to the links.  (chain, mu, *sites), (chain, 2 loop, *cells) -> (chain, mu, *sites)"""
    xp, angle, n = namespace(theta), loop_angles(theta, rows, loops), len(loops)
    bar = xp.cos(angle) * bar[:, n:, ...] - xp.sin(angle) * bar[:, :n, ...]
    return loop_angles_vjp(theta, rows, loops, bar)
