"""One layer for a range of couplings: parameters that are polynomials in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import Any, Self

import numpy as np

from latticekit.arrays import namespace, tree_map
from latticekit.flows.base import Layer, Residuals
from latticekit.flows.parameters import Setting, Tree

Array = Any


@dataclass(frozen=True)
class Conditioned(Layer):
    """Any layer with parameters theta(c) = sum_e theta_e prod_n u_n^e_n, u = (c - centre) / spread.  field -> field

    The exponents e have sum at most `degree`, the constant first; at first the layer's own start for all couplings.
    centre, spread: of every coupling, so that u lies in [-1, 1].  `conditioned(couplings)` binds numbers, the same for
    all chains.  Parameters are those of the layer with an axis for e in front.
    """

    layer: Layer
    centre: tuple[float, ...]
    spread: tuple[float, ...]
    degree: int = 2
    couplings: tuple[float, ...] | None = None
    """Bound by `conditioned`."""

    def __post_init__(self) -> None:
        for name in ("centre", "spread"):
            object.__setattr__(self, name, tuple(float(v) for v in getattr(self, name)))
        if not self.centre or len(self.centre) != len(self.spread) or min(self.spread) <= 0:
            raise ValueError(f"centre and spread > 0: one per coupling, got {self.centre} and {self.spread}")
        if self.degree < 1:
            raise ValueError(f"the degree of parameters in couplings must be at least 1, got {self.degree}")

    @property
    def params(self) -> dict[str, Tree]:
        """theta_e."""
        return dict(self.own)

    def with_params(self, params: Mapping[str, Tree]) -> Self:
        """The same with other theta_e."""
        return replace(self, own=dict(params))

    def init(self, setting: Setting) -> Self:
        """The layer's own parameters as the constant, zero for the rest."""
        made = self.layer.init(setting)
        rest = len(self._exponents) - 1
        own = tree_map(lambda p: namespace(p).stack([p, *[namespace(p).zeros_like(p)] * rest]), made.params)
        return replace(self, layer=made, own=own)

    def resized(self, sites: tuple[int, ...]) -> Self:
        """The layer moved at as many couplings as there are exponents, and the polynomial through these."""
        points = [[2.0 * n / self.degree - 1.0 for n in e] for e in self._exponents]
        moved = [self._at(u).resized(sites) for u in points]
        back = np.linalg.inv(np.array([self._monomials(u) for u in points])).tolist()

        def solved(*leaves: Array) -> Array:
            return namespace(leaves[0]).stack([sum(p * v for p, v in zip(leaves, row)) for row in back])

        return replace(self, layer=moved[0], own=tree_map(solved, *(one.params for one in moved)))

    def conditioned(self, couplings: Any) -> Self:
        """The same at given couplings, one number for each."""
        if len(getattr(couplings, "shape", (0,))) != 1 or len(couplings) != len(self.centre):
            raise ValueError(f"expected {len(self.centre)} couplings, the same for all chains, got {couplings}")
        return replace(self, couplings=tuple(float(c) for c in couplings))

    @property
    def bound(self) -> Layer:
        """The layer with its parameters at the couplings."""
        return self._at(self._scaled)

    def apply(self, x: Array) -> tuple[Array, Array, Residuals]:
        """The layer at the couplings."""
        return self.bound.apply(x)

    def push(self, x: Array) -> tuple[Array, Array]:
        """The layer at the couplings."""
        return self.bound.push(x)

    def apply_with_score(self, x: Array, zeta: Array) -> tuple[Array, Array, Array, Residuals]:
        """The layer at the couplings."""
        return self.bound.apply_with_score(x, zeta)

    def inverse(self, y: Array) -> tuple[Array, Array]:
        """Its inverse."""
        return self.bound.inverse(y)

    def vjp(self, residuals: Residuals, y_bar: Array, log_det_bar: Array) -> tuple[Array, Tree]:
        """theta_e_bar = theta_bar prod_n u_n^e_n."""
        x_bar, bars = self.bound.vjp(residuals, y_bar, log_det_bar)
        values = self._monomials(self._scaled)
        return x_bar, tree_map(lambda bar: namespace(bar).stack([bar * v for v in values]), bars)

    def carry(self, residuals: Residuals, zeta: Array, weight: Array) -> Array:
        """Its carry."""
        return self.bound.carry(residuals, zeta, weight)

    def defect(self, x: Array) -> Array:
        """Its defect."""
        return self.bound.defect(x)

    @property
    def _exponents(self) -> list[tuple[int, ...]]:
        """The constant first."""
        powers = product(range(self.degree + 1), repeat=len(self.centre))
        return sorted((e for e in powers if sum(e) <= self.degree), key=sum)

    @property
    def _scaled(self) -> list[float]:
        """u of the couplings it is bound to."""
        if self.couplings is None:
            raise ValueError("a conditional layer needs couplings: bind them with conditioned(couplings) first")
        return [(c - a) / b for c, a, b in zip(self.couplings, self.centre, self.spread)]

    def _monomials(self, u: list[float]) -> list[float]:
        return [prod(v**n for v, n in zip(u, e)) for e in self._exponents]

    def _at(self, u: list[float]) -> Layer:
        values = self._monomials(u)
        return self.layer.with_params(tree_map(lambda p: sum(p[n, ...] * v for n, v in enumerate(values)), self.own))


def conditional_on(layer: Layer, ranges: Mapping[str, tuple[float, float]], degree: int = 2) -> Conditioned:
    """The layer for couplings within ranges (low, high), in the order of the names."""
    centre = tuple(0.5 * (low + high) for low, high in ranges.values())
    spread = tuple(0.5 * (high - low) or 1.0 for low, high in ranges.values())
    return Conditioned(layer, centre, spread, degree)
