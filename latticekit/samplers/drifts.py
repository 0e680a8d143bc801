"""The link half of the generalised leapfrog."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

from latticekit.arrays import namespace
from latticekit.fields import plaquette_path
from latticekit.flows.base import Layer, Residuals, per_chain
from latticekit.flows.gauge import NonCompactProjection, Rectangle, Rows
from latticekit.flows.gauge.angles import loop_angle, phases, phases_vjp
from latticekit.flows.gauge.masks import Loops
from latticekit.flows.gauge.u1_couplings import u1_couple, u1_couple_vjp
from latticekit.flows.networks import Network
from latticekit.flows.parameters import Parametric, Setting, Tree
from latticekit.samplers.kicks import between, step_parameter, total
from latticekit.samplers.phase_space import halves, joined

Array = Any
_SCALING = NonCompactProjection(1)
_PAIR = (Rectangle(1, 2, (0, -1)),)  # the two plaquettes on either side of an active link
_PLACES = ((0, 0), (0, 1))
MASKS = tuple(Rows(mu, 1 - mu, offset, 2) for mu in (0, 1) for offset in (0, 1))
"""Links of one direction in every other row: each link is in one of the four."""


@dataclass(frozen=True)
class Drift(Layer):
    """theta' = theta + h(P) - P + eps [p exp(eps q) + t] on active links, p' = p.  (chain, 2, 2, *sites) -> the same

    P is the plaquette above the active link and h(P) = 2 atan(exp(eps s) tan(P/2)) scales it: the gauge-covariant form
    of a scaling of the link itself.  s, q, t are what a network makes of the flux through the two plaquettes on either
    side of the link (frozen, since the link is inside) and of all momenta.  log_det = sum log h'(P).
    Foreman, Jin and Osborn, 2105.03418, eq. (2); for h Kanwar et al., 2003.06413.
    """

    rows: Rows
    network: Network
    step_size: float

    def __post_init__(self) -> None:
        if self.rows.period % 2:
            raise ValueError(f"Drift: the rows of active links need an even period, got {self.rows}")
        if not self.step_size > 0:
            raise ValueError(f"Drift: step_size must be positive, got {self.step_size}")

    @property
    def path(self) -> tuple[int, ...]:
        """The plaquette above, from the active link on."""
        return plaquette_path(self.rows.mu, self.rows.nu)

    def members(self) -> dict[str, Parametric]:
        """The network."""
        return {"network": self.network}

    def init(self, setting: Setting) -> Self:
        """Two channels of flux and four of momenta in, three out."""
        own = step_parameter(self.step_size, setting)
        cells = setting._replace(sites=self.rows.cells(setting.sites))
        return replace(self, own=own, network=between(self.network, 6, 3, cells))

    def apply(self, x: Array) -> tuple[Array, Array, Residuals]:
        """The active links move; the momenta stay."""
        theta, p = halves(x)
        out, kept = self.network.apply(self._features(theta, p))
        turned, log_det = u1_couple(theta, self._scaling(out, 1.0), self.rows, self.path, _SCALING)
        return joined(self._pushed(turned, p, out, 1.0), p), log_det, (theta, p, out, kept)

    def inverse(self, y: Array) -> tuple[Array, Array]:
        """Back along the momenta, then exp(-eps s): the network sees what it saw."""
        theta, p = halves(y)
        out = self.network.apply(self._features(theta, p))[0]
        turned = self._pushed(theta, p, out, -1.0)
        theta, log_det = u1_couple(turned, self._scaling(out, -1.0), self.rows, self.path, _SCALING)
        return joined(theta, p), log_det

    def vjp(self, residuals: Residuals, y_bar: Array, log_det_bar: Array) -> tuple[Array, Tree]:
        """Through push and scaling, then through the network to flux and momenta."""
        theta, p, out, kept = residuals
        bar, p_bar = halves(y_bar)
        xp, eps = namespace(theta), self.own["epsilon"]
        own, active = self._take(bar, 0), self._take(p, 0)
        found = u1_couple_vjp(theta, self._scaling(out, 1.0), self.rows, self.path, _SCALING, bar, log_det_bar)
        theta_bar, alpha_bar = found[0], found[1][:, 1, ...]
        moved = own * xp.exp(eps * out[:, 1, ...])
        slope = alpha_bar * out[:, 0, ...] + moved * active * (1.0 + eps * out[:, 1, ...]) + own * out[:, 2, ...]
        out_bar = xp.stack([eps * alpha_bar, eps * eps * moved * active, eps * own], axis=1)
        features_bar, bars = self.network.vjp(kept, out_bar)
        theta_bar = theta_bar + phases_vjp(theta, self.rows, self._loops, features_bar[:, :2, ...])
        p_bar = p_bar + self._momenta_vjp(p, features_bar[:, 2:, ...], eps * moved)
        return joined(theta_bar, p_bar), {"epsilon": total(slope, eps), "network": bars}

    def carry(self, residuals: Residuals, zeta: Array, weight: Array) -> Array:
        """J is triangular: active links first, (zeta - weight h''/h')/h', then all else."""
        theta, _, out, _ = residuals
        angle = self._angle(theta)
        slope, bend = _SCALING.slopes(angle, self._scaling(out, 1.0))
        links, momenta = halves(zeta)
        solved = (self._take(links, 0) - per_chain(weight, angle) * bend) / slope
        y_bar = joined(self.rows.replace(links, solved, 2), momenta)
        return y_bar + zeta - self.vjp(residuals, y_bar, weight)[0]

    @property
    def _loops(self) -> Loops:
        return self.rows.context(2, _PAIR)

    def _take(self, links: Array, row: int) -> Array:
        """Links of the active direction in a row of every cell.  (chain, 2, *sites) -> (chain, *cells)"""
        return self.rows.take(links[:, self.rows.mu, ...], (0, row), 2)

    def _angle(self, theta: Array) -> Array:
        """Active plaquettes.  -> (chain, *cells)"""
        return self.rows.take(loop_angle(theta, self.path), (0, 0), 2)

    def _scaling(self, out: Array, sign: float) -> Array:
        """Parameters of a single scaling without a turn: rho, alpha = +-eps s, t_1, t_2.  -> (chain, 4, *cells)"""
        alpha = out[:, 0, ...] * (sign * self.own["epsilon"])
        nothing = namespace(out).zeros_like(alpha)
        return namespace(out).stack([nothing, alpha, nothing, nothing], axis=1)

    def _pushed(self, theta: Array, p: Array, out: Array, sign: float) -> Array:
        """Active links moved by +-eps [p exp(eps q) + t]."""
        eps = self.own["epsilon"]
        push = self._take(p, 0) * namespace(p).exp(eps * out[:, 1, ...]) + out[:, 2, ...]
        return self.rows.replace(theta, self._take(theta, 0) + push * (sign * eps), 2)

    def _features(self, theta: Array, p: Array) -> Array:
        """Cosine and sine of the flux, momenta of both directions in both rows.  -> (chain, 6, *cells)"""
        xp = namespace(theta)
        momenta = [self.rows.take(p[:, mu, ...], place, 2) for mu in self._directions for place in _PLACES]
        return xp.concat([phases(theta, self.rows, self._loops), xp.stack(momenta, axis=1)], axis=1)

    def _momenta_vjp(self, p: Array, bar: Array, active_bar: Array) -> Array:
        """Back to the momenta from those the network saw and from those that moved links.  -> (chain, 2, *sites)"""
        xp, made = namespace(p), {}
        for n, mu in enumerate(self._directions):
            field, first = xp.zeros_like(p[:, 0, ...]), bar[:, 2 * n, ...]
            field = self.rows.put(field, (0, 0), first + active_bar if n == 0 else first, 2)
            made[mu] = self.rows.put(field, (0, 1), bar[:, 2 * n + 1, ...], 2)
        return xp.stack([made[0], made[1]], axis=1)

    @property
    def _directions(self) -> tuple[int, int]:
        return self.rows.mu, self.rows.nu
