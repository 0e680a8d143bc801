"""The passes over planes between the sums: into and out of them, halos, activations."""

from __future__ import annotations

from typing import Any

from latticekit.kernels.cpu.lanes import keep_apart, lanes, vld, vst, vst_first

Array = Any
value: Any = None
both: Any = None


def load(u: Array, first: int, size: int, field: Array, start: int, channels: int, rows: Array, length: int) -> None:
    """Channels of one chain of a flat field into planes first, first + 1, ...

    A vector may reach beyond its row: what it writes there is written again, by the next row or with the halo.
    """
    keep_apart()
    w, i = lanes(u), start
    for c in range(channels):
        for r in range(rows.size):
            j = (first + c) * size + rows[r]
            if length >= w:
                for n in range(0, length - w, w):
                    vst(u, j + n, vld(field, i + n))
                vst(u, j + length - w, vld(field, i + length - w))
            elif i + w <= field.size:
                vst_first(u, j, vld(field, i), length)
            else:
                for n in range(length):
                    u[j + n] = field[i + n]
            i += length


def store(field: Array, start: int, u: Array, first: int, size: int, channels: int, rows: Array, length: int) -> None:
    """Planes first, first + 1, ... into the channels of one chain of a flat field."""
    keep_apart()
    w, i = lanes(u), start
    for c in range(channels):
        for r in range(rows.size):
            j = (first + c) * size + rows[r]
            for n in range(0, length - w, w):
                vst(field, i + n, vld(u, j + n))
            if length >= w:
                vst(field, i + length - w, vld(u, j + length - w))
            else:
                vst_first(field, i, vld(u, j), length)
            i += length


def wrap(u: Array, first: int, size: int, channels: int, filled: Array, source: Array) -> None:
    """Periodic halos, and zeros behind them."""
    keep_apart()
    for c in range(first, first + channels):
        for n in range(source.size):
            u[c * size + filled[n]] = u[c * size + source[n]]
        for n in range(source.size, filled.size):
            u[c * size + filled[n]] = 0.0


def clear(u: Array, first: int, size: int, channels: int, filled: Array) -> None:
    """Zeros around the lattice."""
    keep_apart()
    for c in range(first, first + channels):
        for n in range(filled.size):
            u[c * size + filled[n]] = 0.0


def ones(u: Array, size: int) -> None:
    """The plane of the bias."""
    for n in range(size):
        u[n] = 1.0


def activate(u: Array, z: Array, size: int, channels: int, starts: Array, run: int) -> None:
    """Planes 1, 2, ... of u = f(planes 0, 1, ... of z)."""
    keep_apart()
    for c in range(channels):
        for s in range(starts.size):
            for i in range(c * size + starts[s], c * size + starts[s] + run, lanes(u)):
                vst(u, i + size, value(vld(z, i)))


def slopes(u: Array, g: Array, z: Array, size: int, channels: int, starts: Array, run: int) -> None:
    """The same, and planes 0, 1, ... of g = f'(z)."""
    keep_apart()
    for c in range(channels):
        for s in range(starts.size):
            for i in range(c * size + starts[s], c * size + starts[s] + run, lanes(u)):
                a, slope = both(vld(z, i))
                vst(u, i + size, a)
                vst(g, i, slope)


def times(y: Array, g: Array, size: int, channels: int, starts: Array, run: int) -> None:
    """y *= g."""
    keep_apart()
    for c in range(channels):
        for s in range(starts.size):
            for i in range(c * size + starts[s], c * size + starts[s] + run, lanes(y)):
                vst(y, i, vld(y, i) * vld(g, i))
