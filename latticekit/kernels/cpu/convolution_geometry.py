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
    extents = tuple(n + 2 * h for n, h in zip(sites, halo))
    pitches = tuple(math.prod(extents[mu + 1 :]) for mu in range(len(extents)))
    place = np.zeros(extents, np.int64)
    for mu, (n, h, pitch) in enumerate(zip(sites, halo, pitches)):
        along = (np.arange(extents[mu]) - h) % n + h
        place += pitch * along.reshape((-1,) + (1,) * (len(sites) - mu - 1))
    place = place.reshape(-1)
    here = np.arange(place.size)
    inside, outside, source = here[place == here], here[place != here], place[place != here]
    outside = np.concatenate([outside, np.arange(place.size, place.size + w)])
    size = -(-(place.size + (TILE + 1) * w) // 16) * 16
    starts, run = _runs(sites, halo, pitches, w)
    rows = inside[:: sites[-1]]
    return Planes(size, _ints(rows), sites[-1], starts, run, _ints(outside), _ints(source), pitches)


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
    made = np.ascontiguousarray(values, np.int64)
    made.flags.writeable = False
    return made


@dataclass(frozen=True)
class Layout:
    """What the loops need to know of a plan between given channels on given planes.

    stages: per stage a row of inputs, outputs, and for each of forward and back: terms, place in `where`, place in the
    packed weights; then the place of its z among the kept channels, and of its sums in the table.
    where: what is added to a position to find the term's number.
    packed: for every packed weight its place among all parameters (b, W of the first stage, b, W of the second, ...;
    behind them a zero).  unpacked: for every parameter its place among the sums.
    """

    planes: Planes
    stages: Array
    where: Array
    packed: Array
    unpacked: Array
    widest: int
    sums: int


@lru_cache(maxsize=64)
def layout(sites: tuple[int, ...], widths: tuple[int, ...], offsets: tuple[Offsets, ...], w: int) -> Layout:
    """Places of everything, for channels widths[0] -> widths[1] -> ..."""
    halo = tuple(max(abs(d[mu]) for ds in offsets for d in ds) for mu in range(len(sites)))
    field = planes(sites, halo, w)
    total = sum(o * (1 + i * len(ds)) for i, o, ds in zip(widths, widths[1:], offsets))
    stages: list[list[int]] = []
    where: list[int] = []
    packed, unpacked, sums, first, size = [], [], 0, 0, 0
    for n, (i, o, ds) in enumerate(zip(widths, widths[1:], offsets)):
        ahead = [0] + [(1 + c) * field.size + field.step(d) for c in range(i) for d in ds]
        back = [c * field.size - field.step(d) for c in range(o) for d in ds]
        places, turned = _parameters(first, i, o, len(ds))
        row = [i, o]
        for terms, numbers in ((ahead, places), (back, turned)):
            row += [len(terms), len(where), size]
            where += terms + [0] * (-len(terms) % TERMS)
            packed.append(_tiled(numbers, total))
            size += packed[-1].size
        stages.append([*row, sum(widths[1 : n + 1]), sums])
        table = _table(o, len(ahead)) + sums
        unpacked += [table[:o, 0], table[:o, 1 : len(ahead)].reshape(-1)]
        sums, first = sums + table.size, first + places.size
    gather, spread = _ints(np.concatenate(packed)), _ints(np.concatenate(unpacked))
    return Layout(field, _ints(stages), _ints(where), gather, spread, 1 + even(max(widths)), sums)


def even(outputs: int) -> int:
    """Channels of whole tiles."""
    return outputs + outputs % 2


def _parameters(first: int, i: int, o: int, n: int) -> tuple[Array, Array]:
    """Places of the parameters of a stage as (outputs, terms) forward, bias first, and back."""
    w = np.arange(first + o, first + o + o * i * n).reshape(o, i, n)
    bias = np.arange(first, first + o)[:, None]
    return np.concatenate([bias, w.reshape(o, i * n)], axis=1), w.transpose(1, 0, 2).reshape(i, o * n)


def _tiled(rows: Array, missing: int) -> Array:
    """(outputs, terms) tile by tile, the channels of a tile next to each other."""
    outputs, terms = rows.shape
    full = np.full((even(outputs), terms), missing)
    full[:outputs] = rows
    fours = len(full) - len(full) % 4
    tall = full[:fours].reshape(-1, 4, terms).transpose(0, 2, 1)
    return np.concatenate([tall.reshape(-1), full[fours:].T.reshape(-1)])


def _table(outputs: int, terms: int) -> Array:
    """Place of every sum in the order in which `convolution_tiles.dots` makes them.  -> (outputs, terms)"""
    terms, k = terms + -terms % TERMS, 0
    found = np.zeros((even(outputs), terms), np.int64)
    for o in range(0, even(outputs), 4):
        count = min(4, even(outputs) - o)
        numbers = np.arange(k, k + count * terms).reshape(terms // 3, count, 3)
        found[o : o + count] = numbers.transpose(1, 0, 2).reshape(count, terms)
        k += count * terms
    return found
