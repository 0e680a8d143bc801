"""Coupling layers: active sites are mapped one by one, by a map that a network reads off the frozen sites."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import Any, Self

from latticekit.arrays import namespace, tree_map
from latticekit.flows.base import Layer, Residuals, per_chain, sum_chains
from latticekit.flows.masks import Checkerboard, Mask
from latticekit.flows.networks.base import Network
from latticekit.flows.parameters import Parametric, Setting, Tree

Array = Any
EVEN = Checkerboard()


@dataclass(frozen=True)
class Coupling(Layer, ABC):
    """y = x on frozen sites, y = h(x; xi) on active ones, xi = network(frozen sites).  (chain, *sites) -> the same

    log_det = sum over active sites of log h'.  odd: f(-x) = -f(x), from xi = (N(x) + P N(-x)) / 2 with any network N,
    P the exchange of features such that h(-x; P xi) = -h(x; xi).  A `Conditional` network makes it conditional.
    Dinh et al., 1605.08803; Albergo et al., 1904.12072.
    """

    network: Network
    mask: Mask = EVEN
    odd: bool = field(default=False, kw_only=True)

    @property
    @abstractmethod
    def channels(self) -> int:
        """Number of features xi per site."""

    @abstractmethod
    def site_map(self, x: Array, features: Array) -> tuple[Array, Array, Residuals]:
        """h(x; xi), log h', residuals.  sites, (chain, channels, *sites) -> two (chain, *sites)"""

    @abstractmethod
    def site_inverse(self, y: Array, features: Array) -> tuple[Array, Array]:
        """x with h(x; xi) = y, and log h' there."""

    @abstractmethod
    def site_vjp(self, residuals: Residuals, y_bar: Array, log_bar: Array) -> tuple[Array, Array]:
        """x_bar = h' y_bar + log_bar d log h', and xi_bar.  two (chain, *sites) -> field, features"""

    @abstractmethod
    def site_bend(self, residuals: Residuals) -> Array:
        """d log h' / dx.  -> (chain, *sites)"""

    @abstractmethod
    def reflected(self, features: Array) -> Array:
        """P xi with h(-x; P xi) = -h(x; xi); its own inverse and transpose."""

    def members(self) -> dict[str, Parametric]:
        """The network."""
        return {"network": self.network}

    def init(self, setting: Setting) -> Self:
        """The network between the frozen field and the features; the mask must fit the lattice."""
        self.mask.pattern(setting.sites)
        return Layer.init(replace(self, network=self.network.between(1, self.channels)), setting)

    def resized(self, sites: tuple[int, ...]) -> Self:
        """The same network, if the mask fits the lattice."""
        self.mask.pattern(sites)
        return Layer.resized(self, sites)

    def apply(self, x: Array) -> tuple[Array, Array, Residuals]:
        """h of the active sites."""
        xp, active = namespace(x), self.mask.active(x)
        features, seen = self._features(x, active)
        y, log_slope, kept = self.site_map(x, features)
        log_det = sum_chains(xp.where(active, log_slope, xp.zeros_like(x)))
        return xp.where(active, y, x), log_det, (kept, seen, log_slope)

    def inverse(self, y: Array) -> tuple[Array, Array]:
        """The frozen sites are as they were, and so are the features."""
        xp, active = namespace(y), self.mask.active(y)
        x, log_slope = self.site_inverse(y, self._features(y, active)[0])
        return xp.where(active, x, y), -sum_chains(xp.where(active, log_slope, xp.zeros_like(y)))

    def vjp(self, residuals: Residuals, y_bar: Array, log_det_bar: Array) -> tuple[Array, Tree]:
        """Active sites by the map, frozen ones through the network."""
        (kept, seen, _), active = residuals, self.mask.active(y_bar)
        x_bar, features_bar = self.site_vjp(kept, y_bar, per_chain(log_det_bar, y_bar))
        frozen_bar, bars = self._features_vjp(seen, features_bar, active)
        return namespace(y_bar).where(active, x_bar, y_bar + frozen_bar), {"network": bars}

    def carry(self, residuals: Residuals, zeta: Array, weight: Array) -> Array:
        """(zeta - weight d log h') / h' on active sites; zeta less what comes through the network on frozen ones."""
        (kept, seen, log_slope), xp = residuals, namespace(zeta)
        active, log_bar = self.mask.active(zeta), per_chain(weight, zeta)
        bar = (zeta - log_bar * self.site_bend(kept)) * xp.exp(-log_slope)
        frozen_bar, _ = self._features_vjp(seen, self.site_vjp(kept, bar, log_bar)[1], active)
        return xp.where(active, bar, zeta - frozen_bar)

    def _features(self, x: Array, active: Array) -> tuple[Array, Residuals]:
        """xi from the frozen sites; for an odd layer the network sees them with both signs."""
        xp = namespace(x)
        frozen = xp.where(active, xp.zeros_like(x), x)[:, None, ...]
        features, seen = self.network.apply(frozen)
        if not self.odd:
            return features, (seen,)
        turned, seen_turned = self.network.apply(-frozen)
        return 0.5 * (features + self.reflected(turned)), (seen, seen_turned)

    def _features_vjp(self, seen: Residuals, features_bar: Array, active: Array) -> tuple[Array, Tree]:
        """Cotangents of the frozen sites and of the network's parameters."""
        xp = namespace(features_bar)
        bar = xp.where(active, features_bar, xp.zeros_like(features_bar))
        if not self.odd:
            x_bar, bars = self.network.vjp(seen[0], bar)
            return x_bar[:, 0, ...], bars
        x_bar, bars = self.network.vjp(seen[0], 0.5 * bar)
        turned_bar, more = self.network.vjp(seen[1], 0.5 * self.reflected(bar))
        return (x_bar - turned_bar)[:, 0, ...], tree_map(lambda one, other: one + other, bars, more)
