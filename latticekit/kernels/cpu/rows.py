"""Loops of phi^4 over lattice rows: drift, kick, action, kinetic term.

A block of work holds rows of `length` numbers, `pitch` apart (a whole number of vectors), after a guard of one
vector.  Either a row is one lattice row of one chain and the neighbours along it are neighbouring lanes, or a row
holds a vector of chains site by site and the neighbours are neighbouring vectors: only `left` and `right` differ.
Lanes past the length continue the row periodically and evolve as true copies, so no row has an edge.
"""

from __future__ import annotations

from typing import Any

from latticekit.kernels.cpu.lanes import first_lanes, keep_apart, lanes, like, vld, vst, wide
from latticekit.kernels.site import phi4

Array = Any
Ints = tuple[int, ...]
D = 0  # compile-time constants: the dimension, and the lane moves along a row
left: Any = None
right: Any = None
site_kick, site_drift, bond, potential = phi4.kick, phi4.drift, phi4.bond, phi4.potential


def drift_rows(phi: Array, p: Array, first: int, last: int, shape: Ints, step: float) -> None:
    """phi += step p."""
    _, _, _, _, pitch, guard = shape
    for i in range(guard + first * pitch, guard + last * pitch, lanes(phi)):
        vst(phi, i, site_drift(vld(phi, i), vld(p, i), step))


def kick_rows(
    out: Array, p: Array, phi: Array, first: int, last: int, shape: Ints, e: float, linear: float, cubic: float
) -> None:
    """out = p + e F(phi), row by row; out may be p."""
    _, depth, height, length, pitch, guard = shape
    w = lanes(phi)
    plane, cube = height * pitch, depth * height * pitch
    y = first % height if D > 2 else first
    z = first // height % depth
    t = first // (height * depth)
    for row in range(first, last):
        base = guard + row * pitch
        y_up = pitch if y + 1 < height else pitch - plane
        y_down = -pitch if y > 0 else plane - pitch
        z_up = plane if z + 1 < depth else plane - cube
        z_down = -plane if z > 0 else cube - plane
        t_up = cube if t + 1 < shape[0] else cube - shape[0] * cube
        t_down = -cube if t > 0 else shape[0] * cube - cube
        before, here = vld(phi, base + length - w), vld(phi, base)
        for i in range(base, base + pitch, w):
            ahead = i + w
            after = vld(phi, ahead if ahead < base + pitch else base + pitch - length)
            around = left(before, here) + right(here, after)
            if D > 1:
                around = around + vld(phi, i + y_up) + vld(phi, i + y_down)
            if D > 2:
                around = around + vld(phi, i + z_up) + vld(phi, i + z_down)
            if D > 3:
                around = around + vld(phi, i + t_up) + vld(phi, i + t_down)
            vst(out, i, site_kick(vld(p, i), here, around, 2.0 * e, linear * e, cubic * e))
            before, here = here, after
        y += 1
        if y == height:
            y, z = 0, z + 1
            if z == depth:
                z, t = 0, t + 1


def action_rows(
    sums: Array, at: int, phi: Array, first: int, last: int, shape: Ints, mass_squared: float, coupling: float
) -> None:
    """sums[at ...] = action of the rows first .. last, one number per lane.

    With D = 0 no site has a neighbour: mass_squared = 1 and coupling = 0 then give p.p of a momentum.
    """
    keep_apart()
    _, depth, height, length, pitch, guard = shape
    w = lanes(phi)
    plane, cube = height * pitch, depth * height * pitch
    total = like(0.0, wide(vld(phi, 0)))
    for row in range(first, last):
        base = guard + row * pitch
        y = row % height
        y_up = pitch if y + 1 < height else pitch - plane
        z = row // height % depth
        z_up = plane if z + 1 < depth else plane - cube
        t_up = cube if row + height * depth < shape[0] * height * depth else cube - shape[0] * cube
        here = vld(phi, base)
        subtotal = like(0.0, wide(here))
        for i in range(base, base + pitch, w):
            ahead = i + w
            after = vld(phi, ahead if ahead < base + pitch else base + pitch - length)
            mid = wide(here)
            density = potential(mid, mass_squared, coupling)
            if D > 0:
                density = bond(density, mid, wide(right(here, after)))
            if D > 1:
                density = bond(density, mid, wide(vld(phi, i + y_up)))
            if D > 2:
                density = bond(density, mid, wide(vld(phi, i + z_up)))
            if D > 3:
                density = bond(density, mid, wide(vld(phi, i + t_up)))
            subtotal = subtotal + first_lanes(density, base + length - i)
            here = after
        total = total + subtotal
    vst(sums, at, total)
