"""Limits to what one sample, or one batch, can do to the parameters."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from latticekit.arrays import namespace

Array = Any
Memory = dict[str, float]


def sample_weights(norms: Array, factor: float | None) -> Array:
    """min(1, factor median(norms) / norm): samples far outside the batch count less.  (chain,) -> (chain,)

    A flow in training sends single samples far away, where the force grows like phi^3 and one sample outweighs the
    batch.  The median is the upper one of an even batch; None leaves all weights at 1.
    """
    xp = namespace(norms)
    if factor is None:
        return xp.ones_like(norms)
    limit = xp.take(xp.sort(norms), xp.asarray([norms.shape[0] // 2], device=norms.device)) * factor
    far, one = norms > limit, xp.ones_like(norms)
    return xp.where(far, limit / xp.where(far, norms, one), one)


class Clipping(ABC):
    """How long a gradient may be."""

    def init(self) -> Memory:
        """What is remembered from step to step, before the first."""
        return {}

    @abstractmethod
    def factor(self, norm: float, memory: Memory) -> tuple[float, Memory]:
        """By what a gradient of this norm is multiplied, in (0, 1], and the memory after it."""


@dataclass(frozen=True)
class MaxNorm(Clipping):
    """The norm of the gradient over all parameters is at most `limit`."""

    limit: float

    def __post_init__(self) -> None:
        if not self.limit > 0:
            raise ValueError(f"limit must be positive, got {self.limit} (math.inf: no clipping)")

    def factor(self, norm: float, memory: Memory) -> tuple[float, Memory]:
        """min(1, limit / norm)"""
        return (1.0 if norm <= self.limit else self.limit / norm), memory


@dataclass(frozen=True)
class RelativeNorm(Clipping):
    """The norm is at most `multiple` times its running mean, so that no scale has to be known beforehand."""

    multiple: float = 4.0
    decay: float = 0.98

    def __post_init__(self) -> None:
        if not (self.multiple > 1 and 0 < self.decay < 1):
            raise ValueError(f"RelativeNorm needs multiple > 1 and decay in (0, 1), got {self.multiple}, {self.decay}")

    def init(self) -> Memory:
        """Sum of weights and weighted sum of the norms."""
        return {"weight": 0.0, "norm": 0.0}

    def factor(self, norm: float, memory: Memory) -> tuple[float, Memory]:
        """min(1, multiple mean / norm); what was clipped enters the mean at its clipped length."""
        mean = memory["norm"] / memory["weight"] if memory["weight"] else math.inf
        limit = self.multiple * mean
        used, rest = min(norm, limit), 1 - self.decay
        memory = {
            "weight": self.decay * memory["weight"] + rest,
            "norm": self.decay * memory["norm"] + rest * used,
        }
        return (1.0 if norm <= limit else limit / norm), memory
