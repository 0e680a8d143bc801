"""The real line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from latticekit.arrays import namespace
from latticekit.groups.base import Group
from latticekit.random import Key

Array = Any


@dataclass(frozen=True)
class Real(Group):
    """One real number per site, (chain, *sites); exp(v) x = x + v."""

    field = "phi"

    def shape(self, chains: int, sites: tuple[int, ...]) -> tuple[int, ...]:
        """(chain, *sites)"""
        return (chains, *sites)

    def identity(self, shape: tuple[int, ...], like: Array) -> Array:
        """phi = 0 everywhere.  -> (chain, *sites)"""
        return namespace(like).zeros(shape, dtype=like.dtype, device=like.device)

    def random(self, key: Key, shape: tuple[int, ...], like: Array) -> Array:
        """Unit normal at every site.  -> (chain, *sites)"""
        return key.normal(shape, like)

    def random_algebra(self, key: Key, like: Array) -> Array:
        """Normal momenta for a field, density exp(-p.p/2).  (chain, *sites) -> the same"""
        return key.normal(tuple(like.shape), like)

    def translate(self, x: Array, v: Array) -> Array:
        """x + v.  (chain, *sites), (chain, *sites) -> (chain, *sites)"""
        return x + v

    def inner(self, v: Array, w: Array) -> Array:
        """sum_x v(x) w(x) in float64.  (chain, *sites), (chain, *sites) -> (chain,)"""
        xp = namespace(v)
        return xp.sum(v * w, axis=tuple(range(1, v.ndim)), dtype=xp.float64)

    def project(self, x: Array) -> Array:
        """x itself."""
        return x

    def defect(self, x: Array) -> Array:
        """Zero.  (chain, *sites) -> (chain,)"""
        return namespace(x).zeros((x.shape[0],), dtype=x.dtype, device=x.device)
