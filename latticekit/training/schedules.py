"""How the learning rate goes during a training; a factor on its peak."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

Memory = dict[str, float]


class Schedule(ABC):
    """A factor on the learning rate, as a function of the share of the training that is done."""

    has_end: bool = True
    """Whether the factor depends on where the training ends."""

    def init(self) -> Memory:
        """What is remembered from step to step, before the first."""
        return {}

    @abstractmethod
    def factor(self, share: float, memory: Memory) -> float:
        """The factor at a share in (0, 1]."""

    def observe(self, loss: float, memory: Memory) -> Memory:
        """The memory after a step with this loss."""
        return memory


@dataclass(frozen=True)
class Constant(Schedule):
    """1 from beginning to end."""

    has_end = False

    def factor(self, share: float, memory: Memory) -> float:
        """1"""
        return 1.0


@dataclass(frozen=True)
class Cosine(Schedule):
    """Linear warm-up over the first share, then half a cosine from 1 down to `last`."""

    warmup: float = 0.01
    last: float = 0.01

    def __post_init__(self) -> None:
        _check(self.warmup, self.last)

    def factor(self, share: float, memory: Memory) -> float:
        """share/warmup, then last + (1 - last)(1 + cos(pi u))/2 with u from 0 to 1"""
        u = max(0.0, share - self.warmup) / (1 - self.warmup)
        return _warm(share, self.warmup) * (self.last + (1 - self.last) * 0.5 * (1 + math.cos(math.pi * u)))


@dataclass(frozen=True)
class Exponential(Schedule):
    """Linear warm-up over the first share, then last^u with u from 0 to 1."""

    warmup: float = 0.01
    last: float = 0.01

    def __post_init__(self) -> None:
        _check(self.warmup, self.last)

    def factor(self, share: float, memory: Memory) -> float:
        """share/warmup, then last^u"""
        return _warm(share, self.warmup) * self.last ** (max(0.0, share - self.warmup) / (1 - self.warmup))


@dataclass(frozen=True)
class ReduceOnPlateau(Schedule):
    """1, multiplied by `shrink` whenever the running mean of the loss has not fallen for `patience` steps."""

    shrink: float = 0.5
    patience: int = 200
    smoothing: float = 0.98
    has_end = False

    def __post_init__(self) -> None:
        if not (0 < self.shrink < 1 and self.patience >= 1 and 0 <= self.smoothing < 1):
            raise ValueError(f"needs shrink in (0, 1), patience >= 1 and smoothing in [0, 1), got {self}")

    def init(self) -> Memory:
        """Full rate, no loss seen."""
        return {"factor": 1.0, "mean": 0.0, "weight": 0.0, "best": math.inf, "waited": 0.0}

    def factor(self, share: float, memory: Memory) -> float:
        """What the losses so far have left of it."""
        return memory["factor"]

    def observe(self, loss: float, memory: Memory) -> Memory:
        """Wait, or shrink and wait anew."""
        a = self.smoothing
        mean, weight = a * memory["mean"] + (1 - a) * loss, a * memory["weight"] + (1 - a)
        best, waited, factor = memory["best"], memory["waited"] + 1, memory["factor"]
        if mean / weight < best:
            best, waited = mean / weight, 0.0
        elif waited >= self.patience:
            factor, waited = factor * self.shrink, 0.0
        return {"factor": factor, "mean": mean, "weight": weight, "best": best, "waited": waited}


def _warm(share: float, warmup: float) -> float:
    return min(1.0, share / warmup) if warmup else 1.0


def _check(warmup: float, last: float) -> None:
    if not (0 <= warmup < 1 and 0 < last <= 1):
        raise ValueError(f"warmup must lie in [0, 1) and last in (0, 1], got {warmup} and {last}")
