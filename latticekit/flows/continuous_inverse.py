"""The inverse of a Runge-Kutta step."""

from __future__ import annotations

from typing import Any

from latticekit.arrays import namespace
from latticekit.flows.continuous_steps import integrated
from latticekit.flows.continuous_weights import Weights

Array = Any
ROUNDS = 60
"""Corrections after which a step gives up."""
ACCURACY = 64
"""Size of the last correction in units of the last place."""


def solved(y: Array, weights: Weights, step: float) -> tuple[Array, Array]:
    """x with step(x) = y, and its integrated divergence.  (chain, *sites) -> (chain, *sites), (chain,)

    x <- x + back(y) - back(step(x)) with `back` the step of -h, the inverse of `step` up to O(h^5): every round gains
    that factor, and the solution is that of the step itself, not of the backward equation.
    """
    xp, reverse = namespace(y), weights.reversed()
    start = integrated(y, reverse, -step)[0]
    accuracy = ACCURACY * float(xp.finfo(y.dtype).eps) * max(1.0, float(xp.max(xp.abs(y))))
    x = start
    for _ in range(ROUNDS):
        again, log_det = integrated(x, weights, step)
        correction = start - integrated(again, reverse, -step)[0]
        x = x + correction
        if (apart := float(xp.max(xp.abs(correction)))) <= accuracy:
            return x, log_det
    raise ArithmeticError(
        f"the inverse of a step of {step:.4g} did not converge: the last of {ROUNDS} corrections is {apart:.1e}; "
        "take more steps with with_steps(n)"
    )
