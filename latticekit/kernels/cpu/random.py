"""Uniform and normal numbers on NumPy arrays (references: `latticekit.random.key`)."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from latticekit.kernels.cpu import momenta
from latticekit.kernels.cpu.blocks import MEMORY
from latticekit.kernels.cpu.target import DOUBLE, SINGLE, kernel, loop, parallel_range, threads_for
from latticekit.kernels.site import philox

Array = Any
FORMULAS = {
    ("uniform", "d"): philox.uniforms_double,
    ("uniform", "f"): philox.uniforms_single,
    ("normal", "d"): philox.normals_double,
    ("normal", "f"): philox.normals_single,
}
TARGETS = {"d": DOUBLE, "f": SINGLE}
fill: Any = None
each: Any = None


def _fill_chains(out: Array, chains: int, count: int, words: Array, stream: int) -> None:
    for chain in each(chains):
        fill(out, chain * count, count, words, stream + chain, 0, count)


def key_words(key: Any, *more: int) -> Array:
    """Key low, key high, step, and more (first of all the draw)."""
    return np.array((key.seed % 2**32, key.seed // 2**32, key.step, *more), np.uint64)


def stream_of(key: Any) -> int:
    """Fourth counter word of the first chain."""
    return key.purpose * 2**24 + key.chain


@lru_cache
def filler(kind: str, char: str) -> Any:
    """The loop that draws the numbers of one chain."""
    return loop(momenta.fill, TARGETS[char], draw=FORMULAS[kind, char])


@lru_cache
def _kernel(kind: str, char: str, parallel: bool) -> Any:
    return kernel(_fill_chains, parallel, fill=filler(kind, char), each=parallel_range(parallel))


def _draw(kind: str, like: Array, key: Any, shape: tuple[int, ...]) -> Array:
    if like.dtype.char not in "df" or key.chain + shape[0] > 2**24 or not all(shape):
        return NotImplemented
    count = math.prod(shape[1:])
    out = MEMORY.empty((shape[0] * count,), like.dtype)
    threads = threads_for(shape[0], count)
    _kernel(kind, like.dtype.char, threads > 1)(out, shape[0], count, key_words(key, key.draw), stream_of(key))
    return out.reshape(shape)


def uniform(like: Array, key: Any, shape: tuple[int, ...]) -> Array:
    """Uniform numbers inside (0, 1), the bits of the reference.  -> (chain, ...)"""
    return _draw("uniform", like, key, shape)


def normal(like: Array, key: Any, shape: tuple[int, ...]) -> Array:
    """Normal numbers, equal to the reference to rounding.  -> (chain, ...)"""
    return _draw("normal", like, key, shape)
