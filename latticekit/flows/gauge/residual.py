"""Residual (gradient) flows of links: masked stout steps with trained weights and their exact Jacobian."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np

from latticekit.arrays import namespace
from latticekit.fields.smearing import LOOPS
from latticekit.flows.base import Layer, Residuals
from latticekit.flows.gauge.residual_links import ActiveLinks
from latticekit.flows.gauge.residual_staples import staple_paths
from latticekit.flows.gauge.residual_update import Move, look, residual_apply, residual_solve, residual_vjp, solve
from latticekit.flows.parameters import Setting, Tree
from latticekit.flows.sequential import Sequential

Array = Any
TIED = {"loops": 1, "planes": 2, "none": 3}
"""How many of (kind of loop, direction of the plane, path) tell weights apart."""
ITERATIONS = 1000


class Solved(NamedTuple):
    """The inverse of a residual layer, and how it was found."""

    x: Array
    iterations: int
    change: float
    """Largest change of an exponent in the last iteration."""


@dataclass(frozen=True)
class ResidualLayer(Layer):
    """U' = exp(-P(U V)) U on active links, V = sum_i w_i C_i over their S staples C_i.  field -> field

    P projects on the algebra, so that positive weights raise the traces of loops, as stout smearing does.  No staple
    of an active link holds another active link; the weights w_i = reach/S tanh z_i are functions of frozen links,
    z_i = theta_i + sum_j phi_ij Re tr(C_i C_j^dagger)/N, averaged over plaquette staples j != i.  So the Jacobian is
    one (N^2 - 1) x (N^2 - 1) block per link, 1 + Psi(Q) H, and log_det is exact.  |H| <= sum_i |w_i| <= reach < 1 and
    |Psi| <= 1: the layer is invertible for all parameters, and U <- exp(P(U V)) U' contracts with that rate.  All links
    see the same function: gauge covariant, and `resized` to any lattice.  U(1), SU(N); two dimensions and more.
    Abbott et al., 2305.02402; Luescher, 0907.5491; Morningstar and Peardon, hep-lat/0311018.

    loops: kinds of `fields.smearing.LOOPS`; rectangles need links of modulus 4.  tied: weights are the same for each
    kind of loop ("loops"), also by plane ("planes"), or free for every staple ("none").  context: with phi.
    start: weight of plaquette staples that fresh parameters have, 0 for the identity.
    conditions: theta and phi are polynomials of this degree in as many couplings, (c - centre)/spread.
    """

    links: ActiveLinks
    loops: tuple[str, ...] = ("plaquette",)
    tied: str = "loops"
    context: bool = True
    reach: float = 0.9
    start: float = 0.0
    conditions: int = 0
    degree: int = 1
    centre: tuple[float, ...] = ()
    spread: tuple[float, ...] = ()
    sites: tuple[int, ...] = ()
    """The lattice; set by `init`."""
    couplings: Any = None
    """Bound by `conditioned`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "loops", tuple(self.loops))
        if not 0 < self.reach < 1:
            raise ValueError(f"reach must lie between 0 and 1, where the layer is invertible: got {self.reach}")
        if (
            self.loops[:1] != ("plaquette",)
            or len(set(self.loops)) < len(self.loops)
            or not set(self.loops) <= set(LOOPS)
        ):
            raise ValueError(f"loops must be plaquette, then others of {', '.join(LOOPS)}: got {self.loops}")
        if self.tied not in TIED:
            raise ValueError(f"tied must be one of {', '.join(TIED)}, got {self.tied!r}")
        if self.conditions < 0 or self.degree < 1:
            raise ValueError(f"expected conditions >= 0 and a degree >= 1, got {self.conditions} and {self.degree}")
        for kind, _, path in staple_paths(self.links.mu, self.loops, self.links.mu + 2):
            if self.links.sees_itself(path, self.links.mu + 2):
                raise ValueError(f"a {kind} holds two active links of {self.links}: use modulus 4")
        for name, default in (("centre", 0.0), ("spread", 1.0)):
            given = tuple(float(v) for v in getattr(self, name)) or (default,) * self.conditions
            if len(given) != self.conditions:
                raise ValueError(f"{name} needs {self.conditions} numbers, one per coupling, got {len(given)}")
            object.__setattr__(self, name, given)

    def init(self, setting: Setting) -> Self:
        """phi = 0, and theta = 0 but for `start`."""
        made, xp, like = self.resized(setting.sites), namespace(setting.like), setting.like
        every, plaquettes = _classes(self, len(setting.sites))
        full = self.start * len(staple_paths(self.links.mu, self.loops, len(setting.sites))) / self.reach
        if not abs(full) < 1:
            raise ValueError(
                f"start must be below {self.start / full:.3g}, the bound of weights here: got {self.start}"
            )
        theta = np.zeros((1 + self.conditions * self.degree, len(every)))
        theta[0, : len(plaquettes)] = np.arctanh(full)
        values = {"theta": theta} | ({"phi": np.zeros((*theta.shape, len(plaquettes)))} if self.context else {})
        return replace(made, own={k: xp.asarray(v, dtype=like.dtype, device=like.device) for k, v in values.items()})

    def resized(self, sites: tuple[int, ...]) -> Self:
        """The same layer on another lattice that the mask fits: every link sees the same function."""
        if len(sites) < 2 or (self.sites and len(sites) != len(self.sites)):
            raise ValueError(f"residual layers need plaquettes, in the dimensions they were made for: got {sites}")
        return replace(self, sites=self.links.check(sites))

    def conditioned(self, couplings: Any) -> Self:
        """The same layer at given couplings: `conditions` numbers, or an array (chain, conditions)."""
        if not self.conditions:
            return self
        shape = tuple(getattr(couplings, "shape", ())) or (len(couplings),)
        if shape[-1] != self.conditions or len(shape) > 2:
            raise ValueError(f"expected {self.conditions} couplings, or an array (chain, couplings), got shape {shape}")
        return replace(self, couplings=couplings if len(shape) == 2 else tuple(float(c) for c in couplings))

    @property
    def move(self) -> Move:
        """What the update needs to know."""
        return Move(self.links, self.loops, self.reach)

    def apply(self, x: Array) -> tuple[Array, Array, Residuals]:
        """Active links move, given the frozen ones."""
        y, log_det = residual_apply(x, self.move, *self._weights(x))
        return y, log_det, (x,)

    def inverse(self, y: Array) -> tuple[Array, Array]:
        """By the fixed point of `solved`."""
        x = self.solved(y).x
        return x, -self.apply(x)[1]

    def solved(self, y: Array) -> Solved:
        """The inverse with its convergence: iterated until q moves by 32 roundings, else RuntimeError."""
        return Solved(*solve(y, self.move, look(y, self.move, *self._weights(y)), ITERATIONS))

    def vjp(self, residuals: Residuals, y_bar: Array, log_det_bar: Array) -> tuple[Array, Tree]:
        """Through the exponential and the log-det of every link, then through staples to the frozen ones."""
        (x,) = residuals
        x_bar, *bars = residual_vjp(x, self.move, *self._weights(x), y_bar, log_det_bar)
        xp, powers, (rows, columns) = namespace(x_bar), self._powers(x), _one_hot(self, x_bar)
        found = {"theta": xp.matrix_transpose(powers) @ (bars[0] @ xp.matrix_transpose(rows))}
        if self.context:
            phi_bar = rows @ bars[1] @ xp.matrix_transpose(columns)
            flat = xp.matrix_transpose(powers) @ xp.reshape(phi_bar, (x.shape[0], -1))
            found["phi"] = xp.reshape(flat, self.own["phi"].shape)
        return x_bar, found

    def carry(self, residuals: Residuals, zeta: Array, weight: Array) -> Array:
        """J is block triangular: active links first, then y_bar = zeta - (x_bar - y_bar) on the frozen ones."""
        (x,) = residuals
        y_bar = residual_solve(x, self.move, *self._weights(x), zeta, weight)
        return y_bar + zeta - self.vjp(residuals, y_bar, weight)[0]

    def _weights(self, x: Array) -> tuple[Array, Array | None]:
        """theta of every staple and phi of every pair.  -> (chain, S), (chain, S, P)"""
        xp, theta, powers = namespace(x), self.own["theta"], self._powers(x)
        rows, columns = _one_hot(self, theta)
        own = powers @ theta @ rows
        if not self.context:
            return own, None
        flat = powers @ xp.reshape(self.own["phi"], (theta.shape[0], -1))
        phi = xp.reshape(flat, (x.shape[0], *self.own["phi"].shape[1:]))
        return own, xp.matrix_transpose(rows) @ phi @ columns

    def _powers(self, x: Array) -> Array:
        """1 and powers of the couplings, as (c - centre)/spread.  -> (chain, 1 + conditions degree)"""
        xp, theta = namespace(x), self.own["theta"]
        one = xp.ones((x.shape[0], 1), dtype=theta.dtype, device=theta.device)
        if not self.conditions:
            return one
        if self.couplings is None:
            raise ValueError("a conditional layer needs couplings: bind them with conditioned(couplings) first")
        given = [self.couplings] if isinstance(self.couplings, tuple) else self.couplings
        c, centre, spread = (
            xp.asarray(v, dtype=theta.dtype, device=theta.device) for v in (given, self.centre, self.spread)
        )
        c = (c - centre) / spread * one
        return xp.concat([one, *[c**n for n in range(1, self.degree + 1)]], axis=1)


