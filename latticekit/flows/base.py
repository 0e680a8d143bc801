"""The protocol of an invertible map with log-Jacobian and hand-written adjoint."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from latticekit.arrays import namespace
from latticekit.flows.parameters import Parametric, Tree

Array = Any
Residuals = Any
"""What `vjp` and `carry` need of one `apply`: a tree of arrays of the caller's namespace."""


@dataclass(frozen=True)
class Layer(Parametric, ABC):
    """Invertible map y = f(x) of fields.  Cotangents of group-valued fields are algebra elements, as forces are.

    log_det is log |det dy/dx| per chain, float64, with respect to Haar measures where the field has one.
    """

    @abstractmethod
    def apply(self, x: Array) -> tuple[Array, Array, Residuals]:
        """y, log_det (chain,), residuals.  field -> field"""

    @abstractmethod
    def inverse(self, y: Array) -> tuple[Array, Array]:
        """x, log_det of the inverse map (chain,).  field -> field"""

    @abstractmethod
    def vjp(self, residuals: Residuals, y_bar: Array, log_det_bar: Array) -> tuple[Array, Tree]:
        """x_bar = J^T y_bar + log_det_bar d log_det, and the same for every parameter, summed over chains.

        y_bar: algebra; log_det_bar: (chain,).  -> algebra, tree of the shape of `params`
        """

    @abstractmethod
    def carry(self, residuals: Residuals, zeta: Array, weight: Array) -> Array:
        """y_bar with vjp(residuals, y_bar, weight) = zeta: J^-T (zeta - weight d log_det).  algebra -> algebra

        With weight 1 it carries zeta = d log q from x to y (path gradients; `notes` of Vaitl et al., 2206.09016); with
        other weights it is the vjp of the inverse map.  weight: (chain,).
        """

    def push(self, x: Array) -> tuple[Array, Array]:
        """y and log_det alone, as drawing needs them.  The default forgets the residuals of `apply`.  field -> field"""
        return self.apply(x)[:2]

    def apply_with_score(self, x: Array, zeta: Array) -> tuple[Array, Array, Array, Residuals]:
        """y, log_det, zeta carried to y with weight 1, residuals: one forward pass of a path gradient.

        The default carries after applying; a layer whose two passes share work does both at once.
        """
        xp, (y, log_det, residuals) = namespace(x), self.apply(x)
        one = xp.ones(x.shape[0], dtype=xp.float64, device=x.device)
        return y, log_det, self.carry(residuals, zeta, one), residuals

    def defect(self, x: Array) -> Array:
        """Estimate of |log_det - log |det dy/dx||, where a layer integrates it; zero where it is exact.  -> (chain,)"""
        xp = namespace(x)
        return xp.zeros(x.shape[0], dtype=xp.float64, device=x.device)


def per_chain(values: Array, like: Array) -> Array:
    """(chain,) as a factor of a field `like`: its dtype, and length-1 axes behind.  -> (chain, 1, ..., 1)"""
    xp = namespace(like)
    return xp.astype(xp.reshape(values, (values.shape[0],) + (1,) * (like.ndim - 1)), like.dtype)


def sum_chains(values: Array) -> Array:
    """Sum over everything but chains, in float64.  (chain, ...) -> (chain,)"""
    xp = namespace(values)
    return xp.sum(values, axis=tuple(range(1, values.ndim)), dtype=xp.float64)
