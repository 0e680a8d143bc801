"""Solving y = h(x) for an increasing function of every element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from latticekit.arrays import namespace

Array = Any
_STEPS = 200


def solved(f: Callable[[Array], tuple[Array, Array]], y: Array, low: float, high: float) -> Array:
    """x with h(x) = y, to rounding, by Newton's method with a bracket that falls back to halving.

    f gives h and its slope; h(low) <= y <= h(high).  An element is done once h or its step is exact to a few units in
    the last place of the interval.  any shape -> the same
    """
    xp = namespace(y)
    enough = 2.0 * float(xp.finfo(y.dtype).eps) * max(abs(low), abs(high))
    below, above, x = xp.full_like(y, low), xp.full_like(y, high), y
    for _ in range(_STEPS):
        h, slope = f(x)
        short, step = h < y, (y - h) / slope
        below, above = xp.where(short, x, below), xp.where(short, above, x)
        near, moved = xp.abs(step) <= enough, x + step
        open_ = ~near & (xp.abs(y - h) > enough)
        x = xp.where(near | ((moved > below) & (moved < above)), moved, 0.5 * (below + above))
        if not bool(xp.any(open_)):
            break
    return xp.clip(x, low, high)
