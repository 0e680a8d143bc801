"""How numba-cuda compiles site formulas.  All that depends on the compiler is in this file and in `launch`."""

from __future__ import annotations

import types
from typing import Any

import numpy as np
from numba import cuda, float32, float64
from numba.cuda import libdevice

from latticekit.kernels.site import Target

_ROOT_DOUBLE, _ROOT_SINGLE = np.int64(0x3FE6A09E667F3BCD), np.int32(0x3F3504F3)  # bits of 1/sqrt(2)
_SIX, _NINE, _TOP = np.uint64(6), np.uint64(9), np.uint64(26)


_jit: Any = cuda.jit


def _device(function: Any) -> Any:
    return _jit(device=True, forceinline=True)(function)  # inlined by the back end; before typing it would cost minutes


@_device
def _sqrt_double(x):
    return libdevice.sqrt(x)


@_device
def _sqrt_single(x):
    return libdevice.sqrtf(x)


@_device
def _fma_double(x, y, z):
    return libdevice.fma(x, y, z)


@_device
def _fma_single(x, y, z):
    return libdevice.fmaf(x, y, z)


@_device
def _rint_double(x):
    return libdevice.rint(x)


@_device
def _rint_single(x):
    return libdevice.rintf(x)


@_device
def _floor_double(x):
    return libdevice.floor(x)


@_device
def _floor_single(x):
    return libdevice.floorf(x)


@_device
def _alternating(x, k):
    return -x if np.int32(k) & np.int32(1) else x


@_device
def _clip(x, low, high):
    return low if x < low else high if x > high else x


@_device
def _choose(a, b, x, y):
    return x if a < b else y


@_device
def _power_double(k):
    return libdevice.ldexp(1.0, np.int32(k))


@_device
def _power_single(k):
    return libdevice.ldexpf(np.float32(1.0), np.int32(k))


@_device
def _exponent_double(x):
    return np.float64((libdevice.double_as_longlong(x) - _ROOT_DOUBLE) >> 52)


@_device
def _exponent_single(x):
    return np.float32((np.int64(libdevice.float_as_int(x)) - _ROOT_SINGLE) >> 23)


@_device
def _mantissa_double(x):
    bits = libdevice.double_as_longlong(x)
    return libdevice.longlong_as_double(bits - (((bits - _ROOT_DOUBLE) >> 52) << 52))


@_device
def _mantissa_single(x):
    bits = np.int64(libdevice.float_as_int(x))
    return libdevice.int_as_float(np.int32(bits - (((bits - _ROOT_SINGLE) >> 23) << 23)))


@_device
def _unit_double(high, low):
    return (np.float64(high >> _SIX << _TOP | low >> _SIX) + 0.5) * 2.0**-52


@_device
def _unit_single(high):
    return (np.float32(high >> _NINE) + np.float32(0.5)) * np.float32(2.0**-23)


@_device
def _word(k):
    return np.uint64(k)


@_device
def _double(x):
    return np.float64(x)


@_device
def _single(x):
    return np.float32(x)


@_device
def _ld(a, at, k):
    return a[at + k]


@_device
def _st(a, at, k, value):
    a[at + k] = value


_SHARED = {
    "cuda": cuda,
    "ld": _ld,
    "st": _st,
    "alternating": _alternating,
    "clip": _clip,
    "choose": _choose,
    "unit_double": _unit_double,
    "unit_single": _unit_single,
    "word": _word,
    "double": _double,
}
DOUBLE = Target(
    "cuda64",
    {
        **_SHARED,
        "REAL": float64,
        "whole": _double,
        "sqrt": _sqrt_double,
        "fma": _fma_double,
        "rint": _rint_double,
        "floor": _floor_double,
        "power_of_two": _power_double,
        "exponent": _exponent_double,
        "mantissa": _mantissa_double,
    },
    _device,
)
SINGLE = Target(
    "cuda32",
    {
        **_SHARED,
        "REAL": float32,
        "whole": _single,
        "sqrt": _sqrt_single,
        "fma": _fma_single,
        "rint": _rint_single,
        "floor": _floor_single,
        "power_of_two": _power_single,
        "exponent": _exponent_single,
        "mantissa": _mantissa_single,
    },
    _device,
    single=True,
)
_KERNEL = """
def _lk_kernel(_lk_count, {args}):
    for _lk_i in range(_lk_grid(1), _lk_count, _lk_gridsize(1)):
        _lk_body(_lk_i, {args})
"""


def grid_stride(body: Any, target: Target, arity: int) -> types.FunctionType:
    """The kernel of a body with `arity` arguments besides the index, not yet compiled.

    One text per arity: not every compiler takes *args.  Names start with _lk_ so that none hides an argument.
    """
    scope = {"_lk_body": body.build(target), "_lk_grid": cuda.grid, "_lk_gridsize": cuda.gridsize}
    exec(_KERNEL.format(args=", ".join(f"a{n}" for n in range(arity))), scope)
    return scope["_lk_kernel"]


def kernel(body: Any, target: Target, arity: int) -> Any:
    """The compiled kernel, for any argument types."""
    return cuda.jit(grid_stride(body, target, arity))
