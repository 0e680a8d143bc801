"""Random numbers at the sites of a vector: those of `Key` in arrays (chain, row, *sites).

Of an array of 2 h rows, counter `row * sites + site` with row < h holds the numbers of rows `row` and `row + h`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from latticekit.kernels.cpu.gauge_local_lanes import TARGETS, joined
from latticekit.kernels.cpu.lanes import like, vld
from latticekit.kernels.cpu.random import FORMULAS, key_words
from latticekit.kernels.cpu.target import loop
from latticekit.kernels.cpu.vector import WORDS

Array = Any
draw: Any = None
part: Any = None


def _words(randoms: Any, x: int, block: int, row: int, number: int, purpose: int, lane: int) -> Any:
    """Two vectors of numbers for WORDS lanes from `lane` on."""
    words, first_site, lane_site, streams = randoms
    w = lane_site.size
    site = vld(lane_site, lane) + (first_site[x] + np.uint64(row) * words[3])
    stream = vld(streams, purpose * (streams.size // 2) + block * w + lane)
    return draw(site, like(np.uint64(number), site), like(words[2], site), stream, words[0], words[1])


def _double(randoms: Any, x: int, block: int, row: int, number: int, purpose: int) -> Any:
    """Numbers of rows `row` and `row + h` of draw `number` for one of the two purposes."""
    return part(randoms, x, block, row, number, purpose, 0)


def _single(randoms: Any, x: int, block: int, row: int, number: int, purpose: int) -> Any:
    """The same in float32, where a vector has twice as many lanes as words."""
    a, b = part(randoms, x, block, row, number, purpose, 0)
    c, d = part(randoms, x, block, row, number, purpose, WORDS)
    return joined(a, c), joined(b, d)


@lru_cache
def drawing(kind: str, char: str) -> Any:
    """The loop that draws "uniform" or "normal" numbers."""
    words = loop(_words, TARGETS[char], draw=FORMULAS[kind, char])
    return loop(_double if char == "d" else _single, TARGETS[char], part=words)


def randoms(layout: Any, key: Any, purposes: tuple[str, str]) -> tuple[Array, ...]:
    """What the loops read: key, step and sites; sites of outer sites and lanes; streams by purpose, block and lane."""
    chains = layout.lane_chain.reshape(-1).astype(np.uint64)
    keys = [key.fold(purpose) for purpose in purposes]
    streams = np.stack([chains + np.uint64(k.purpose * 2**24 + k.chain) for k in keys]).reshape(-1)
    sites = int(np.prod(layout.sites, dtype=object))
    return key_words(key, sites), layout.first_site, layout.lane_site, streams
