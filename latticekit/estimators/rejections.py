"""Runs of rejections of a Metropolis chain with independent proposals, and the autocorrelation they cause."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from latticekit.arrays import to_host

Array = Any


class Rejections(NamedTuple):
    """`runs[k]` maximal runs of exactly k rejections in a row, k = 0, 1, ...; `tau_int` in draws; `n` draws in all."""

    runs: np.ndarray
    tau_int: float
    n: int

    @property
    def longest(self) -> int:
        """The longest run."""
        return len(self.runs) - 1


def rejections(accepted: Array) -> Rejections:
    """Histogram of rejection runs, and tau_int from it.  bool (chain, draw) -> Rejections

    A run of k = 0 is an acceptance that follows an acceptance.  A chain with independent proposals forgets its field
    when it moves, so that rho(t) is about the probability p_t of t rejections in a row, whatever the observable:
    tau_int = 1/2 + sum_t p_t.  Albergo, Kanwar and Shanahan, arXiv:1904.12072, eq. 18.
    """
    moved = np.asarray(to_host(accepted), dtype=bool)
    if moved.ndim != 2 or moved.size == 0:
        raise ValueError(f"accepted: axes are (chain, draw), got shape {moved.shape}")
    lengths = np.concatenate([_lengths(chain) for chain in moved])
    runs = np.bincount(lengths, minlength=1)
    t = np.arange(1, len(runs))
    within = np.array([np.sum(np.maximum(lengths - k + 1, 0)) for k in t])  # windows of k draws, all refused
    windows = moved.shape[0] * (moved.shape[1] - t + 1)
    return Rejections(runs, 0.5 + float(np.sum(within / windows)), moved.size)


def _lengths(moved: np.ndarray) -> np.ndarray:
    """Numbers of rejections before the first acceptance, between two, and after the last one."""
    places = np.flatnonzero(moved)
    return np.diff(np.concatenate([[-1], places, [len(moved)]])) - 1
