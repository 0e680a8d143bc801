"""Whole networks of stages, chain by chain, forward and back: the features of a chain stay in cache.

field: chains, volume, kept channels, chains per block, numbers per plane, numbers per row, run, whether the last stage
has an activation.  grid: rows, starts, filled, source (see `convolution_geometry`).  curves: addresses of the passes
that apply the inner activation and the last one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from llvmlite import ir
from numba import cfunc, types
from numba.core.cgutils import create_struct_proxy

from latticekit.kernels.cpu import convolution_passes as passes
from latticekit.kernels.cpu import convolution_tiles as tiles
from latticekit.kernels.cpu.lanes import lane_sum, lanes, vld
from latticekit.kernels.cpu.target import DOUBLE, SINGLE, kernel, loop, parallel_range, thread_of
from latticekit.kernels.cpu.vector import intrinsic
from latticekit.kernels.site import rebuilt
from latticekit.kernels.site.activations import CURVES

Array = Any
Grid = tuple[Array, Array, Array, Array]
Field = tuple[int, int, int, int, int, int, int, int]
each: Any = None
thread: Any = None
mix: Any = None
dots: Any = None
load: Any = None
store: Any = None
wrap: Any = None
clear: Any = None
ones: Any = None
times: Any = None
pass_at: Any = None
KEPT, SUMS = 8, 9  # columns of `stages`


def _forward(
    x: Array,
    y: Array,
    kept: Array,
    work: Array,
    weights: Array,
    where: Array,
    stages: Array,
    field: Field,
    grid: Grid,
    curves: tuple[int, int],
) -> None:
    chains, volume, total, batch, size, length, run, curved = field
    rows, starts, filled, source = grid
    last = stages.shape[0] - 1
    for block in each(-(-chains // batch)):
        u, z = work[thread(), 0], work[thread(), 1]
        inner, final = pass_at(curves[0], u), pass_at(curves[1], u)
        ones(u, size)
        for chain in range(block * batch, min(chains, (block + 1) * batch)):
            load(u, 1, size, x, chain * stages[0, 0] * volume, stages[0, 0], rows, length)
            for n in range(last + 1):
                outputs = stages[n, 1]
                wrap(u, 1, size, stages[n, 0], filled, source)
                mix(z, size, u, weights, where, (stages[n, 2], stages[n, 3], stages[n, 4], outputs), starts, run)
                if n < last or curved:
                    store(kept, (chain * total + stages[n, KEPT]) * volume, z, 0, size, outputs, rows, length)
                if n < last:
                    inner(u, z, size, outputs, starts, run)
                elif curved:
                    final(u, z, size, outputs, starts, run)
            shown = u if curved else z
            store(y, chain * stages[last, 1] * volume, shown, curved, size, stages[last, 1], rows, length)


def _backward(
    x: Array,
    kept: Array,
    y_bar: Array,
    x_bar: Array,
    sums: Array,
    work: Array,
    tables: Array,
    weights: Array,
    where: Array,
    stages: Array,
    field: Field,
    grid: Grid,
    curves: tuple[int, int],
) -> None:
    chains, volume, total, batch, size, length, run, curved = field
    rows, starts, filled, source = grid
    last = stages.shape[0] - 1
    for block in each(-(-chains // batch)):
        me = thread()
        u, z, g, table = work[me, 0], work[me, 1], work[me, 2], tables[me]
        inner, final = pass_at(curves[0], u), pass_at(curves[1], u)
        ones(u, size)
        for i in range(table.size):
            table[i] = 0.0
        for chain in range(block * batch, min(chains, (block + 1) * batch)):
            bar, spare, outputs = work[me, 3], work[me, 4], stages[last, 1]
            load(bar, 0, size, y_bar, chain * outputs * volume, outputs, rows, length)
            if curved:
                load(z, 0, size, kept, (chain * total + stages[last, KEPT]) * volume, outputs, rows, length)
                final(u, g, z, size, outputs, starts, run)
                times(bar, g, size, outputs, starts, run)
            for n in range(last, -1, -1):
                inputs, outputs = stages[n, 0], stages[n, 1]
                if n > 0:
                    load(z, 0, size, kept, (chain * total + stages[n - 1, KEPT]) * volume, inputs, rows, length)
                    inner(u, g, z, size, inputs, starts, run)
                else:
                    load(u, 1, size, x, chain * inputs * volume, inputs, rows, length)
                wrap(u, 1, size, inputs, filled, source)
                clear(bar, 0, size, outputs, filled)
                at = stages[n, SUMS] * lanes(u)
                dots(table, at, bar, size, u, where, stages[n, 3], stages[n, 2], outputs, starts, run)
                wrap(bar, 0, size, outputs, filled, source)
                mix(spare, size, bar, weights, where, (stages[n, 5], stages[n, 6], stages[n, 7], inputs), starts, run)
                bar, spare = spare, bar
                if n > 0:
                    times(bar, g, size, inputs, starts, run)
            store(x_bar, chain * stages[0, 0] * volume, bar, 0, size, stages[0, 0], rows, length)
        for i in range(sums.shape[1]):
            sums[block, i] = lane_sum(vld(table, i * lanes(u)))


@lru_cache
def _loops(char: str) -> dict[str, Any]:
    """The loops of a precision."""
    precision = SINGLE if char == "f" else DOUBLE
    mix_four, mix_two = (loop(f, precision) for f in (tiles.mix_four, tiles.mix_two))
    add = loop(tiles.add, precision)
    dot_four, dot_two = (loop(f, precision, add=add) for f in (tiles.dot_four, tiles.dot_two))
    names = ("load", "store", "wrap", "clear", "ones", "times")
    return {
        "mix": loop(tiles.mix, precision, four=mix_four, two=mix_two),
        "dots": loop(tiles.dots, precision, four=dot_four, two=dot_two),
        **{name: loop(getattr(passes, name), precision) for name in names},
    }


def _signature(plane: Any, planes: int) -> Any:
    """Of a pass over some planes: planes, numbers per plane, channels, starts, run."""
    table = types.Array(types.int64, 1, "C", readonly=True)
    return types.void(*(plane,) * planes, types.int64, types.int64, table, types.int64)


def _pass_at(planes: int) -> Any:
    """Intrinsic (address, plane) -> the compiled pass there.

    An argument that is a function would cost more for its type than the pass itself takes.
    """

    def found(typingctx: Any, address: Any, plane: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            made = create_struct_proxy(sig.return_type)(context, builder)
            pointer = context.get_value_type(types.voidptr)
            made.c_addr = builder.inttoptr(args[0], pointer)
            made.py_addr = made.jit_addr = ir.Constant(pointer, None)
            return made._getvalue()

        return types.FunctionType(_signature(plane, planes))(types.int64, plane), codegen

    found.__name__ = found.__qualname__ = f"pass_over_{planes}"
    return intrinsic(found)


_PASSES = {False: (passes.activate, 2, "value"), True: (passes.slopes, 3, "both")}
_POINTERS = {back: _pass_at(planes) for back, (_, planes, _) in _PASSES.items()}


@lru_cache
def curve(back: bool, name: str, char: str) -> Any:
    """The pass that applies an activation; kernels get its address: one kernel serves them all."""
    pass_, planes, formula = _PASSES[back]
    plane = types.Array(types.float32 if char == "f" else types.float64, 1, "C")
    copy = rebuilt(pass_, SINGLE if char == "f" else DOUBLE, **{formula: getattr(CURVES[name], formula)})
    return cfunc(_signature(plane, planes), cache=True)(copy)


@lru_cache
def chains_kernel(back: bool, char: str, parallel: bool) -> Any:
    """The loop over chains, forward or back."""
    around = {"each": parallel_range(parallel), "thread": thread_of(parallel), "pass_at": _POINTERS[back]}
    names = ("mix", "load", "store", "wrap", "ones", *(("dots", "clear", "times") if back else ()))
    return kernel(_backward if back else _forward, parallel, **around, **{n: _loops(char)[n] for n in names})
