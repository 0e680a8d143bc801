"""Reference scales of gradient flow, read off the action density E(t) at a row of flow times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from latticekit.arrays import namespace

Array = Any
_POINTS, _WINDOW = 4, 5


def flow_scale_t0(times: Sequence[float], density: Array, level: float = 0.3) -> Array:
    """t_0 with t^2 E(t) = level at t = t_0, nan where it is not reached.  (chain, flow_time) -> (chain,)

    Luescher, 1006.4518.
    """
    return crossing(times, _reduced(times, density), level)


def flow_scale_w0(times: Sequence[float], density: Array, level: float = 0.3) -> Array:
    """w_0 with W(t) = t d/dt t^2 E(t) = level at t = w_0^2, nan where not reached.  (chain, flow_time) -> (chain,)

    Borsanyi et al., 1203.4469.  The slope is that of the quartic through five neighbouring times.
    """
    return namespace(density).sqrt(crossing(times, flow_slope(times, density), level))


def flow_slope(times: Sequence[float], density: Array) -> Array:
    """W(t) = t d/dt t^2 E(t).  (chain, flow_time) -> the same"""
    xp = namespace(density)
    d = xp.asarray(_differences(times), dtype=density.dtype, device=density.device)
    return (_reduced(times, density) @ xp.permute_dims(d, (1, 0))) * _row(times, density)


def crossing(times: Sequence[float], curve: Array, level: float) -> Array:
    """Where a curve first rises through a level, by inverse cubic interpolation.  (chain, time) -> (chain,); nan: never

    Linear where the four points around are not in order.
    """
    xp, count = namespace(curve), len(times)
    if count < _POINTS:
        raise ValueError(f"a scale needs at least {_POINTS} flow times, got {count}")
    low, high = curve[:, :-1], curve[:, 1:]
    rises = xp.logical_and(low < level, high >= level)
    found = xp.any(rises, axis=1)
    at = xp.argmax(xp.astype(rises, xp.int64), axis=1)
    first = xp.clip(at - 1, 0, count - _POINTS)
    f = [_pick(curve, first + i) for i in range(_POINTS)]
    row = xp.zeros_like(curve) + _row(times, curve)
    t = [_pick(row, first + i) for i in range(_POINTS)]
    before, after = _pick(row, at), _pick(row, at + 1)
    f_before, f_after = _pick(curve, at), _pick(curve, at + 1)
    safe = xp.where(found, f_after - f_before, xp.ones_like(f_before))
    linear = before + (after - before) * (level - f_before) / safe
    ordered = xp.logical_and(xp.logical_and(f[0] < f[1], f[1] < f[2]), f[2] < f[3])
    cubic = _inverse(t, f, level, ordered)
    nan = xp.full_like(linear, float("nan"))
    return xp.where(found, xp.where(ordered, cubic, linear), nan)


def _inverse(t: list[Array], f: list[Array], level: float, ordered: Array) -> Array:
    """Lagrange's polynomial of t as a function of f, at the level; 0 where the points are not in order."""
    xp, total = namespace(ordered), 0.0
    for i in range(_POINTS):
        term = t[i]
        for j in range(_POINTS):
            if j != i:
                term = term * (level - f[j]) / xp.where(ordered, f[i] - f[j], xp.ones_like(f[i]))
        total = total + term
    return total


def _pick(values: Array, index: Array) -> Array:
    """values[c, index[c]].  (chain, n), (chain,) -> (chain,)"""
    xp = namespace(values)
    here = xp.arange(values.shape[1], device=values.device)[None, :] == index[:, None]
    return xp.sum(xp.where(here, values, xp.zeros_like(values)), axis=1)


def _row(times: Sequence[float], like: Array) -> Array:
    xp = namespace(like)
    return xp.asarray([float(t) for t in times], dtype=like.dtype, device=like.device)[None, :]


def _reduced(times: Sequence[float], density: Array) -> Array:
    """t^2 E(t)."""
    return density * _row(times, density) ** 2.0


def _differences(times: Sequence[float]) -> np.ndarray:
    """D with (D f)_i = f'(t_i) for polynomials through the nearest five points.  -> (time, time)"""
    t = np.asarray(times, float)
    width = min(_WINDOW, len(t))
    d = np.zeros((len(t), len(t)))
    for i in range(len(t)):
        first = min(max(0, i - width // 2), len(t) - width)
        near = t[first : first + width] - t[i]
        powers = np.vander(near, width, increasing=True).T  # sum_k d_k near_k^p = delta_{p1}
        d[i, first : first + width] = np.linalg.solve(powers, np.arange(width) == 1)
    return d
