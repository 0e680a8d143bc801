"""Momenta and Metropolis tests of a block, drawn from the counters of `latticekit.random`."""

from __future__ import annotations

from typing import Any

import numpy as np

from latticekit.kernels.cpu.lanes import keep_apart, lanes, like, vst, vst_first, words_from
from latticekit.kernels.cpu.vector import WORDS
from latticekit.kernels.site.elementary import log
from latticekit.kernels.site.philox import uniforms_double

Array = Any
Ints = tuple[int, ...]
draw: Any = None


def fill(out: Array, start: int, count: int, words: Array, stream: int, first: int, last: int) -> None:
    """out[start ...] = the numbers of one chain, those of the counters first .. last.

    count: how many the chain has.  words: key low, key high, step, draw.
    """
    keep_apart()
    half = (count + 1) // 2
    for j in range(first, min(last, half), WORDS):
        c = words_from(np.uint64(j))
        s = like(np.uint64(stream), c)
        a, b = draw(c, like(words[3], c), like(words[2], c), s, words[0], words[1])
        vst_first(out, start + j, a, half - j)
        vst_first(out, start + half + j, b, count - half - j)


fill_flat: Any = None
pack: Any = None


def momenta_rows(p: Array, aside: Array, stream: int, words: Array, volume: int, shape: Ints) -> None:
    """Momenta of one chain in rows."""
    if shape[3] == shape[4]:
        fill_flat(p, shape[5], volume, words, stream, 0, volume)
    else:
        fill_flat(aside, 0, volume, words, stream, 0, volume)
        pack(p, aside, 0, 1, volume, shape)


def momenta_across(p: Array, aside: Array, stream: int, words: Array, volume: int, shape: Ints) -> None:
    """Momenta of a vector of chains: every lane draws from its own stream."""
    keep_apart()
    half, guard, w = (volume + 1) // 2, shape[5], lanes(p)
    for j in range(half):
        for lane in range(0, w, WORDS):
            s = words_from(np.uint64(stream + lane))
            a, b = draw(like(np.uint64(j), s), like(words[3], s), like(words[2], s), s, words[0], words[1])
            vst(p, guard + j * w + lane, a)
            if half + j < volume:
                vst(p, guard + (half + j) * w + lane, b)


def accepts(delta: float, stream: int, words: Array) -> bool:
    """Metropolis test of one chain; false for a delta that is not finite."""
    keep_apart()
    u, _ = uniforms_double(np.uint64(0), words[3], words[2], np.uint64(stream), words[0], words[1])
    return np.isfinite(delta) and log(u) < -delta