def _classes(layer: ResidualLayer, dim: int) -> tuple[dict[Any, list[int]], dict[Any, list[int]]]:
    """Staples that share a weight, all of them and plaquettes alone: class -> numbers of its staples."""
    found: dict[Any, list[int]] = {}
    for i, name in enumerate(staple_paths(layer.links.mu, layer.loops, dim)):
        found.setdefault(name[: TIED[layer.tied]], []).append(i)
    return found, {name: members for name, members in found.items() if name[0] == "plaquette"}


def _one_hot(layer: ResidualLayer, like: Array) -> tuple[Array, Array]:
    """1 where a staple belongs to a class.  -> (classes, S), (classes of plaquettes, P)"""
    xp, made = namespace(like), []
    for classes in _classes(layer, len(layer.sites)):
        table = np.zeros((len(classes), sum(map(len, classes.values()))))
        for row, members in enumerate(classes.values()):
            table[row, members] = 1.0
        made.append(xp.asarray(table, dtype=like.dtype, device=like.device))
    return made[0], made[1]


def ResidualFlow(
    sweeps: int = 1,
    dim: int = 4,
    *,
    loops: tuple[str, ...] = ("plaquette",),
    tied: str = "loops",
    context: bool = True,
    reach: float = 0.9,
    start: float = 0.0,
    conditions: int = 0,
    degree: int = 1,
    centre: tuple[float, ...] = (),
    spread: tuple[float, ...] = (),
    window: tuple[tuple[int, int], ...] = (),
    checkpoint: int = 0,
) -> Sequential:
    """`sweeps` times all directions and colours of links: 2 D residual layers each, 4 D with rectangles.

    With a window ((first, extent), ...) only links of that box move.  Abbott et al., 2305.02402.
    """
    if sweeps < 1:
        raise ValueError(f"ResidualFlow needs at least one sweep, got {sweeps}")
    modulus = 2 if tuple(loops) == ("plaquette",) else 4
    shared = (loops, tied, context, reach, start, conditions, degree, centre, spread)
    made = [
        ResidualLayer(ActiveLinks(mu, colour, modulus, window), *shared)
        for mu in range(dim)
        for colour in range(modulus)
    ]
    return Sequential(tuple(made) * sweeps, checkpoint)
