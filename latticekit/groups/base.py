"""The protocol of a group: what HMC, Langevin and finite differences need to know of a field variable."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from latticekit.random import Key

Array = Any


class Group(ABC):
    """Where one field variable lives.  Algebra elements v, p, forces and cotangents are real arrays."""

    field: str
    """Name of the field in stored ensembles."""
    internal_dims: tuple[str, ...] = ()
    """Names of the axes between chain and sites."""

    @abstractmethod
    def shape(self, chains: int, sites: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of a field on these sites."""

    @abstractmethod
    def identity(self, shape: tuple[int, ...], like: Array) -> Array:
        """The neutral field (cold start), dtype and device of `like`."""

    @abstractmethod
    def random(self, key: Key, shape: tuple[int, ...], like: Array) -> Array:
        """A random field (hot start): Haar measure; unit normal where the group is not compact."""

    @abstractmethod
    def random_algebra(self, key: Key, like: Array) -> Array:
        """Normal algebra element for a field `like`: density exp(-inner(v, v)/2)."""

    @abstractmethod
    def translate(self, x: Array, v: Array) -> Array:
        """exp(v) x; x + v on the real line."""

    @abstractmethod
    def inner(self, v: Array, w: Array) -> Array:
        """sum_a v_a w_a over everything but chains, accumulated in float64.  -> (chain,)"""

    @abstractmethod
    def project(self, x: Array) -> Array:
        """The nearest element of the group."""

    @abstractmethod
    def defect(self, x: Array) -> Array:
        """Largest distance of x from the group.  -> (chain,)"""
