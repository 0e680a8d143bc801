"""The equivariant continuous flow of Cheng and Gerdes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from latticekit.arrays import namespace, to_host
from latticekit.flows import continuous_steps as steps_of
from latticekit.flows.base import Layer, Residuals
from latticekit.flows.continuous_inverse import solved
from latticekit.flows.continuous_tying import Tying
from latticekit.flows.continuous_weights import Bars, Weights, joined
from latticekit.flows.fourier import FourierScale
from latticekit.flows.orbits import check_symmetry, distances, transfer
from latticekit.flows.parameters import Setting, Tree
from latticekit.flows.sequential import Sequential
from latticekit.lattice import check_sites

Array = Any


@dataclass(frozen=True)
class EquivariantODE(Layer):
    """y = phi(1), d phi_x / dt = sum_{y,f} W_{[x-y],f}(t) g_f(phi_y), phi(0) = x.  (chain, *sites) -> the same

    g_f = sin(omega_f phi) for `features` learned frequencies, and phi; W_{[d],f}(t) = sum_a K_a(t) theta_{[d],a,f} /
    mult([d]) with `times` Gaussians K_a that add up to 1.  [d] is the orbit of a displacement under reflections and
    exchanges of the axes: equivariant under all symmetries of the box and under phi -> -phi.  theta = 0 at first, the
    identity.  RK4 with `steps` steps; log_det is the integrated divergence, and misses the log-det of the discrete
    map by O(steps^-4), see `defect`.  de Haan et al., 2110.02673; Gerdes et al., 2207.00283.

    symmetry: "hypercubic"; "reflections", "translations" or "none" for less.  odd: without it, cosines besides the
    sines.  conditions: theta is linear in as many couplings, (c - centre) / spread, see `conditioned`.
    checkpoint: keep the fields at steps, not at their four stages, and compute these again on the way back.
    """

    features: int = 8
    times: int = 6
    steps: int = 8
    symmetry: str = "hypercubic"
    odd: bool = True
    conditions: int = 0
    centre: tuple[float, ...] = ()
    spread: tuple[float, ...] = ()
    checkpoint: bool = False
    sites: tuple[int, ...] = ()
    """The lattice that theta belongs to; set by `init`."""
    couplings: Any = None
    """Bound by `conditioned`."""

    def __post_init__(self) -> None:
        check_symmetry(self.symmetry)
        for name, least in (("features", 0), ("times", 1), ("steps", 1), ("conditions", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} of a continuous flow must be at least {least}, got {getattr(self, name)}")
        for name, default in (("centre", 0.0), ("spread", 1.0)):
            given = tuple(float(v) for v in getattr(self, name)) or (default,) * self.conditions
            if len(given) != self.conditions:
                raise ValueError(f"{name} needs {self.conditions} numbers, one per coupling, got {len(given)}")
            object.__setattr__(self, name, given)

    def init(self, setting: Setting) -> Self:
        """theta = 0, omega from 0.5 to 5 in equal distances."""
        sites, like, xp = check_sites(setting.sites), setting.like, namespace(setting.like)
        tying = Tying(sites, self.symmetry)
        shape = (1 + self.conditions, tying.orbits, self.times, self.features * (1 if self.odd else 2) + 1)
        theta = xp.zeros(shape, dtype=like.dtype, device=like.device)
        omega = xp.linspace(0.5, 5.0, self.features, dtype=like.dtype, device=like.device)
        return replace(self, sites=sites, own={"theta": theta, "omega": omega})

    def resized(self, sites: tuple[int, ...]) -> Self:
        """The same kernel W_d on another lattice, zero beyond the displacements that were trained."""
        new, theta = check_sites(sites), self.own["theta"]
        if len(new) != len(self.sites):
            raise ValueError(f"a kernel on {self.sites} cannot be moved to {new}: another number of dimensions")
        if self.symmetry == "none":
            if new != self.sites:
                raise ValueError(f"weights without translation invariance on {self.sites} do not fit {new}")
            return self
        xp = namespace(theta)
        matrix = xp.asarray(transfer(self.sites, new, self.symmetry), dtype=theta.dtype, device=theta.device)
        moved = xp.permute_dims(xp.tensordot(matrix, theta, axes=([1], [1])), (1, 0, 2, 3))
        return replace(self, sites=new, own=dict(self.own) | {"theta": moved})

    def conditioned(self, couplings: Any) -> Self:
        """The same flow at given couplings: `conditions` numbers, or an array (chain, conditions)."""
        if not self.conditions:
            return self
        shape = tuple(getattr(couplings, "shape", ())) or (len(couplings),)
        if shape[-1] != self.conditions or len(shape) > 2:
            expected = f"{self.conditions} couplings, or an array (chain, {self.conditions})"
            raise ValueError(f"expected {expected}, got shape {shape}")
        bound = couplings if len(shape) == 2 else tuple(float(couplings[n]) for n in range(self.conditions))
        return replace(self, couplings=bound)

    def with_steps(self, steps: int) -> Self:
        """The same flow integrated with another number of steps: production takes more than training."""
        return replace(self, steps=steps)

    def kernel(self, t: float) -> tuple[np.ndarray, np.ndarray]:
        """|r| of every orbit of displacements, and W_[r],f(t), the linear feature last.  -> (orbits,), (orbits, f)"""
        if self.symmetry == "none":
            raise ValueError("weights without translation invariance have no kernel W(|r|, t)")
        tying = Tying(self.sites, self.symmetry)
        w = to_host(tying.amplitudes(self.own["theta"], self._mixture(self.own["theta"]), (t,)))[0, 0]
        shares = np.asarray(tying.orbit_shares())
        return distances(self.sites, self.symmetry), np.asarray(w, dtype=np.float64).T * shares[:, None]

    def apply(self, x: Array) -> tuple[Array, Array, Residuals]:
        """The field at t = 1, and the integrated divergence."""
        weights = self.weights(x)
        y, log_det, stages = steps_of.forward(x, weights, 1 / self.steps)
        return y, log_det, (self._kept(stages), weights)

    def push(self, x: Array) -> tuple[Array, Array]:
        """Without the stages, which take 4 `steps` times the memory of the field."""
        return steps_of.integrated(x, self.weights(x), 1 / self.steps)

    def apply_with_score(self, x: Array, zeta: Array) -> tuple[Array, Array, Array, Residuals]:
        """Field and d log q in one pass, which share sines and cosines."""
        weights, xp = self.weights(x), namespace(x)
        one = xp.ones(x.shape[0], dtype=xp.float64, device=x.device)
        y, log_det, zeta, stages = steps_of.with_score(x, zeta, one, weights, 1 / self.steps)
        return y, log_det, zeta, (self._kept(stages), weights)

    def vjp(self, residuals: Residuals, y_bar: Array, log_det_bar: Array) -> tuple[Array, Tree]:
        """The exact adjoint of the discrete map and of the integrated divergence."""
        stages, weights = residuals
        if not self.checkpoint:
            x_bar, bars = steps_of.backward(stages, weights, 1 / self.steps, y_bar, log_det_bar)
        else:
            x_bar, bars = self._vjp_by_steps(stages, weights, y_bar, log_det_bar)
        return x_bar, self._params_bar(bars, weights)

    def carry(self, residuals: Residuals, zeta: Array, weight: Array) -> Array:
        """d zeta / dt = -J^T zeta - weight d div along the flow, by the same steps: J^-T (...) up to O(steps^-4)."""
        stages, weights = residuals
        if not self.checkpoint:
            return steps_of.carried(stages, zeta, weight, weights, 1 / self.steps)
        for n in range(self.steps):
            one = weights.steps(n, n + 1)
            again = steps_of.forward(stages[n, 0, ...], one, 1 / self.steps)[2]
            zeta = steps_of.carried(again, zeta, weight, one, 1 / self.steps)
        return zeta

    def inverse(self, y: Array) -> tuple[Array, Array]:
        """Every step solved to rounding: corrected by backward steps, which are its inverse up to O(h^5)."""
        weights, total = self.weights(y), 0.0
        for n in reversed(range(self.steps)):
            y, log_det = solved(y, weights.steps(n, n + 1), 1 / self.steps)
            total = log_det + total
        return y, -total

    def defect(self, x: Array, *, exact: bool = False) -> Array:
        """|log_det - its value with twice the steps| 16/15, an estimate.  (chain, *sites) -> (chain,)

        exact: |log_det - log |det J|| of the discrete map, from its dense Jacobian: V^2 numbers per chain.
        """
        xp, log_det = namespace(x), self.push(x)[1]
        if exact:
            return xp.abs(log_det - self._dense_log_det(x))
        return xp.abs(log_det - self.with_steps(2 * self.steps).push(x)[1]) * (16 / 15)

    def weights(self, x: Array) -> Weights:
        """Couplings, their diagonal and frequencies at every half step, as the field x reads them."""
        if tuple(x.shape[1:]) != self.sites:
            raise ValueError(f"{self} has parameters for {self.sites or 'no lattice'}, got a field on {x.shape[1:]}")
        times = tuple(n / (2 * self.steps) for n in range(2 * self.steps + 1))
        theta, omega = self.own["theta"], self.own["omega"]
        tying, xp = Tying(self.sites, self.symmetry), namespace(x)
        coupling, local = tying.couplings(tying.amplitudes(theta, self._mixture(theta), times))
        phase = [0.0] * self.features + ([] if self.odd else [math.pi / 2] * self.features)
        both = omega if self.odd else xp.concat([omega, omega])
        return Weights(coupling, local, both, xp.asarray(phase, dtype=x.dtype, device=x.device))

    def _mixture(self, theta: Array) -> Array:
        """1 and the scaled couplings.  -> (1 or chain, 1 + conditions)"""
        xp = namespace(theta)
        if not self.conditions:
            return xp.ones((1, 1), dtype=theta.dtype, device=theta.device)
        if self.couplings is None:
            raise ValueError("a conditional flow needs couplings: bind them with conditioned(couplings) first")
        given = [self.couplings] if isinstance(self.couplings, tuple) else self.couplings
        rows, centre, spread = (
            xp.asarray(v, dtype=theta.dtype, device=theta.device) for v in (given, self.centre, self.spread)
        )
        scaled = (rows - centre) / spread
        return xp.concat([xp.ones_like(scaled[:, :1]), scaled], axis=1)

    def _params_bar(self, bars: Bars, weights: Weights) -> Tree:
        """From the cotangents of the weights to those of theta and omega."""
        theta, tying = self.own["theta"], Tying(self.sites, self.symmetry)
        times = tuple(n / (2 * self.steps) for n in range(2 * self.steps + 1))
        amplitudes_bar = tying.couplings_bar(bars)
        theta_bar = tying.amplitudes_bar(amplitudes_bar, self._mixture(theta), times, self.times)
        omega = bars.omega if self.odd else bars.omega[: self.features] + bars.omega[self.features :]
        return {"theta": theta_bar, "omega": omega}

    def _kept(self, stages: Array) -> Array:
        return stages[:, :1, ...] if self.checkpoint else stages

    def _vjp_by_steps(self, starts: Array, weights: Weights, y_bar: Array, log_det_bar: Array) -> tuple[Array, Bars]:
        """Step by step, its stages computed again."""
        h = 1 / self.steps
        parts: list[Bars] = []
        for n in reversed(range(self.steps)):
            one = weights.steps(n, n + 1)
            stages = steps_of.forward(starts[n, 0, ...], one, h)[2]
            y_bar, bars = steps_of.backward(stages, one, h, y_bar, log_det_bar)
            parts.insert(0, bars)
        return y_bar, joined(parts)

    def _dense_log_det(self, x: Array) -> Array:
        """log |det J|, chain by chain, from a vjp per site."""
        xp, volume = namespace(x), math.prod(self.sites)
        unit = xp.reshape(xp.eye(volume, dtype=x.dtype, device=x.device), (volume, *self.sites))
        zero, found = xp.zeros(volume, dtype=xp.float64, device=x.device), []
        for c in range(x.shape[0]):
            one = self if not hasattr(self.couplings, "shape") else self.conditioned(self.couplings[c : c + 1, ...])
            _, _, residuals = one.apply(xp.broadcast_to(x[c : c + 1, ...], (volume, *self.sites)))
            rows = xp.reshape(one.vjp(residuals, unit, zero)[0], (volume, volume))
            found.append(xp.linalg.slogdet(xp.astype(rows, xp.float64))[1])
        return xp.stack(found)


def ContinuousFlow(features: int = 8, times: int = 6, steps: int = 8, **settings: Any) -> Sequential:
    """A free field with trainable spectrum, then an `EquivariantODE`: the flow of 2207.00283."""
    return Sequential((FourierScale(), EquivariantODE(features, times, steps, **settings)))
