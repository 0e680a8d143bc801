"""The affine coupling of RealNVP."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from latticekit.arrays import namespace
from latticekit.flows.base import Residuals
from latticekit.flows.couplings import Coupling

Array = Any


@dataclass(frozen=True)
class AffineCoupling(Coupling):
    """y = m x + (1 - m) (x exp(s) + t), s and t from the frozen sites.  (chain, *sites) -> the same

    log_det = sum (1 - m) s.  bound: s = bound tanh(raw / bound), so that no factor leaves exp(+-bound); math.inf
    leaves s as it is.  odd: s even and t odd in the frozen sites.  1605.08803, eq. 4; 1904.12072, eq. 12.
    """

    bound: float = field(default=2.0, kw_only=True)

    def __post_init__(self) -> None:
        if not self.bound > 0:
            raise ValueError(f"the bound of log scales must be positive (math.inf for none), got {self.bound}")

    @property
    def channels(self) -> int:
        """s and t."""
        return 2

    def site_map(self, x: Array, features: Array) -> tuple[Array, Array, Residuals]:
        """x exp(s) + t."""
        s = self._bounded(features[:, 0, ...])
        grown = x * namespace(x).exp(s)
        return grown + features[:, 1, ...], s, (grown, s)

    def site_inverse(self, y: Array, features: Array) -> tuple[Array, Array]:
        """(y - t) exp(-s)."""
        s = self._bounded(features[:, 0, ...])
        return (y - features[:, 1, ...]) * namespace(y).exp(-s), s

    def site_vjp(self, residuals: Residuals, y_bar: Array, log_bar: Array) -> tuple[Array, Array]:
        """x_bar = y_bar exp(s), s_bar = y_bar x exp(s) + log_bar, t_bar = y_bar."""
        (grown, s), xp = residuals, namespace(y_bar)
        raw_bar = (y_bar * grown + log_bar) * self._slope(s)
        return y_bar * xp.exp(s), xp.stack([raw_bar, y_bar], axis=1)

    def site_bend(self, residuals: Residuals) -> Array:
        """0: the slope does not depend on x."""
        return namespace(residuals[1]).zeros_like(residuals[1])

    def reflected(self, features: Array) -> Array:
        """s as it is, t with the other sign."""
        return namespace(features).stack([features[:, 0, ...], -features[:, 1, ...]], axis=1)

    def _bounded(self, raw: Array) -> Array:
        if math.isinf(self.bound):
            return raw
        return self.bound * namespace(raw).tanh(raw * (1.0 / self.bound))

    def _slope(self, s: Array) -> Array:
        """d s / d raw."""
        return 1.0 - (s * (1.0 / self.bound)) ** 2.0
