"""Periodic features with a halo: where sites, neighbours and weights stand in the planes that the loops work on.

A plane holds one channel of one chain with a halo wide enough for every displacement, so that a displacement is one
number for all sites, rows need no ends, and vectors run over several rows at once; what they make of the halo is
thrown away.  Plane 0 of the inputs of a stage is all ones: its weight is the bias.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

Array = Any
Offsets = tuple[tuple[int, ...], ...]
TILE = 3
"""Vectors that a tile of `convolution_tiles` is long."""
TERMS = 6
"""Terms of the sums over sites come in multiples of this."""


@dataclass(frozen=True)
class Planes:
    """Planes of one lattice.

    size: numbers per plane, tail included.  rows: position of the first site of every row.  starts, run: the pieces
    that vectors run over, and their length.  filled, source: positions outside the lattice and the sites they repeat;
    those of the tail that sums over sites reach come last, and have no source.
    """

    size: int
    rows: Array
    length: int
    starts: Array
    run: int
    filled: Array
    source: Array
    pitches: tuple[int, ...]

    def step(self, d: tuple[int, ...]) -> int:
        """A displacement as a number."""
        return sum(p * n for p, n in zip(self.pitches, d))


@lru_cache(maxsize=64)
def planes(sites: tuple[int, ...], halo: tuple[int, ...], w: int) -> Planes:
    """Planes with a halo on either side of every axis, for vectors of w numbers."""
    sites, halo = (sites, halo) if sites else ((1,), (0,))
    extents = tuple(n + 2 * h for n, h in zip(sites, halo))
    pitches = tuple(math.prod(extents[mu + 1 :]) for mu in range(len(extents)))
    starts, run = _runs(sites, halo, pitches, w)
    inside, outside, source = [], [], []
    for x in itertools.product(*map(range, extents)):
        site = tuple((n - h) % length for n, h, length in zip(x, halo, sites))
        place = _position(tuple(s + h for s, h in zip(site, halo)), pitches)
        here = _position(x, pitches)
        if here == place:
            inside.append(here)
        else:
            outside.append(here)
            source.append(place)
    length, used = sites[-1], math.prod(extents)
    size = -(-(used + (TILE + 1) * w) // 16) * 16
    outside += range(used, used + w)
    return Planes(size, _ints(inside[::length]), length, starts, run, _ints(outside), _ints(source), pitches)


def _position(x: tuple[int, ...], pitches: tuple[int, ...]) -> int:
    return sum(p * n for p, n in zip(pitches, x))


def _runs(sites: tuple[int, ...], halo: tuple[int, ...], pitches: tuple[int, ...], w: int) -> tuple[Array, int]:
    """The cut into pieces over the last axes, as many of them as cost least."""
    best: tuple[int, int, int] | None = None
    for first in range(len(sites)):
        run = 1 + sum((n - 1) * p for n, p in zip(sites[first:], pitches[first:]))
        cost = math.prod(sites[:first]) * -(-run // (TILE * w))
        best = min(best or (cost, first, run), (cost, first, run))
    assert best is not None
    ranges = [range(h, h + n) for n, h in zip(sites[: best[1]], halo)]
    inner = sum(h * p for h, p in zip(halo[best[1] :], pitches[best[1] :]))
    starts = [inner + _position(x, pitches) for x in itertools.product(*ranges)]
    return _ints(starts), best[2]


def _ints(values: Any) -> Array:
    made = np.array(list(values), np.int64)
    made.flags.writeable = False
    return made


@dataclass(frozen=True)
class Layout:
    """What the loops need to know of a plan between given channels on given planes.

    stages: per stage a row of inputs, outputs, and for each of forward and back: terms, place in `where`, place in the
    packed weights; then the place of its z among the kept channels, and of its sums in the table.
    where: what is added to a position to find the term's number.
    """

    planes: Planes
    stages: Array
    where: Array
    widest: int
    weights: int
    sums: int


@lru_cache(maxsize=64)
def layout(sites: tuple[int, ...], widths: tuple[int, ...], offsets: tuple[Offsets, ...], w: int) -> Layout:
    """Places of everything, for channels widths[0] -> widths[1] -> ..."""
    halo = tuple(max(abs(d[mu]) for ds in offsets for d in ds) for mu in range(len(sites)))
    field = planes(sites, halo, w)
    rows, where, packed, sums = [], [], 0, 0
    for n, ds in enumerate(offsets):
        i, o = widths[n], widths[n + 1]
        ahead = [0] + [(1 + c) * field.size + field.step(d) for c in range(i) for d in ds]
        back = [c * field.size - field.step(d) for c in range(o) for d in ds]
        row = [i, o]
        for terms, outputs in ((ahead, o), (back, i)):
            row += [len(terms), len(where), packed]
            where += terms + [0] * (-len(terms) % TERMS)
            packed += even(outputs) * len(terms)
        rows.append([*row, sum(widths[1 : n + 1]), sums])
        sums += even(o) * (len(ahead) + -len(ahead) % TERMS)
    return Layout(field, np.array(rows), _ints(where), 1 + even(max(widths)), packed, sums)


def even(outputs: int) -> int:
    """Channels of whole tiles."""
    return outputs + outputs % 2
