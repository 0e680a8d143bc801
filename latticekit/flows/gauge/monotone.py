"""Increasing maps of [-pi, pi] onto itself, element by element, and the solution of y = h(x)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from latticekit.arrays import namespace

Array = Any
_STEPS = 200


@dataclass(frozen=True)
class MonotoneMap(ABC):
    """y = h(x; p), increasing, h(+-pi) = +-pi, the same slope at both ends; p = 0 is y = x.

    Parameters have an axis of length `size` behind the chain: p (chain, size, *n), x and y (chain, *n).
    """

    @property
    @abstractmethod
    def size(self) -> int:
        """Number of parameters per element."""

    @abstractmethod
    def apply(self, x: Array, p: Array) -> tuple[Array, Array]:
        """y and l = log dy/dx.  (chain, *n), (chain, size, *n) -> two (chain, *n)"""

    @abstractmethod
    def inverse(self, y: Array, p: Array) -> tuple[Array, Array]:
        """x and log dy/dx there.  (chain, *n), (chain, size, *n) -> two (chain, *n)"""

    @abstractmethod
    def slopes(self, x: Array, p: Array) -> tuple[Array, Array]:
        """dy/dx and dl/dx.  (chain, *n), (chain, size, *n) -> two (chain, *n)"""

    @abstractmethod
    def parameter_vjp(self, x: Array, p: Array, y_bar: Array, l_bar: Array) -> Array:
        """p_bar = y_bar dy/dp + l_bar dl/dp.  three (chain, *n) and p -> (chain, size, *n)"""


def solved(f: Callable[[Array], tuple[Array, Array]], y: Array, low: float, high: float) -> Array:
    """x with h(x) = y, to rounding, by Newton's method with a bracket that falls back to halving.

    f gives h and its slope; h(low) <= y <= h(high).  An element is done once h, its step or its
    bracket is exact to a few units in the last place of the interval.  any shape -> the same
    """
    xp = namespace(y)
    enough = 2.0 * float(xp.finfo(y.dtype).eps) * max(abs(low), abs(high))
    below, above, x = xp.full_like(y, low), xp.full_like(y, high), y
    open_ = xp.ones_like(y, dtype=xp.bool)
    for _ in range(_STEPS):
        h, slope = f(x)
        short, step = h < y, (y - h) / slope
        below, above = xp.where(short, x, below), xp.where(short, above, x)
        near, moved = xp.abs(step) <= enough, x + step
        new = xp.where(near | ((moved > below) & (moved < above)), moved, 0.5 * (below + above))
        x = xp.where(open_, new, x)  # the others keep their bits
        open_ = open_ & ~near & (xp.abs(y - h) > enough) & (above - below > enough)
        if not bool(xp.any(open_)):
            break
    return xp.clip(x, low, high)
