"""The additive coupling of NICE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from latticekit.arrays import namespace
from latticekit.flows.base import Residuals
from latticekit.flows.couplings import Coupling

Array = Any


@dataclass(frozen=True)
class AdditiveCoupling(Coupling):
    """y = m x + (1 - m) (x + t), t from the frozen sites; preserves volume.  (chain, *sites) -> the same

    odd: t is odd in the frozen sites.  Dinh, Krueger and Bengio, 1410.8516, section 3.2.
    """

    @property
    def channels(self) -> int:
        """t."""
        return 1

    def site_map(self, x: Array, features: Array) -> tuple[Array, Array, Residuals]:
        """x + t."""
        nothing = namespace(x).zeros_like(x)
        return x + features[:, 0, ...], nothing, (nothing,)

    def site_inverse(self, y: Array, features: Array) -> tuple[Array, Array]:
        """y - t."""
        return y - features[:, 0, ...], namespace(y).zeros_like(y)

    def site_vjp(self, residuals: Residuals, y_bar: Array, log_bar: Array) -> tuple[Array, Array]:
        """x_bar = t_bar = y_bar."""
        return y_bar, y_bar[:, None, ...]

    def site_bend(self, residuals: Residuals) -> Array:
        """0."""
        return residuals[0]

    def reflected(self, features: Array) -> Array:
        """t with the other sign."""
        return -features
