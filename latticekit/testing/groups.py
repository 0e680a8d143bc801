"""Is a group a group, and are its momenta normal?"""

from __future__ import annotations

import math
from typing import Any

from latticekit.arrays import namespace
from latticekit.random import Key
from latticekit.testing.report import judge

Array = Any
_COMPONENTS = 2**20  # momenta drawn: a width wrong by 1 % is 14 sigma


def check_group(
    group: Any, x: Array, *, tolerance: float = 1e-13, sigmas: float = 4.5, key: Key | None = None
) -> float:
    """Worst error of exp(a v) exp(b v) x = exp((a + b) v) x, exp(0) x = x, project(x) = x, defect(x) = 0.

    Also that momenta have <v> = 0 and <inner(v, v)> = number of components, within `sigmas`.  field -> number
    """
    xp, key = namespace(x), key or Key(0)
    v = group.random_algebra(key.fold("momentum"), x)
    once = group.translate(x, v * 1.25)
    errors = {
        "exp(v) exp(v/4) = exp(5v/4)": group.translate(group.translate(x, v * 0.25), v) - once,
        "exp(0) = 1": group.translate(x, v * 0.0) - x,
        "project(x) = x": group.project(x) - x,
        "defect(x) = 0": group.defect(x),
        "defect(exp(v) x) = 0": group.defect(once),
        "defect(1) = 0": group.defect(group.identity(tuple(x.shape), x)),
        "inner(v, w) = inner(w, v)": group.inner(v, once_more := v * v) - group.inner(once_more, v),
    }
    for name, error in errors.items():
        judge(float(xp.max(xp.abs(error))), tolerance, f"{group}: {name}, error", "See the protocol of Group.")
    _check_momenta(group, x, key, sigmas)
    return max(float(xp.max(xp.abs(error))) for error in errors.values())


def _check_momenta(group: Any, x: Array, key: Key, sigmas: float) -> None:
    """inner(v, v) of n normal components has mean n and variance 2n; their sum mean 0 and variance n."""
    xp = namespace(x)
    copies = math.ceil(_COMPONENTS / math.prod(x.shape))
    v = group.random_algebra(key.fold("momentum"), xp.concat([x] * copies, axis=0))
    total = math.prod(v.shape)
    pull = (float(xp.sum(group.inner(v, v))) - total) / math.sqrt(2 * total)
    judge(abs(pull), sigmas, f"{group}: <inner(p, p)> of momenta, pull", "Their density is exp(-inner(p, p)/2).")
    mean = float(xp.sum(v, dtype=xp.float64)) / math.sqrt(total)
    judge(abs(mean), sigmas, f"{group}: mean of momenta, pull", "Their density is exp(-inner(p, p)/2).")
