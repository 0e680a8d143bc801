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


starts_of: Any = None


def pack(to: Array, at: int, field: Array, block: int, tables: tuple[Array, ...], shape: Ints, planes: int) -> None:
    """to[at ...] = block number `block` of a flat field; tables, shape: `Layout.packing`."""
    keep_apart()
    lane_chain, lane_site, first_site, _ = tables
    w, (sites, dim, row) = lanes(to), shape
    starts = starts_of(lane_chain, lane_site, block, sites * dim * planes * PARTS)
    pitch = dim * planes * PARTS * w
    for x in range(0, first_site.size, row):
        for plane in range(dim * planes):
            source = (plane * sites + np.int64(first_site[x])) * PARTS
            target = at + x * pitch + plane * PARTS * w
            whole = row * PARTS // w * w
            for n in range(0, whole, w):
                turn(to, target + n // PARTS * pitch, pitch, field, starts, source + n, w)
            for n in range(whole, row * PARTS):
                for lane in range(w):
                    place = target + n // PARTS * pitch + n % PARTS * w + lane
                    to[place] = field[source + n + starts[lane]]


def unpack(
    field: Array, source: Array, at: int, block: int, tables: tuple[Array, ...], shape: Ints, planes: int
) -> None:
    """Block number `block` of a flat field = source[at ...]; lanes without a chain of their own are left out."""
    keep_apart()
    lane_chain, lane_site, first_site, filled = tables
    w, (sites, dim, row) = lanes(source), shape
    starts = starts_of(lane_chain, lane_site, block, sites * dim * planes * PARTS)
    pitch = dim * planes * PARTS * w
    for x in range(0, first_site.size, row):
        for plane in range(dim * planes):
            target = (plane * sites + np.int64(first_site[x])) * PARTS
            here = at + x * pitch + plane * PARTS * w
            whole = row * PARTS // w * w
            for n in range(0, whole, w):
                turn(source, here + n // PARTS * pitch, pitch, field, starts, target + n, filled[block])
            for n in range(whole, row * PARTS):
                for lane in range(filled[block]):
                    place = here + n // PARTS * pitch + n % PARTS * w + lane
                    field[target + n + starts[lane]] = source[place]


class Packing(NamedTuple):
    """Loops to be called in kernels."""

    pack: Any
    unpack: Any


@lru_cache
def packing(parts: int) -> Packing:
    """The loops for complex links (parts = 2), or real angles and algebra elements (1)."""
    starts = loop(_starts, PARTS=parts)
    into = loop(pack, PARTS=parts, turn=TURN_IN[parts], starts_of=starts)
    return Packing(into, loop(unpack, PARTS=parts, turn=TURN_OUT[parts], starts_of=starts))
