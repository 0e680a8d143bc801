"""Blocks of work: how fields (chain, *sites) are cut for vectors, caches and threads, and the memory they use."""

from __future__ import annotations

import math
import sys
import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from latticekit.kernels.cpu.vector import width

Array = Any
CACHE = 1 << 19
"""Bytes that may be expected to stay in the second-level cache."""
SLAB = 1 << 16
"""Bytes of a slab: short enough for several in the cache, long enough that the calls around it do not count."""


@dataclass(frozen=True)
class Blocks:
    """Geometry of one shape and precision, as `cpu.rows` and `cpu.trajectory` read it.

    across: lanes are chains (a row holds a vector of chains site by site) instead of sites.
    direct: rows are whole vectors, so that blocks are worked on in the result array itself.
    cut: chains, volume, blocks, chains per block, rows per block, stages per pass, slabs, parts, rows per part, strip.
    shape: extents t, z, y in rows, numbers per row, pitch of rows, guard before them.
    """

    dim: int
    across: bool
    direct: bool
    cut: tuple[int, int, int, int, int, int, int, int, int, int]
    shape: tuple[int, int, int, int, int, int]

    @property
    def size(self) -> int:
        """Numbers of a work array: rows between two guards of at most a vector."""
        return self.cut[4] * self.shape[4] + 2 * 64


@lru_cache(maxsize=256)
def blocks(chains: int, sites: tuple[int, ...], itemsize: int, across: bool | None = None) -> Blocks:
    """The cut of a field; `across` overrides the choice by shape."""
    w, x, volume = width(itemsize), sites[-1], math.prod(sites)
    if across is None:
        across = _across(chains, x, volume, w, itemsize)
    t, z, y = (1, 1, 1, *sites[:-1])[-3:]
    length = x * w if across else x
    pitch = -(-length // w) * w
    direct = not across and length == pitch
    batch = w if across else 1
    cut = (chains, volume, -(-chains // batch), batch, t * z * y, *_slabs(sites, t * z * y, 2 * pitch * itemsize))
    return Blocks(len(sites), across, direct, cut, (t, z, y, length, pitch, 0 if direct else w))


def _across(chains: int, x: int, volume: int, w: int, itemsize: int) -> bool:
    """Whether vectors of chains cost less than vectors of sites: they need no ends of rows, but more cache."""
    by_rows = chains * (-(-x // w) + 1.5)  # vectors per row, and what its ends cost
    block = 2 * volume * w * itemsize
    by_chains = -(-chains // w) * x * (1.0 if block <= CACHE // 4 else 1.3)
    return by_chains < by_rows and block <= CACHE


def _slabs(sites: tuple[int, ...], total: int, row: int) -> tuple[int, int, int, int, int]:
    """Stages per pass, slabs, parts of a slab, rows of a part, parts per strip (see `trajectory.chase`).

    row: bytes of field and momentum of a row.  Small blocks stay in cache by themselves: one slab, no chase.
    """
    if total * row <= CACHE or len(sites) < 2:
        return 1, 1, 1, total, 1
    layer = total // sites[0]
    if len(sites) > 2 and layer * row > 2 * SLAB:
        part = layer // sites[1]
        return 2, sites[0], sites[1], part, max(4, 3 * SLAB // 2 // (part * row))
    group = max(1, SLAB // (layer * row))
    depth = max(1, (3 * CACHE // 2 // (group * layer * row) - 1) // 2)
    return depth, -(-sites[0] // group), 1, group * layer, 1


def aligned(shape: tuple[int, ...], dtype: Any) -> Array:
    """New array that starts on a cache line."""
    return _view(np.empty(math.prod(shape) * np.dtype(dtype).itemsize + 64, np.uint8), shape, dtype)


def _view(raw: Array, shape: tuple[int, ...], dtype: Any) -> Array:
    """The aligned array in 64 bytes more than it needs; it keeps `raw` alive as its base."""
    start = -raw.__array_interface__["data"][0] % 64
    return raw[start : start + raw.size - 64].view(dtype).reshape(shape)


class _Memory(threading.local):
    """Arrays of this Python thread that are kept from call to call."""

    def __init__(self) -> None:
        self.work: dict[Any, tuple[Array, Array]] = {}
        self.large: list[Array] = []

    def arrays(self, b: Blocks, dtype: np.dtype, threads: int) -> tuple[Array, Array]:
        """(threads, 3, size) numbers and (threads, 3, slabs, lanes) float64 sums."""
        key = (b.size, b.cut[6], dtype.char, threads)
        if key not in self.work:
            if len(self.work) >= 4:
                self.work.pop(next(iter(self.work)))
            size = -(-b.size // 64) * 64 + 1088 // dtype.itemsize  # whole cache lines, and no power of two
            sums = aligned((threads, 3 * b.cut[6] * width(dtype.itemsize)), np.float64)
            self.work[key] = (aligned((threads, 3, size), dtype), sums)
        return self.work[key]

    def empty(self, shape: tuple[int, ...], dtype: np.dtype) -> Array:
        """New array for a result, in the memory of an earlier result that nobody holds any more if there is one.

        Fresh memory costs a page fault per 4 KiB, which is more than a trajectory.
        """
        size = math.prod(shape) * dtype.itemsize
        if size < 1 << 17:
            return np.empty(shape, dtype)
        if size > 1 << 26:
            return aligned(shape, dtype)
        for n in reversed(range(len(self.large))):  # the last one is still in the cache
            if len(self.large[n]) == size + 64 and sys.getrefcount(self.large[n]) == _UNUSED:
                self.large.append(self.large.pop(n))
                return _view(self.large[-1], shape, dtype)
        self.large = [*self.large[-5:], np.empty(size + 64, np.uint8)]
        return _view(self.large[-1], shape, dtype)


_SAMPLE = [np.empty(1)]
_UNUSED = sys.getrefcount(_SAMPLE[0])  # references of an array that only a list holds, and of the question
MEMORY = _Memory()
