"""Is the force minus the derivative of the action?"""

from __future__ import annotations

from typing import Any

from latticekit.arrays import namespace
from latticekit.random import Key
from latticekit.testing.differences import STEP, slope
from latticekit.testing.report import judge

Array = Any
_SINGLE_STEP, _SINGLE_TOLERANCE = 0.05, 1e-3  # rounding of float32 fields needs a wider stencil


def check_force(
    action: Any,
    x: Array,
    *,
    directions: int = 5,
    tolerance: float | None = None,
    step: float | None = None,
    key: Key | None = None,
) -> float:
    """Worst error of action.force against differences of action.value, in units of |F|.  field -> number

    |dS/de + inner(F, v)| / |F| along random algebra directions v, with S(translate(x, e v)) = S - e inner(F, v) + ...
    Raises AssertionError beyond `tolerance` (1e-9 in double precision, 1e-3 in single).  x: a generic field, F != 0.
    """
    key, single = key or Key(0), x.dtype in (namespace(x).float32, namespace(x).complex64)
    step = step or (_SINGLE_STEP if single else STEP)
    tolerance = tolerance or (_SINGLE_TOLERANCE if single else 1e-9)
    force = action.force(x)
    worst = max(_error(action, x, force, key.fold("test", i), step) for i in range(directions))
    return judge(
        worst,
        tolerance,
        f"force of {action} against differences of its value, relative error",
        "F must be -dS: S(translate(x, e v)) = S(x) - e inner(F, v) + O(e^2); look for a factor or a sign.",
    )


def _error(action: Any, x: Array, force: Array, key: Key, step: float) -> float:
    xp, group = namespace(x), action.group
    v = group.random_algebra(key, x)
    if force.shape != v.shape or force.dtype != v.dtype:
        raise AssertionError(
            f"force of {action} is {force.dtype}{force.shape}, an algebra element here is {v.dtype}{v.shape}"
        )
    measured = slope(lambda e: action.value(action.translate(x, v * e)), step)
    return float(xp.max(xp.abs(measured + group.inner(force, v)) / xp.sqrt(group.inner(force, force))))
