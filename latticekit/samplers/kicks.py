"""The momentum half of the generalised leapfrog."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

from latticekit.actions.gauge import GaugeAction
from latticekit.arrays import namespace
from latticekit.fields import plaquette_path
from latticekit.flows.base import Layer, Residuals, per_chain, sum_chains
from latticekit.flows.gauge.angles import loop_angle, loop_angle_vjp
from latticekit.flows.networks import Network
from latticekit.flows.parameters import Parametric, Setting, Tree
from latticekit.groups import U1
from latticekit.samplers.phase_space import halves, joined

Array = Any
_P = plaquette_path(0, 1)


def force_vjp(action: GaugeAction, theta: Array, bar: Array) -> Array:
    """Hessian of -S times a vector, -D^T beta cos(P) D v, with D from links to plaquettes: symmetric, so its own vjp.

    S = -sum_p beta_p cos P_p of U(1) in two dimensions.  two (chain, 2, *sites) -> (chain, 2, *sites)
    """
    xp = namespace(theta)
    beta = xp.asarray(action.couplings(tuple(theta.shape[2:]))[0], dtype=theta.dtype, device=theta.device)
    return -loop_angle_vjp(_P, beta * xp.cos(loop_angle(theta, _P)) * loop_angle(bar, _P), 2)


def check_action(name: str, action: Any) -> None:
    """Raise unless it is Wilson's action of U(1), every link free."""
    if not (isinstance(action, GaugeAction) and action.group == U1()):
        raise TypeError(f"{name} needs Wilson's action of U(1), as lk.Wilson(lk.U1(), 4.0), got {action!r}")
    if action.c1 or action.held:
        raise ValueError(f"{name} knows plaquette actions with free links only, got {action!r}")


@dataclass(frozen=True)
class Kick(Layer):
    """p' = p exp(eps s) + eps [F(x) exp(eps q) + t], x' = x.  (chain, 2, 2, *sites) -> the same

    s, q, t (one per link each) are what a network makes of the cosine and sine of every plaquette, hence gauge
    invariant as momenta and force are.  log_det = eps sum s.  eps is a parameter; it starts at `step_size`.
    Foreman, Jin and Osborn, 2105.03418, eq. (1), with 2 eps for the step and -t for t; Levy et al., 1711.09268.
    """

    action: GaugeAction
    network: Network
    step_size: float

    def __post_init__(self) -> None:
        check_action("Kick", self.action)
        if not self.step_size > 0:
            raise ValueError(f"Kick: step_size must be positive, got {self.step_size}")

    def members(self) -> dict[str, Parametric]:
        """The network."""
        return {"network": self.network}

    def init(self, setting: Setting) -> Self:
        """Two channels in, six out."""
        return replace(self, own=step_parameter(self.step_size, setting), network=between(self.network, 2, 6, setting))

    def apply(self, x: Array) -> tuple[Array, Array, Residuals]:
        """The kick; the links stay."""
        theta, p = halves(x)
        angle, eps = loop_angle(theta, _P), self.own["epsilon"]
        xp = namespace(x)
        out, kept = self.network.apply(xp.stack([xp.cos(angle), xp.sin(angle)], axis=1))
        s, q, t = out[:, :2, ...], out[:, 2:4, ...], out[:, 4:, ...]
        stretch, force = xp.exp(eps * s), self.action.force(theta) * xp.exp(eps * q)
        parts = (angle, p, s, q, stretch, force, t)
        return joined(theta, p * stretch + eps * (force + t)), sum_chains(eps * s), (theta, parts, kept)

    def inverse(self, y: Array) -> tuple[Array, Array]:
        """The links are known, hence s, q and t."""
        _, log_det, (theta, (*_, stretch, force, t), _) = self.apply(y)
        return joined(theta, (y[:, 1, ...] - self.own["epsilon"] * (force + t)) / stretch), -log_det

    def vjp(self, residuals: Residuals, y_bar: Array, log_det_bar: Array) -> tuple[Array, Tree]:
        """Through the kick; through the force by `force_vjp`; through the network to the plaquettes."""
        theta, (angle, p, s, q, stretch, force, t), kept = residuals
        theta_bar, bar = halves(y_bar)
        xp, eps, weight = namespace(theta), self.own["epsilon"], per_chain(log_det_bar, theta)
        s_bar, pushed = bar * p * stretch + weight, bar * force
        slope = s_bar * s + pushed * (1.0 + eps * q) + bar * t
        out_bar = xp.concat([eps * s_bar, eps * eps * pushed, eps * bar], axis=1)
        features_bar, bars = self.network.vjp(kept, out_bar)
        angle_bar = xp.cos(angle) * features_bar[:, 1, ...] - xp.sin(angle) * features_bar[:, 0, ...]
        theta_bar = theta_bar + loop_angle_vjp(_P, angle_bar, 2)
        theta_bar = theta_bar + force_vjp(self.action, theta, eps * bar * xp.exp(eps * q))
        return joined(theta_bar, bar * stretch), {"epsilon": total(slope, eps), "network": bars}

    def carry(self, residuals: Residuals, zeta: Array, weight: Array) -> Array:
        """J is triangular: momenta first, then the links."""
        _, (_, _, _, _, stretch, _, _), _ = residuals
        y_bar = joined(zeta[:, 0, ...], zeta[:, 1, ...] / stretch)
        return y_bar + zeta - self.vjp(residuals, y_bar, weight)[0]


def step_parameter(step_size: float, setting: Setting) -> dict[str, Array]:
    """eps as a parameter; raises ValueError unless the lattice has two dimensions.  -> {"epsilon": (1,)}"""
    like = setting.like
    if len(setting.sites) != 2:
        raise ValueError(f"trained leapfrog steps live on lattices of two dimensions, got {setting.sites}")
    return {"epsilon": namespace(like).ones(1, dtype=like.dtype, device=like.device) * step_size}


def between(network: Network, inputs: int, outputs: int, setting: Setting) -> Network:
    """The network with its channels and fresh parameters."""
    return network.between(inputs, outputs).init(setting)


def total(values: Array, like: Array) -> Array:
    """Sum over everything, accumulated in float64, as a cotangent of a single parameter.  (chain, ...) -> (1,)"""
    xp = namespace(values)
    return xp.astype(xp.reshape(xp.sum(values, dtype=xp.float64), (1,)), like.dtype)
