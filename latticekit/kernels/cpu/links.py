"""Layout of gauge fields in kernels: which links share a vector, and where their neighbours are.

A block of work is a real array `(outer site, mu, number, lane)`, in flat form: number k of the link (x, mu) is the
vector that starts at `((x * dim + mu) * numbers + k) * w`.  SU(N) links have 2 N^2 numbers (re and im of the matrix
elements row by row), algebra elements N^2 - 1, U(1) angles 1.  So one link is one contiguous piece of memory.

The w lanes of a vector hold `batch` chains times w / batch sub-lattices: the lattice is cut into `splits[d]` equal
pieces along axis d, every lane walks through its own piece of extents `outer`, and all lanes are at the same place
of their pieces.  A step to a neighbour leads to another outer site and, over the edge of the pieces, also to another
lane.  Every such step is found in tables:

    y, code = layout.hops[x, d], layout.codes[x, d]      d = 2 mu: one step ahead along mu; d = 2 mu + 1: back
    vector at the neighbour = permute(vld(field, at(y)), moves, code * w)          (`gauge_lanes.permute`)

Code 0 moves no lane.  Two steps along different axes add their codes: y = hops[hops[x, d], e], and the codes are
codes[x, d] + codes[x, e].  The lane move of `code` is undone by that of `layout.undo[code]`.  `gauge_lanes.carry`
copies a whole link through a lane move.  Kernels take tables in flat form.

The flat site index (time slowest) of lane l at outer site x is first_site[x] + lane_site[l], and its chain is
lane_chain[block, l].  If there are fewer chains than lanes, the lanes from `filled(block)` on repeat the last chain.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from latticekit.kernels.cpu.blocks import CACHE
from latticekit.kernels.cpu.vector import width

Array = Any
Ints = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Layout:
    """Geometry of fields `(chain, mu, ..., *sites)` in one precision.

    splits: pieces per axis; batch: chains that share a vector; w: lanes, = batch times the product of splits.
    """

    chains: int
    sites: Ints
    itemsize: int
    splits: Ints
    batch: int

    @property
    def dim(self) -> int:
        """Directions."""
        return len(self.sites)

    @property
    def w(self) -> int:
        """Lanes of a vector."""
        return self.batch * math.prod(self.splits)

    @property
    def blocks(self) -> int:
        """Independent blocks of work: groups of `batch` chains."""
        return -(-self.chains // self.batch)

    @property
    def outer(self) -> Ints:
        """Extents of the piece that a lane walks through."""
        return tuple(n // s for n, s in zip(self.sites, self.splits))

    @property
    def volume(self) -> int:
        """Outer sites of a block."""
        return math.prod(self.outer)

    def filled(self, block: int) -> int:
        """Leading lanes of a block that hold chains of the field; the rest are copies."""
        return min(self.batch, self.chains - block * self.batch) * math.prod(self.splits)

    def one_colour(self, modulus: int, coefficients: Ints) -> bool:
        """Whether all lanes of an outer site have the same colour (sum_d a_d x_d) mod m."""
        steps = zip(self.outer, self.splits, coefficients)
        return all(s == 1 or a * n % modulus == 0 for n, s, a in steps)

    @property
    def parity_ok(self) -> bool:
        """Whether all lanes of an outer site have the same parity, and neighbours the other one."""
        return self.one_colour(2, (1,) * self.dim) and not any(n % 2 for n in self.sites)

    def coloured(self, modulus: int = 2, coefficients: Ints | None = None) -> list[Array]:
        """Outer sites of each colour (parity by default), ascending.  -> m int32 arrays"""
        a = coefficients or (1,) * self.dim
        if not self.one_colour(modulus, a):
            raise ValueError(f"lanes of a site differ in colour: ask for layout(..., multiple={modulus})")
        colour = np.tensordot(np.array(a), self._coordinates, 1) % modulus
        return [_table(np.flatnonzero(colour == c), np.int32) for c in range(modulus)]

    @cached_property
    def _coordinates(self) -> Array:
        """Coordinates of the outer sites.  -> (dim, volume)"""
        return np.indices(self.outer).reshape(self.dim, -1)

    @cached_property
    def _lanes(self) -> Array:
        """Chain within the block, and piece along every axis, of the lanes.  -> (1 + dim, w)"""
        return np.indices((self.batch, *self.splits)).reshape(1 + self.dim, -1)

    @cached_property
    def hops(self) -> Array:
        """Outer site of each neighbour.  -> int32 (volume, 2 dim)"""
        steps = []
        for d, sign in itertools.product(range(self.dim), (1, -1)):
            there = self._coordinates.copy()
            there[d] = (there[d] + sign) % self.outer[d]
            steps.append(np.ravel_multi_index(tuple(there), self.outer))
        return _table(np.stack(steps, 1), np.int32)

    @cached_property
    def codes(self) -> Array:
        """Number of the lane move to each neighbour.  -> int32 (volume, 2 dim)"""
        steps = []
        for d in range(self.dim):
            crosses = 3**d * (self.splits[d] > 1)
            steps += [crosses * (self._coordinates[d] == self.outer[d] - 1), 2 * crosses * (self._coordinates[d] == 0)]
        return _table(np.stack(steps, 1), np.int32)

    @cached_property
    def moves(self) -> Array:
        """Lane that each lane reads from in a lane move.  -> int64 (float32: int32) (3^dim, w)"""
        table = np.empty((3**self.dim, self.w), np.int64)
        for code, steps in enumerate(_steps(self.dim)):
            there = [(self._lanes[1 + d] + steps[d]) % s for d, s in enumerate(self.splits)]
            table[code] = np.ravel_multi_index((self._lanes[0], *there), (self.batch, *self.splits))
        return _table(table, np.int64 if self.itemsize == 8 else np.int32)

    @cached_property
    def undo(self) -> Array:
        """Number of the lane move that undoes another.  -> int32 (3^dim,)"""
        steps = [sum(-step % 3 * 3**d for d, step in enumerate(steps)) for steps in _steps(self.dim)]
        return _table(np.array(steps), np.int32)

    @cached_property
    def first_site(self) -> Array:
        """Flat site index of lane 0 at every outer site.  -> uint64 (volume,)"""
        return _table(np.ravel_multi_index(tuple(self._coordinates), self.sites), np.uint64)

    @cached_property
    def lane_site(self) -> Array:
        """What a lane adds to it.  -> uint64 (w,)"""
        corner = tuple(self._lanes[1 + d] * n for d, n in enumerate(self.outer))
        return _table(np.ravel_multi_index(corner, self.sites), np.uint64)

    @cached_property
    def lane_chain(self) -> Array:
        """Chain of every lane.  -> int64 (blocks, w)"""
        chain = np.arange(self.blocks)[:, None] * self.batch + self._lanes[0]
        return _table(np.minimum(chain, self.chains - 1), np.int64)

    @cached_property
    def packing(self) -> tuple[tuple[Array, ...], Ints]:
        """Tables and shape for `gauge_packing`."""
        filled = _table([self.filled(block) for block in range(self.blocks)], np.int64)
        tables = (self.lane_chain.reshape(-1), self.lane_site, self.first_site, filled)
        return tables, (math.prod(self.sites), self.dim, self.outer[-1])


def _table(values: Array, dtype: Any) -> Array:
    """Read-only table for kernels, which know one type of input."""
    table = np.ascontiguousarray(values, dtype)
    table.flags.writeable = False
    return table


def _steps(dim: int) -> Iterator[Ints]:
    """Pieces to go along every axis, -1, 0 or 1, in the order of the codes: axis d counts 3^d."""
    for digits in itertools.product((0, 1, -1), repeat=dim):
        yield digits[::-1]


@lru_cache(maxsize=64)
def layout(chains: int, sites: Ints, itemsize: int, multiple: int = 1, numbers: int = 18) -> Layout:
    """The layout for a shape: as few vectors as possible, then as few lane moves as possible.

    multiple: extents of the pieces along axes that are cut must be multiples of it: 2 for a checkerboard of parity,
    m for colours (sum_d a_d x_d) mod m.  numbers: real numbers per link.  Lanes as chains are always possible.
    """
    w = width(itemsize)
    choices = []
    for splits in itertools.product(_powers(w), repeat=len(sites)):
        pieces = math.prod(splits)
        fits = all(n % s == 0 and (s == 1 or n // s % multiple == 0) for n, s in zip(sites, splits))
        if pieces <= w and fits:
            choices.append(Layout(chains, sites, itemsize, splits, w // pieces))
    return min(choices, key=lambda one: (_cost(one, numbers), one.splits[::-1]))


def _powers(w: int) -> list[int]:
    return [1 << k for k in range(w.bit_length())]


def _cost(one: Layout, numbers: int) -> float:
    """Relative time of a kernel: vectors, what the lane moves add, and how far neighbours are from the cache."""
    seams = sum(1 / n for n, s in zip(one.outer, one.splits) if s > 1)
    bytes_of_block = one.volume * one.dim * numbers * one.w * one.itemsize
    last = 0.03 * (one.splits[-1] > 1)  # rows of sites are packed fastest when whole
    far = sum(max(0.0, math.log2(size / CACHE)) for size in (bytes_of_block, bytes_of_block / one.outer[0]))
    return one.blocks * one.volume * (1 + 0.06 * seams + last + 0.04 * far)
