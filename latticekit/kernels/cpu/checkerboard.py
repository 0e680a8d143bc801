"""Loops over the sites of one parity: neighbours, gather and scatter, the Philox numbers of listed sites.

Sites of a parity are worked on in short lists, so that vectors are full whatever the shape of the lattice.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba.np.arrayobj import make_array

from latticekit.kernels.cpu.lanes import keep_apart, like, vld, vst
from latticekit.kernels.cpu.vector import WORDS, intrinsic, vector_type

Array = Any
LIST = 1024
"""Sites worked on at a time; a multiple of every vector width, few enough for the first cache."""


@intrinsic
def choose(typingctx: Any, a: Any, b: Any, x: Any, y: Any) -> Any:
    """Lane by lane x where a < b, else y; a and b vectors of numbers or of words with as many lanes as x and y."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        words = isinstance(vector_type(sig.args[0]).element, ir.IntType)
        less = (builder.icmp_unsigned if words else builder.fcmp_ordered)("<", args[0], args[1])
        return builder.select(less, args[2], args[3])

    return x(a, a, x, x) if a == b and x == y and a.w == x.w else None, codegen


@intrinsic
def borrowed(typingctx: Any, a: Any) -> Any:
    """The array without its reference count, for as long as the kernel's caller holds it.

    Its slices are then free: counting is atomic, and costs more than a small lattice.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        array = make_array(sig.args[0])(context, builder, args[0])
        array.meminfo = ir.Constant(array.meminfo.type, None)
        array.parent = ir.Constant(array.parent.type, None)
        return array._getvalue()

    return a(a), codegen


def around(out: Array, x: Array, extents: Array) -> None:
    """out = sum of the 2 D neighbours of every site, in the order of the directions; extents above 1.

    Indices are unsigned: signed ones may count from the end, and the check for that keeps loops from being vectors.
    """
    keep_apart()
    out[:] = 0.0
    period = np.uint64(x.size)
    for n in extents:
        stride = period // n
        rest = period - stride
        for block in range(np.uint64(0), np.uint64(x.size), period):
            end = block + period
            for i in range(block, block + stride):
                out[i] += x[i + stride] + x[i + rest]
            for i in range(block + stride, end - stride):
                out[i] += x[i + stride] + x[i - stride]
            for i in range(end - stride, end):
                out[i] += x[i - rest] + x[i - stride]
        period = stride


def gather(out: Array, x: Array, sites: Array) -> None:
    """out[n] = x[sites[n]]."""
    for n in range(sites.size):
        out[n] = x[sites[n]]


def scatter(x: Array, values: Array, sites: Array) -> None:
    """x[sites[n]] = values[n]."""
    for n in range(sites.size):
        x[sites[n]] = values[n]


draw: Any = None


def numbers_at(out: Array, sites: Array, count: int, volume: int, words: Array, number: int, stream: int) -> None:
    """out[n] = the number of site sites[n], n < count, of an array of `volume` numbers; number: that of the draw."""
    keep_apart()
    half = np.uint64((volume + 1) // 2)
    for n in range(0, count, WORDS):
        site = vld(sites, n)
        bound = like(half, site)
        counter = choose(site, bound, site, site - half)
        d, s = like(np.uint64(number), site), like(np.uint64(stream), site)
        first, second = draw(counter, d, like(words[2], site), s, words[0], words[1])
        vst(out, n, choose(site, bound, first, second))


@lru_cache(maxsize=8)
def order(extents: tuple[int, ...]) -> Array:
    """Indices of the even, then of the odd sites, ascending.  -> uint32 (volume,)"""
    parity = np.zeros((1,) * len(extents), np.int64)
    for mu, n in enumerate(extents):
        parity = parity + np.arange(n).reshape(-1, *(1,) * (len(extents) - 1 - mu))
    indices = np.argsort(parity.reshape(-1) % 2, kind="stable").astype(np.uint32)
    indices.flags.writeable = False
    return indices
