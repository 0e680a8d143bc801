"""Fields of the target that were stored: where forward losses take their batches from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from latticekit.arrays import backend, finite, library, namespace
from latticekit.flows import Flow
from latticekit.random import Key

Array = Any


@dataclass(frozen=True)
class Samples:
    """Independent or correlated fields of the target, (n, [internal], *sites); batches are drawn with replacement."""

    fields: Array = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        if getattr(self.fields, "ndim", 0) < 2 or self.fields.shape[0] < 1:
            raise ValueError(f"fields must have shape (n, ..., *sites), got {getattr(self.fields, 'shape', ())}")
        finite(self.fields, "fields")

    def batch(self, flow: Flow, key: Key, size: int) -> Array:
        """Fields for one step, in the dtype and library of the flow.  -> (size, ..., *sites)"""
        expected = tuple(flow.prior.group.shape(self.fields.shape[0], flow.sites))
        if tuple(self.fields.shape) != expected:
            raise ValueError(f"fields of the ensemble must have shape {expected}, got {tuple(self.fields.shape)}")
        xp, total = namespace(self.fields), self.fields.shape[0]
        place = xp.astype(key.fold("proposal").uniform((size,), xp.zeros(0, dtype=xp.float64)) * float(total), xp.int64)
        return as_like(xp.take(self.fields, xp.clip(place, 0, total - 1), axis=0), flow.like)


def as_like(x: Array, like: Array) -> Array:
    """x with the dtype, library and device of `like`.  Between libraries only from the host."""
    if library(x) == library(like):
        return namespace(like).astype(x, like.dtype)
    return backend(library(like)).asarray(x, dtype=like.dtype, device=like.device)
