"""Real Fourier transform of lines of vectors, straight-line code for each extent.

The modes of a line of n are c_k = sum_x w_k cos(2 pi k x / n) a_x, k = 0 ... n // 2, then s_k with sines, where
0 < k < n / 2; w_k makes the transform orthogonal.  Lines are folded into even and odd parts, these for even n into the
parts of even and odd k, and so on; what is left is a product with a matrix of about n / 4 x n / 4.  The inverse is the
transpose.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.np.arrayobj import make_array

from latticekit.kernels.cpu.lanes import call, suffix
from latticekit.kernels.cpu.target import DOUBLE
from latticekit.kernels.cpu.vector import FLAGS, Vec, intrinsic, vector_type, width
from latticekit.kernels.site import rebuilt

Array = Any
LONGEST = 64
"""Extent up to which code without loops stays small enough."""


@lru_cache(maxsize=64)
def momenta(n: int) -> np.ndarray:
    """k of the modes of a line, in their order."""
    return np.concatenate([np.arange(n // 2 + 1), np.arange(1, (n + 1) // 2)])


class _Emitter:
    """Sums of vectors with constant coefficients, as LLVM instructions."""

    def __init__(self, builder: Any, vector: Any, n: int) -> None:
        self.builder, self.vector, self.n = builder, vector, n

    def wave(self, kind: Any, k: int, x: int) -> float:
        """w_k cos(2 pi k x / n), or the sine."""
        norm = 1.0 if k == 0 or 2 * k == self.n else 2.0
        return math.sqrt(norm / self.n) * kind(2 * math.pi * (k * x % self.n) / self.n)

    def combination(self, values: list[Any], coefficients: list[float]) -> Any:
        """Sum of values times coefficients, fused."""
        total = None
        for value, c in zip(values, coefficients):
            factor = ir.Constant(self.vector, [ir.Constant(self.vector.element, c)] * self.vector.count)
            if total is None:
                total = self.builder.fmul(value, factor)
            else:
                total = call(self.builder, f"llvm.fma.{suffix(self.vector)}", self.vector, [value, factor, total])
        return total

    def add(self, a: Any, b: Any) -> Any:
        return self.builder.fadd(a, b, flags=FLAGS[1:])

    def sub(self, a: Any, b: Any) -> Any:
        return self.builder.fsub(a, b, flags=FLAGS[1:])

    def modes(self, kind: Any, stride: int, at: dict[int, Any]) -> dict[int, Any]:
        """Sums with cosines (sines) of k = stride, 2 stride, ...: k -> mode, from half a line, x -> a_x."""
        n = self.n // stride
        ks, half = _orders(kind, n), n // 2
        if n % 2:
            return {k * stride: self._dense(kind, k * stride, at) for k in ks}
        even, odd = {}, {}
        for x in at:
            if 2 * x < half:  # the mirror image of x at a quarter of the line
                plus, minus = (
                    (self.add(at[x], at[half - x]), self.sub(at[x], at[half - x]))
                    if half - x in at
                    else (
                        at[x],
                        at[x],
                    )
                )
                even[x], odd[x] = (plus, minus) if kind is math.cos else (minus, plus)
            elif 2 * x == half:
                (even if kind is math.cos else odd)[x] = at[x]
        found = {k * stride: self._dense(kind, k * stride, odd) for k in ks if k % 2}
        return found | (self.modes(kind, 2 * stride, even) if any(k % 2 == 0 for k in ks) else {})

    def _dense(self, kind: Any, k: int, at: dict[int, Any]) -> Any:
        return self.combination(list(at.values()), [self.wave(kind, k, x) for x in at])

    def values(self, kind: Any, stride: int, modes: dict[int, Any]) -> dict[int, Any]:
        """The transpose of `modes`: x -> a_x of half a line."""
        n = self.n // stride
        ks, half = _orders(kind, n), n // 2
        if n % 2:
            return {x: self._turned(kind, x, [k * stride for k in ks], modes) for x in _orders(kind, n)}
        odd_ks = [k * stride for k in ks if k % 2]
        even = self.values(kind, 2 * stride, modes) if any(k % 2 == 0 for k in ks) else {}
        odd = {x: self._turned(kind, x, odd_ks, modes) for x in _quarter(kind, half)}
        found = {}
        for x in sorted({*even, *odd}):
            if 2 * x == half:
                found[x] = even[x] if x in even else odd[x]
            elif x not in even or x not in odd:
                found[x] = found[half - x] = even.get(x, odd.get(x))
            else:
                mirrored = self.sub(even[x], odd[x]) if kind is math.cos else self.sub(odd[x], even[x])
                found[x], found[half - x] = self.add(even[x], odd[x]), mirrored
        return found

    def _turned(self, kind: Any, x: int, ks: list[int], modes: dict[int, Any]) -> Any:
        return self.combination([modes[k] for k in ks], [self.wave(kind, k, x) for k in ks])


def _orders(kind: Any, n: int) -> list[int]:
    """k, and x, of half a line of n."""
    return list(range(n // 2 + 1)) if kind is math.cos else list(range(1, (n + 1) // 2))


def _quarter(kind: Any, half: int) -> list[int]:
    """x of the odd-k part of a folded half line."""
    return [x for x in range(half // 2 + 1) if (2 * x < half if kind is math.cos else x > 0 and 2 * x <= half)]


def _transform(emit: _Emitter, a: list[Any]) -> list[Any]:
    """Modes of a line."""
    n, even, odd = emit.n, {}, {}
    for x in range(n // 2 + 1):
        if x == 0 or 2 * x == n:
            even[x] = a[x]
        else:
            even[x], odd[x] = emit.add(a[x], a[n - x]), emit.sub(a[x], a[n - x])
    cosines = emit.modes(math.cos, 1, even)
    sines = emit.modes(math.sin, 1, odd) if odd else {}
    return [cosines[k] for k in sorted(cosines)] + [sines[k] for k in sorted(sines)]


def _inverse(emit: _Emitter, modes: list[Any]) -> list[Any]:
    """The line of given modes."""
    n, cosines = emit.n, emit.n // 2 + 1
    even = emit.values(math.cos, 1, dict(enumerate(modes[:cosines])))
    odd = emit.values(math.sin, 1, dict(enumerate(modes[cosines:], start=1))) if n > 2 else {}
    a = [even[min(x, n - x)] for x in range(n)]
    for x in odd:
        a[x], a[n - x] = emit.add(even[x], odd[x]), emit.sub(even[x], odd[x])
    return a


def _line(n: int, inverse: bool) -> Any:
    """Intrinsic (a, i, pitch): the line of vectors at a[i], a[i + pitch], ... in place."""

    def line(typingctx: Any, a: Any, i: Any, pitch: Any) -> Any:
        vec = Vec(a.dtype, width(a.dtype.bitwidth // 8))

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            vector, align, at, places = vector_type(vec), vec.dtype.bitwidth // 8, args[1], []
            for _ in range(n):
                places.append(builder.bitcast(builder.gep(args[0], [at]), vector.as_pointer()))
                at = builder.add(at, args[2])
            values = [builder.load(place, align=align) for place in places]
            for place, value in zip(
                places, (_inverse if inverse else _transform)(_Emitter(builder, vector, n), values)
            ):
                builder.store(value, place, align=align)
            return context.get_dummy_value()

        return types.void(a, types.intp, types.intp), codegen

    line.__name__ = line.__qualname__ = f"line_{n}_{'inverse' if inverse else 'modes'}"
    return intrinsic(line)


line: Any = None
extent: Any = None
lanes: Any = None


def _lines(a: Any, outer: int, inner: int) -> None:
    for o in range(outer):
        for i in range(inner):
            line(a, (o * extent * inner + i) * lanes, inner * lanes)


@lru_cache(maxsize=128)
def lines(n: int, inverse: bool, char: str) -> Any:
    """C function (a, outer, inner): transforms, in place, the axis of extent n of vectors (outer, n, inner)."""
    w = width(np.dtype(char).itemsize)
    copy = rebuilt(_lines, DOUBLE, line=_line(n, inverse), extent=n, lanes=w)
    real = types.float32 if char == "f" else types.float64
    signature = types.void(types.CPointer(real), types.intp, types.intp)
    return numba.cfunc(signature, cache=True, error_model="numpy", nogil=True)(copy)


@lru_cache(maxsize=128)
def addresses(sites: tuple[int, ...], char: str) -> np.ndarray:
    """Where the transforms of every axis start: forward, inverse, extents outside and inside.  (axis, 4)"""
    rows = []
    for mu, n in enumerate(sites):
        pair = (lines(n, inverse, char).address for inverse in (False, True))
        rows.append([*pair, math.prod(sites[:mu]), math.prod(sites[mu + 1 :])])
    return np.array(rows, dtype=np.int64)


@intrinsic
def call_lines(typingctx: Any, address: Any, a: Any, outer: Any, inner: Any) -> Any:
    """Call a function of `lines` by its address on an array."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = make_array(sig.args[1])(context, builder, args[1]).data
        function = ir.FunctionType(ir.VoidType(), [data.type, args[2].type, args[3].type])
        builder.call(builder.inttoptr(args[0], function.as_pointer()), [data, args[2], args[3]])
        return context.get_dummy_value()

    return types.void(types.intp, a, types.intp, types.intp), codegen
