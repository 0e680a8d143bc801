"""Fixed filters: convolutions whose weights are known.  Oracles, smoothing and edges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, ClassVar, Self

import numpy as np

from latticekit.arrays import namespace
from latticekit.flows.base import Residuals
from latticekit.flows.networks.base import Network, same_width
from latticekit.flows.networks.stages import mixed
from latticekit.flows.networks.tying import displacements
from latticekit.flows.parameters import Setting, Tree

Array = Any


def laplacian(dim: int) -> np.ndarray:
    """sum_mu u(x + mu) + u(x - mu) - 2 u(x): in two dimensions (0 1 0; 1 -4 1; 0 1 0).  -> (3,) * dim"""
    taps = np.zeros((3,) * dim)
    for d in displacements((3,) * dim):
        place = tuple(step + 1 for step in d)
        taps[place] = {0: -2.0 * dim, 1: 1.0}.get(sum(map(abs, d)), 0.0)
    return taps


def gaussian(dim: int) -> np.ndarray:
    """Product of (1 2 1) / 4 along every axis: in two dimensions (1 2 1; 2 4 2; 1 2 1) / 16.  -> (3,) * dim"""
    return reduce(np.multiply.outer, [np.array([0.25, 0.5, 0.25])] * dim)


FILTERS: dict[str, Callable[[int], np.ndarray]] = {"laplacian": laplacian, "gaussian": gaussian}


@dataclass(frozen=True)
class Filter(Network):
    """Every channel under a fixed, symmetric filter.  (chain, channel, *sites) -> the same

    taps: "laplacian" or "gaussian".
    """

    taps: str = "laplacian"
    keeps: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.taps not in FILTERS:
            raise ValueError(f"unknown filter {self.taps!r}: one of {', '.join(FILTERS)}")

    @property
    def odd(self) -> bool:
        """Linear maps are."""
        return True

    def between(self, inputs: int, outputs: int = 0) -> Self:
        """Itself."""
        same_width(self, inputs, outputs)
        return replace(self)

    def init(self, setting: Setting) -> Self:
        """Itself: there are no parameters."""
        return self

    def apply(self, x: Array) -> tuple[Array, Residuals]:
        """The filter, channel by channel."""
        xp, dim = namespace(x), x.ndim - 2
        row = FILTERS[self.taps](dim).reshape(1, 1, -1)
        alone = xp.reshape(x, (x.shape[0] * x.shape[1], 1, *x.shape[2:]))
        y = mixed(xp.asarray(row, dtype=x.dtype, device=x.device), alone, displacements((3,) * dim))
        return xp.reshape(y, x.shape), ()

    def vjp(self, residuals: Residuals, y_bar: Array) -> tuple[Array, Tree]:
        """The filter itself: it is symmetric."""
        return self.apply(y_bar)[0], {}
