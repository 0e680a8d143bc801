"""Fields (chain, *sites) into blocks of work, and back."""

from __future__ import annotations

from typing import Any

from latticekit.kernels.cpu.lanes import keep_apart, lanes, transpose, vld, vst

Array = Any
Ints = tuple[int, ...]


def pack_rows(work: Array, field: Array, chain: int, chains: int, volume: int, shape: Ints) -> None:
    """One chain of a flat field into rows; the lanes past the length continue the row periodically."""
    keep_apart()
    t, z, y, length, pitch, guard = shape
    start = chain * volume
    if length == pitch:
        for i in range(0, volume, lanes(work)):
            vst(work, guard + i, vld(field, start + i))
        return
    for row in range(t * z * y):
        x = 0
        for i in range(pitch):
            work[guard + row * pitch + i] = field[start + row * length + x]
            x = x + 1 if x + 1 < length else 0


def unpack_rows(field: Array, work: Array, chain: int, chains: int, volume: int, shape: Ints) -> None:
    """Rows back into a chain of a flat field."""
    keep_apart()
    t, z, y, length, pitch, guard = shape
    start = chain * volume
    if length == pitch:
        for i in range(0, volume, lanes(work)):
            vst(field, start + i, vld(work, guard + i))
        return
    for row in range(t * z * y):
        for x in range(length):
            field[start + row * length + x] = work[guard + row * pitch + x]


def pack_across(work: Array, field: Array, chain: int, chains: int, volume: int, shape: Ints) -> None:
    """A vector of chains of a flat field, site by site; lanes without a chain repeat the last one."""
    keep_apart()
    w, guard = lanes(work), shape[5]
    whole = volume - volume % w if chain + w <= chains else 0
    for i in range(0, whole, w):
        transpose(work, guard + i * w, w, field, chain * volume + i, volume)
    for lane in range(w):
        start = min(chain + lane, chains - 1) * volume
        for i in range(whole, volume):
            work[guard + i * w + lane] = field[start + i]


def unpack_across(field: Array, work: Array, chain: int, chains: int, volume: int, shape: Ints) -> None:
    """Lanes back into their chains of a flat field."""
    keep_apart()
    w, guard = lanes(work), shape[5]
    whole = volume - volume % w if chain + w <= chains else 0
    for i in range(0, whole, w):
        transpose(field, chain * volume + i, volume, work, guard + i * w, w)
    for lane in range(min(w, chains - chain)):
        start = (chain + lane) * volume
        for i in range(whole, volume):
            field[start + i] = work[guard + i * w + lane]
