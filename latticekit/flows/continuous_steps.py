"""Runge-Kutta steps of an equivariant continuous flow, and back through them: discretise, then differentiate.

Classical RK4 with step h: k_i = v(s_i, t_i), s_1 = phi, s_2 = phi + h k_1 / 2, s_3 = phi + h k_2 / 2,
s_4 = phi + h k_3, phi <- phi + h (k_1 + 2 k_2 + 2 k_3 + k_4) / 6; the divergence is integrated with the same weights.
The states s_i are kept: `stages` (steps, 4, chain, *sites).  Weights are given at every half step, 2 steps + 1 times.
"""

from __future__ import annotations

from typing import Any

from latticekit.arrays import accelerated, namespace
from latticekit.flows.continuous_field import transported, velocity, velocity_vjp
from latticekit.flows.continuous_weights import Bars, Weights

Array = Any
SHARES = (1 / 6, 1 / 3, 1 / 3, 1 / 6)
AHEAD = (0.5, 0.5, 1.0)
"""Where the next stage lies, in steps."""
TIMES = (0, 1, 1, 2)
"""The half steps at which stages stand."""


@accelerated(numpy="latticekit.kernels.cpu.continuous:forward")
def forward(x: Array, weights: Weights, step: float) -> tuple[Array, Array, Array]:
    """y, integrated divergence (chain,) float64, stages.  (chain, *sites) -> (chain, *sites), ..."""
    xp, log_det, stages = namespace(x), 0.0, []
    for n in range(_steps(weights)):
        x, div, kept = _step(x, weights.steps(n, n + 1), step)
        log_det = div + log_det
        stages.append(kept)
    return x, log_det, xp.stack(stages)


@accelerated(numpy="latticekit.kernels.cpu.continuous:integrated")
def integrated(x: Array, weights: Weights, step: float) -> tuple[Array, Array]:
    """`forward` without stages: nothing is kept for a way back."""
    log_det: Any = 0.0
    for n in range(_steps(weights)):
        x, div, _ = _step(x, weights.steps(n, n + 1), step)
        log_det = div + log_det
    return x, log_det


@accelerated(numpy="latticekit.kernels.cpu.continuous:with_score")
def with_score(
    x: Array, zeta: Array, weight: Array, weights: Weights, step: float
) -> tuple[Array, Array, Array, Array]:
    """`forward`, and zeta carried along: y, log_det, zeta of y, stages."""
    y, log_det, stages = forward(x, weights, step)
    return y, log_det, carried(stages, zeta, weight, weights, step), stages


@accelerated(numpy="latticekit.kernels.cpu.continuous:carried")
def carried(stages: Array, zeta: Array, weight: Array, weights: Weights, step: float) -> Array:
    """d zeta / dt = -J^T zeta - weight d div along the stages: d log q for weight 1.  (chain, *sites) -> the same

    By the Runge-Kutta steps of the field, as of one system of both.  Vaitl et al., 2206.09016.
    """
    for n in range(_steps(weights)):
        total, at = zeta, zeta
        for i in range(4):
            k = transported(stages[n, i, ...], weights.at(2 * n + TIMES[i]), at, weight)
            total = total - (step * SHARES[i]) * k
            at = zeta - (step * AHEAD[i]) * k if i < 3 else total
        zeta = total
    return zeta


@accelerated(numpy="latticekit.kernels.cpu.continuous:backward")
def backward(stages: Array, weights: Weights, step: float, y_bar: Array, log_det_bar: Array) -> tuple[Array, Bars]:
    """x_bar and cotangents of the weights: the exact vjp of `forward`.

    k_4_bar = h y_bar / 6; k_i_bar = share_i h y_bar + ahead_i h a_{i+1}, a_i = J_i^T k_i_bar + log_det_bar share_i h
    d div; y_bar <- y_bar + sum a_i.
    """
    times: list[Any] = [None] * (2 * _steps(weights) + 1)
    omega: Any = 0.0
    for n in reversed(range(_steps(weights))):
        total, a = y_bar, None
        for i in reversed(range(4)):
            k_bar = (step * SHARES[i]) * y_bar + (0.0 if a is None else (step * AHEAD[i]) * a)
            at = 2 * n + TIMES[i]
            a, bars = velocity_vjp(stages[n, i, ...], weights.at(at), k_bar, (step * SHARES[i]) * log_det_bar)
            total, omega = total + a, bars.omega + omega
            times[at] = (*bars.coupling, bars.local) if times[at] is None else _added(times[at], bars)
        y_bar = total
    stack = namespace(y_bar).stack
    coupling = type(weights.coupling)(stack([one[0] for one in times]))
    return y_bar, Bars(coupling, stack([one[1] for one in times]), omega)


def _steps(weights: Weights) -> int:
    return (weights.local.shape[0] - 1) // 2


def _step(x: Array, weights: Weights, step: float) -> tuple[Array, Array, Array]:
    """One step: field, integrated divergence, its four stages."""
    total, log_det, at, kept = x, 0.0, x, []
    for i in range(4):
        kept.append(at)
        k, div = velocity(at, weights.at(TIMES[i]))
        total, log_det = total + (step * SHARES[i]) * k, log_det + (step * SHARES[i]) * div
        at = x + (step * AHEAD[i]) * k if i < 3 else total
    return total, log_det, namespace(x).stack(kept)


def _added(sums: tuple[Array, Array], bars: Bars) -> tuple[Array, Array]:
    (coupling,) = bars.coupling
    return sums[0] + coupling, sums[1] + bars.local
