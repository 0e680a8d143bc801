"""Gauge fields into blocks of work and back: complex links, real algebra elements, angles (see `links`).

A field `(chain, mu, *internal, *sites)` is read as real numbers: `planes` arrays of sites per direction (N^2 complex
matrix elements, N^2 - 1 coefficients, 1 angle), with 2 numbers per site of a plane if it is complex, else 1.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from latticekit.kernels.cpu.gauge_lanes import TURN_IN, TURN_OUT
from latticekit.kernels.cpu.lanes import keep_apart, lanes
from latticekit.kernels.cpu.target import loop

Array = Any
Ints = tuple[int, ...]
PARTS = 1  # compile-time constants: numbers per site of a plane, and the transposition for them
turn: Any = None


def _starts(lane_chain: Array, lane_site: Array, block: int, numbers: int) -> Array:
    """Where the numbers of each lane start in the field; numbers: those of a chain."""
    starts = np.empty(lane_site.size, np.int64)
    for lane in range(starts.size):
        starts[lane] = lane_chain[block * starts.size + lane] * numbers + np.int64(lane_site[lane]) * PARTS
    return starts


def _plane_start(first_site: Array, x: int, plane: int, sites: int) -> Any:
    """Where the numbers of a plane of sites start in lane 0, from outer site x on."""
    return (plane * sites + np.int64(first_site[x])) * PARTS


starts_of: Any = None
plane_start: Any = None


def pack(to: Array, at: int, field: Array, block: int, tables: tuple[Array, ...], shape: Ints, planes: int) -> None:
    """to[at ...] = block number `block` of a flat field; tables, shape: `Layout.packing`."""
    keep_apart()
    lane_chain, lane_site, first_site, _ = tables
    w, (sites, dim, row) = lanes(to), shape
    starts = starts_of(lane_chain, lane_site, block, sites * dim * planes * PARTS)
    pitch = dim * planes * PARTS * w
    half = w // 2
    whole = row * PARTS // half * half if half >= PARTS else 0
    for x in range(0, first_site.size, 2 * row):
        for plane in range(dim * planes):
            other = min(x + row, first_site.size - row)  # two rows at a time; the last one of an odd number twice
            source, source2 = plane_start(first_site, x, plane, sites), plane_start(first_site, other, plane, sites)
            target, target2 = at + x * pitch + plane * PARTS * w, at + other * pitch + plane * PARTS * w
            for n in range(0, whole, half):
                skip = n // PARTS * pitch
                turn(to, target + skip, target2 + skip, pitch, field, starts, source + n, source2 + n, w)
            for n in range(whole, row * PARTS):
                skip = n // PARTS * pitch + n % PARTS * w
                for lane in range(w):
                    to[target + skip + lane] = field[source + n + starts[lane]]
                    to[target2 + skip + lane] = field[source2 + n + starts[lane]]


def unpack(
    field: Array, source: Array, at: int, block: int, tables: tuple[Array, ...], shape: Ints, planes: int
) -> None:
    """Block number `block` of a flat field = source[at ...]; lanes without a chain of their own are left out."""
    keep_apart()
    lane_chain, lane_site, first_site, filled = tables
    w, (sites, dim, row) = lanes(source), shape
    starts = starts_of(lane_chain, lane_site, block, sites * dim * planes * PARTS)
    pitch = dim * planes * PARTS * w
    half = w // 2
    whole = row * PARTS // half * half if half >= PARTS else 0
    for x in range(0, first_site.size, 2 * row):
        for plane in range(dim * planes):
            other = min(x + row, first_site.size - row)
            target, target2 = plane_start(first_site, x, plane, sites), plane_start(first_site, other, plane, sites)
            here, there = at + x * pitch + plane * PARTS * w, at + other * pitch + plane * PARTS * w
            for n in range(0, whole, half):
                skip = n // PARTS * pitch
                turn(source, here + skip, there + skip, pitch, field, starts, target + n, target2 + n, filled[block])
            for n in range(whole, row * PARTS):
                skip = n // PARTS * pitch + n % PARTS * w
                for lane in range(filled[block]):
                    field[target + n + starts[lane]] = source[here + skip + lane]
                    field[target2 + n + starts[lane]] = source[there + skip + lane]


class Packing(NamedTuple):
    """Loops to be called in kernels."""

    pack: Any
    unpack: Any


@lru_cache
def packing(parts: int) -> Packing:
    """The loops for complex links (parts = 2), or real angles and algebra elements (1)."""
    names = {"PARTS": parts, "starts_of": loop(_starts, PARTS=parts), "plane_start": loop(_plane_start, PARTS=parts)}
    return Packing(loop(pack, turn=TURN_IN[parts], **names), loop(unpack, turn=TURN_OUT[parts], **names))
