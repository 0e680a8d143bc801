"""What the compact groups of gauge links share: matrices, algebra, projection."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from latticekit.arrays import namespace
from latticekit.groups.base import Group
from latticekit.groups.matrices import dagger_mul, identity_like
from latticekit.random import Key

Array = Any


class GaugeGroup(Group):
    """A group of N x N unitary matrices, one per link; its algebra element with coefficients v_a is i v_a T_a.

    tr T_a T_b = index delta_ab.  Fields carry the direction after the chain; the methods marked "one direction" act on
    matrices (chain, N, N, *sites), whose first axis may hold any batch.
    """

    n: int
    """N, the size of the matrices."""
    index: float
    """tr T_a T_a."""

    @property
    @abstractmethod
    def generators(self) -> np.ndarray:
        """T_a, Hermitian.  (a, N, N)"""

    @property
    def algebra_size(self) -> int:
        """Number of generators."""
        return len(self.generators)

    @property
    def casimir(self) -> float:
        """C_F of sum_a T_a T_a = C_F 1."""
        return self.index * self.algebra_size / self.n

    @abstractmethod
    def matrices(self, x: Array) -> Array:
        """Links as complex matrices.  field -> (chain, mu, N, N, *sites)"""

    @abstractmethod
    def links(self, m: Array) -> Array:
        """The field whose matrices these are, inverse of `matrices`.  (chain, mu, N, N, *sites) -> field"""

    @abstractmethod
    def algebra(self, v: Array) -> Array:
        """i v_a T_a of one direction.  algebra of a direction -> (chain, N, N, *sites)"""

    @abstractmethod
    def components(self, m: Array) -> Array:
        """v_a = Im tr(T_a m)/index: projection on the algebra.  (chain, N, N, *sites) -> algebra of a direction"""

    @abstractmethod
    def exp(self, v: Array) -> Array:
        """exp(i v_a T_a) of one direction.  algebra of a direction -> (chain, N, N, *sites)"""

    @abstractmethod
    def log(self, m: Array) -> Array:
        """v with exp(v) = m, eigenphases in (-pi, pi] as far as their sum permits.  (chain, N, N, *sites) -> algebra"""

    @abstractmethod
    def nearest(self, m: Array) -> Array:
        """Polar factor of any matrices, with the determinant's phase divided out.  (chain, N, N, *sites) -> the same"""

    def random_algebra(self, key: Key, like: Array) -> Array:
        """Normal momenta for a field, density exp(-inner(v, v)/2).  field -> algebra"""
        return key.normal(self.algebra_shape(tuple(like.shape)), _real(like))

    @abstractmethod
    def algebra_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the algebra of a field of this shape."""

    def inner(self, v: Array, w: Array) -> Array:
        """sum_a v_a w_a over links in float64.  two algebras -> (chain,)"""
        xp = namespace(v)
        return xp.sum(v * w, axis=tuple(range(1, v.ndim)), dtype=xp.float64)

    def defect(self, x: Array) -> Array:
        """max |U^dagger U - 1| and |det U - 1| over links.  field -> (chain,)"""
        m = self.matrices(x)
        xp, flat = namespace(m), merged(m)
        error = xp.abs(dagger_mul(flat, flat) - identity_like(flat))
        return xp.max(xp.reshape(error, (x.shape[0], -1)), axis=1)


def merged(field: Array) -> Array:
    """Chain and direction as one batch axis.  (chain, mu, ...) -> (chain mu, ...)"""
    return namespace(field).reshape(field, (-1, *field.shape[2:]))


def unmerged(field: Array, like: Array) -> Array:
    """Back to the chains and directions of `like`.  (chain mu, ...) -> (chain, mu, ...)"""
    return namespace(field).reshape(field, (*like.shape[:2], *field.shape[1:]))


def _real(x: Array) -> Array:
    """Empty real array of the precision and device of x."""
    xp = namespace(x)
    empty = xp.reshape(x, (-1,))[:0]
    return xp.real(empty) if xp.isdtype(x.dtype, "complex floating") else empty
