"""Results at several step sizes, continued to step size zero."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from latticekit.arrays import to_host
from latticekit.estimators import Extrapolation, linear_extrapolation

Array = Any


def extrapolate_step_size(
    run: Callable[[float], tuple[Array, Array]], step_sizes: Sequence[float], *, order: int = 1, degree: int = 1
) -> Extrapolation:
    """Expectation values at step size 0 from independent runs.  run(step_size) -> values, errors (*dims)

    Fits a polynomial of this degree in step_size^order: order 1 for `Langevin(scheme="euler")`, 2 for "heun".  Look at
    chi2 / dof of the result: a bad fit means that the largest step sizes lie beyond the leading bias.
    """
    if len(step_sizes) <= degree or min(step_sizes, default=0.0) <= 0:
        raise ValueError(f"need more than {degree} step sizes, all positive, got {list(step_sizes)}")
    values, errors = zip(*(map(to_host, run(size)) for size in step_sizes))
    return linear_extrapolation(np.asarray(step_sizes) ** float(order), np.stack(values), np.stack(errors), degree)
