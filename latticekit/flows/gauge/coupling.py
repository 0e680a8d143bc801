"""What all coupling layers of links share: frozen loops -> network -> a map of the active plaquette."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any, Self

from latticekit.fields import Path, rectangle_path
from latticekit.flows.base import Layer, Residuals
from latticekit.flows.gauge.masks import FROZEN_LOOPS, PLAQUETTE, Rectangle, Rows
from latticekit.flows.networks.base import Network
from latticekit.flows.parameters import Parametric, Setting, Tree

Array = Any


@dataclass(frozen=True)
class LinkCoupling(Layer):
    """U' = P'(P; context) P^dagger U on active links, so that the loop P above each becomes P'.  field -> field

    The context is what a network makes of closed loops without active links.  P' transforms under gauge
    transformations as P does, so the layer is gauge equivariant, exactly; and no active link sees another one.
    P is a plaquette unless `active` is a larger rectangle.  Kanwar et al., 2003.06413; Boyda et al., 2008.05456.
    """

    rows: Rows
    network: Network
    loops: tuple[Rectangle, ...] = FROZEN_LOOPS
    active: Rectangle = PLAQUETTE

    def __post_init__(self) -> None:
        object.__setattr__(self, "loops", tuple(Rectangle(*one) for one in self.loops))
        object.__setattr__(self, "active", Rectangle(*self.active))
        if not self.rows.context(max(self.rows.mu, self.rows.nu) + 1, self.loops):
            raise ValueError(
                f"none of the loops {self.loops} avoids the active links of {self.rows}: add larger ones, as (1, 2)"
            )
        if not self.rows.frozen(self.path[1:], (1, 0)):
            raise ValueError(f"the active loop {self.active} passes more than one active link of {self.rows}")

    @property
    def path(self) -> Path:
        """The active loop, from the active link on."""
        return rectangle_path(self.rows.mu, self.rows.nu, self.active.length, self.active.height)

    @property
    @abstractmethod
    def features(self) -> int:
        """Real numbers per frozen loop."""

    @property
    @abstractmethod
    def outputs(self) -> int:
        """Parameters per active link."""

    @abstractmethod
    def context(self, x: Array) -> Array:
        """Invariants of the frozen loops.  field -> (chain, channel, *cells)"""

    @abstractmethod
    def context_vjp(self, x: Array, bar: Array) -> Array:
        """Back from the invariants to the links.  field, (chain, channel, *cells) -> algebra"""

    @abstractmethod
    def couple(self, x: Array, p: Array) -> tuple[Array, Array]:
        """Move the active links.  field, (chain, outputs, *cells) -> field, log_det (chain,)"""

    @abstractmethod
    def uncouple(self, y: Array, p: Array) -> tuple[Array, Array]:
        """The inverse of `couple`.  field, (chain, outputs, *cells) -> field, log_det of the inverse (chain,)"""

    @abstractmethod
    def couple_vjp(self, x: Array, p: Array, y_bar: Array, log_det_bar: Array) -> tuple[Array, Array]:
        """Back through `couple`.  -> x_bar (algebra), p_bar (chain, outputs, *cells)"""

    @abstractmethod
    def couple_solve(self, x: Array, p: Array, zeta: Array, weight: Array) -> Array:
        """zeta with the active links solved for: those of the y_bar whose x_bar, by `couple_vjp`, they are."""

    def members(self) -> dict[str, Parametric]:
        """The network."""
        return {"network": self.network}

    def init(self, setting: Setting) -> Self:
        """The same layer with a fresh network for the loops of this lattice."""
        channels = self.features * len(self.rows.context(len(setting.sites), self.loops))
        cells = setting._replace(sites=self.rows.cells(setting.sites))
        return replace(self, network=self.network.between(channels, self.outputs).init(cells))

    def resized(self, sites: tuple[int, ...]) -> Self:
        """The same layer on another lattice that its rows fit."""
        return replace(self, network=self.network.resized(self.rows.cells(sites)))

    def apply(self, x: Array) -> tuple[Array, Array, Residuals]:
        """Active links move, given the frozen ones."""
        p, kept = self.network.apply(self.context(x))
        y, log_det = self.couple(x, p)
        return y, log_det, (x, p, kept)

    def inverse(self, y: Array) -> tuple[Array, Array]:
        """The context has not changed."""
        return self.uncouple(y, self.network.apply(self.context(y))[0])

    def vjp(self, residuals: Residuals, y_bar: Array, log_det_bar: Array) -> tuple[Array, Tree]:
        """Through the map of the plaquette, then through the network to the frozen loops."""
        x, p, kept = residuals
        x_bar, p_bar = self.couple_vjp(x, p, y_bar, log_det_bar)
        features_bar, bars = self.network.vjp(kept, p_bar)
        return x_bar + self.context_vjp(x, features_bar), {"network": bars}

    def carry(self, residuals: Residuals, zeta: Array, weight: Array) -> Array:
        """J is triangular: active links first, then y_bar = zeta - (x_bar - y_bar) on the frozen ones."""
        x, p, _ = residuals
        y_bar = self.couple_solve(x, p, zeta, weight)
        return y_bar + zeta - self.vjp(residuals, y_bar, weight)[0]
