"""The equivariant continuous flow on NumPy arrays (references: `latticekit.flows.continuous_steps`, `continuous_field`)."""

from typing import Any

Array = Any


def velocity(x: Array, weights: Any) -> Any:
    return NotImplemented


def velocity_vjp(x: Array, weights: Any, v_bar: Array, div_bar: Array) -> Any:
    return NotImplemented


def forward(x: Array, weights: Any, step: float) -> Any:
    return NotImplemented


def with_score(x: Array, zeta: Array, weight: Array, weights: Any, step: float) -> Any:
    return NotImplemented


def carried(stages: Array, zeta: Array, weight: Array, weights: Any, step: float) -> Any:
    return NotImplemented


def backward(stages: Array, weights: Any, step: float, y_bar: Array, log_det_bar: Array) -> Any:
    return NotImplemented
