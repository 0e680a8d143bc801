"""Sums in a fixed order, whoever computed the terms: pairwise over slabs, then over lanes."""

from __future__ import annotations

from typing import Any

Array = Any


def total(table: Array, at: int, slabs: int, w: int) -> None:
    """table[at ... at + w] = sum over slabs of the vectors that start there."""
    while slabs > 1:
        half = (slabs + 1) // 2
        for i in range((slabs - half) * w):
            table[at + i] += table[at + half * w + i]
        slabs = half


def chain_value(table: Array, at: int, lane: int, batch: int, w: int) -> float:
    """The total of one chain: a lane where lanes are chains, else the sum of the lanes (which it overwrites)."""
    if batch > 1:
        return table[at + lane]
    while w > 1:
        w //= 2
        for i in range(w):
            table[at + i] += table[at + w + i]
    return table[at]
