"""Shares: positive numbers of sum 1."""

from __future__ import annotations

from typing import Any

from latticekit.arrays import namespace

Array = Any


def softmax(raw: Array) -> Array:
    """Shares exp(raw_k) / sum_j exp(raw_j) along axis 1.  (chain, k, *n) -> the same"""
    xp = namespace(raw)
    e = xp.exp(raw - xp.max(raw, axis=1, keepdims=True))
    return e / xp.sum(e, axis=1, keepdims=True)


def softmax_vjp(share: Array, bar: Array) -> Array:
    """Back through `softmax`, given its result.  two (chain, k, *n) -> the same"""
    return share * (bar - namespace(bar).sum(share * bar, axis=1, keepdims=True))
