"""Gradient flow is molecular dynamics without inertia: its slope is a force, its steps are a schedule."""

from __future__ import annotations

from typing import Any

import numpy as np

from latticekit.actions.gauge import GaugeAction
from latticekit.fields.links import group_of
from latticekit.kernels.cpu import gauge


def _action(x: np.ndarray, c1: float = 0.0) -> GaugeAction:
    group = group_of(x)
    return GaugeAction(group, group.n / group.index, c1)


def slope(x: np.ndarray, c1: float = 0.0) -> Any:
    """The force of the action with beta = N / index."""
    return gauge.force(x, _action(x, c1))


def wilson_step(x: np.ndarray, step: float) -> Any:
    """Luescher's three stages as (drift, kick, gradient): each exponent is a multiple of one sum of forces that grows.

    p_1 = (1/4) F_0, p_2 = p_1 - (8/17) F_1, p_3 = p_2 + (27/68) F_2 in units of the step; exponents p_1, -(17/9) p_2,
    (17/9) p_3.
    """
    kicks = (step / 4, -8 * step / 17, 27 * step / 68)
    schedule = np.array([[0.0, kicks[0], 0.0], [1.0, kicks[1], 0.0], [-17 / 9, kicks[2], 0.0], [17 / 9, 0.0, 0.0]])
    start = np.zeros(group_of(x).algebra_shape(x.shape), x.real.dtype)
    moved = gauge.evolve(x, start, _action(x), schedule)
    return moved if moved is NotImplemented else moved[0]
