"""Wilson's gauge action and its improvement by rectangles: any gauge group, dimension and coupling per plaquette."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from latticekit.actions.base import Action, Schedule
from latticekit.actions.couplings import UNIFORM, Weights
from latticekit.actions.held import Held, moving
from latticekit.actions.links import LinkAction
from latticekit.arrays import accelerated, namespace
from latticekit.fields import Path, planes, plaquette_path, rectangle_path, staple, transporter
from latticekit.groups import GaugeGroup
from latticekit.groups.matrices import mul, re_trace

Array = Any
_CONVENTION = (
    "S = -(1/N) sum_p beta_p Re tr P, plus c1 times rectangles, (1 - 8 c1) times plaquettes; SU(N): beta = 2N/g^2; "
    "U(1): S = -sum_p beta_p cos theta_p; no additive constant"
)


@accelerated(numpy="latticekit.kernels.cpu.gauge:value", cupy="latticekit.kernels.cuda.gauge:value")
def gauge_value(x: Array, action: GaugeAction) -> Array:
    """S = -(1/N) sum of coupling times Re tr of the loops, in float64.  field -> (chain,)"""
    u, xp = action.group.matrices(x), namespace(x)
    axes, total = tuple(range(1, u.ndim - 3)), 0.0
    for path, weight in action.loops(x):
        total = total - xp.sum(weight * re_trace(transporter(u, path)), axis=axes, dtype=xp.float64)
    return total


@accelerated(numpy="latticekit.kernels.cpu.gauge:force", cupy="latticekit.kernels.cuda.gauge:force")
def gauge_force(x: Array, action: GaugeAction) -> Array:
    """F_a = -index comp_a(U V), V with 1/N and the couplings: -dS along exp(i v_a T_a) U.  field -> algebra"""
    group, u = action.group, action.group.matrices(x)
    forces = [group.components(mul(u[:, mu, ...], action.staple(u, mu))) * -group.index for mu in range(u.shape[1])]
    return namespace(x).stack(forces, axis=1)


@accelerated(numpy="latticekit.kernels.cpu.gauge:evolve", cupy="latticekit.kernels.cuda.gauge:evolve")
def gauge_evolve(x: Array, p: Array, action: GaugeAction, schedule: Schedule) -> tuple[Array, Array]:
    """Molecular-dynamics trajectory of links and momenta.  field, algebra -> the same"""
    return Action.evolve(action, x, p, schedule)


@lru_cache(maxsize=64)
def _couplings(action: GaugeAction, sites: tuple[int, ...]) -> np.ndarray:
    """(1 - 8 c1) beta_p(x), read-only.  -> (planes, *sites) or (planes, 1, ..., 1)"""
    found = np.ascontiguousarray(action.weights.on(sites) * (action.beta * (1 - 8 * action.c1)))
    found.flags.writeable = False
    return found


@dataclass(frozen=True)
class GaugeAction(LinkAction):
    """S = -(1/N) sum_{x, mu<nu} beta_{mu nu}(x) Re tr[c0 P_{mu nu}(x) + c1 rectangles], c0 = 1 - 8 c1.

    `weights` make the coupling of each plaquette, beta w_p(x); a rectangle has the geometric mean of its two
    plaquettes.  Wilson, Phys. Rev. D10 (1974) 2445; Weisz, Nucl. Phys. B212 (1983) 1.
    """

    group: GaugeGroup
    beta: float
    c1: float = 0.0
    weights: Weights = UNIFORM

    def __post_init__(self) -> None:
        if not isinstance(self.group, GaugeGroup):
            raise TypeError(f"a gauge action needs a gauge group such as SU(3) or U1(), got {self.group!r}")
        if not (math.isfinite(self.beta) and math.isfinite(self.c1)):
            raise ValueError(f"a gauge action needs finite couplings, got beta = {self.beta}, c1 = {self.c1}")

    @property
    def held(self) -> Held | None:
        """Links that the boundary holds fixed."""
        return self.weights.held

    @property
    def open_axes(self) -> tuple[int, ...]:
        """Directions that the weights leave open."""
        return self.weights.open_axes

    def couplings(self, sites: tuple[int, ...]) -> np.ndarray:
        """c0 beta_p(x), float64.  -> (planes, *sites), or (planes, 1, ..., 1) where a plane is uniform"""
        return _couplings(self, tuple(sites))

    def loops(self, x: Array) -> list[tuple[Path, Array]]:
        """(closed path, coupling/N at its first site) of every loop in the action, as arrays like the field's."""
        xp, dim = namespace(x), x.shape[1]
        real = xp.float32 if x.dtype in (xp.float32, xp.complex64) else xp.float64
        found = _loops(self, tuple(int(n) for n in x.shape[-dim:]))
        return [(path, xp.asarray(weight, dtype=real, device=x.device)) for path, weight in found]

    def value(self, x: Array) -> Array:
        """S.  field -> (chain,)"""
        return gauge_value(x, self)

    def force(self, x: Array) -> Array:
        """F = -dS, zero for held links.  field -> algebra"""
        return moving(self.held, gauge_force(x, self))

    def evolve(self, x: Array, p: Array, schedule: Schedule) -> tuple[Array, Array]:
        """Molecular-dynamics trajectory, whole in one kernel where there is one."""
        return gauge_evolve(x, p, self, schedule)

    def staple(self, u: Array, mu: int) -> Array:
        """V of the weight exp(Re tr(U V)) of the links of one direction.  matrices -> (chain, N, N, *sites)"""
        return staple(u, mu, self.loops(u))

    def colours(self, mu: int, dim: int) -> tuple[int, tuple[int, ...]]:
        """Parity for plaquettes; with rectangles, which reach two sites, (2 x_mu + sum of the others) mod 4."""
        if self.c1 == 0:
            return 2, (1,) * dim
        return 4, tuple(2 if nu == mu else 1 for nu in range(dim))

    def linear(self, sites: tuple[int, ...]) -> bool:
        """Whether no loop passes a link twice: extents from 2 on, with rectangles from 3 on."""
        return min(sites) > (1 if self.c1 == 0 else 2)

    def link_trace(self, x: Array) -> Array:
        """sum of Re tr(U V): each plaquette is seen by its four links.  field -> (chain,)"""
        return super().link_trace(x) if self.c1 or self.held else self.value(x) * -4.0

    def exact(self, sites: tuple[int, ...]) -> dict[str, Any]:
        """Wilson's action on a torus in two dimensions: everything, by characters; else {}."""
        from latticekit.exact import sun_torus, u1_torus
        from latticekit.exact.torus import TooManyRepresentations

        beta = self.couplings(sites)[0] if len(sites) == 2 else np.array(-1.0)
        if self.c1 or self.held or np.any(beta < 0):
            return {}
        try:
            known = (
                u1_torus.observables(beta, sites)
                if self.group.n == 1
                else sun_torus.observables(self.group.n, beta, sites)
            )
        except TooManyRepresentations:
            return {}
        if known and self.linear(sites):
            known |= dict.fromkeys(("force_squared", "link_trace"), -2 * known["action"] / math.prod(sites))
        return known

    def conventions(self) -> dict[str, str]:
        """The normalisation of the couplings."""
        return {"weight": "exp(-S)", "gauge": _CONVENTION, "plaquette": "Re tr P / N, 1 for unit links"}


@lru_cache(maxsize=64)
def _loops(action: GaugeAction, sites: tuple[int, ...]) -> list[tuple[Path, np.ndarray]]:
    found, n = [], action.group.n
    for (mu, nu), weight in zip(planes(len(sites)), action.couplings(sites)):
        found.append((plaquette_path(mu, nu), weight / n))
    if action.c1 == 0:
        return found
    for (mu, nu), w in zip(planes(len(sites)), action.weights.on(sites)):
        for axis, path in ((mu, rectangle_path(mu, nu, 2, 1)), (nu, rectangle_path(mu, nu, 1, 2))):
            pair = np.sqrt(np.maximum(w * np.roll(w, -1, axis), 0.0))
            found.append((path, pair * (action.beta * action.c1 / n)))
    return found


def Wilson(group: GaugeGroup, beta: float, weights: Weights = UNIFORM) -> GaugeAction:
    """Wilson's plaquette action."""
    return GaugeAction(group, beta, 0.0, weights)


def LuscherWeisz(group: GaugeGroup, beta: float, weights: Weights = UNIFORM) -> GaugeAction:
    """Tree-level improved: c1 = -1/12 (Weisz, Nucl. Phys. B212 (1983) 1; Luescher and Weisz, CMP 97 (1985) 59)."""
    return GaugeAction(group, beta, -1 / 12, weights)


def Iwasaki(group: GaugeGroup, beta: float, weights: Weights = UNIFORM) -> GaugeAction:
    """Renormalisation-group improved: c1 = -0.331 (Iwasaki, Nucl. Phys. B258 (1985) 141)."""
    return GaugeAction(group, beta, -0.331, weights)


def DBW2(group: GaugeGroup, beta: float, weights: Weights = UNIFORM) -> GaugeAction:
    """Doubly blocked from Wilson in two couplings: c1 = -1.4088 (hep-lat/9911033; hep-lat/0006016)."""
    return GaugeAction(group, beta, -1.4088, weights)
