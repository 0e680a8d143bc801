"""Is an invertible map invertible, and are its log-Jacobian and its hand-written vjp right?"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from latticekit.arrays import namespace, to_host, tree_items, tree_map
from latticekit.random import Key
from latticekit.testing.differences import jacobian, real_rows, slope
from latticekit.testing.report import judge

Array = Any


def check_inverse(layer: Any, x: Array, *, tolerance: float = 1e-12) -> float:
    """Largest |inverse(apply(x)) - x| and |log_det + log_det of the inverse|.  (chain, ...) -> number"""
    xp = namespace(x)
    y, log_det, _ = layer.apply(x)
    back, back_log_det = layer.inverse(y)
    hint = "inverse must undo apply, and return the log-det of the inverse map (opposite sign)."
    error = judge(float(xp.max(xp.abs(back - x))), tolerance, f"inverse of {layer}, largest |x' - x|", hint)
    sums = float(xp.max(xp.abs(log_det + back_log_det)))
    return max(error, judge(sums, 10 * tolerance, f"inverse of {layer}, log-dets do not cancel by", hint))


def check_log_det(layer: Any, x: Array, *, tolerance: float = 1e-8) -> float:
    """Largest |log_det - log |det dy/dx|| by a dense Jacobian: tiny lattices.  (chain, ...) -> number"""
    _, log_det, _ = layer.apply(x)
    _, expected = np.linalg.slogdet(jacobian(lambda v: real_rows(layer.apply(x + v)[0]), x))
    error = float(np.max(np.abs(to_host(log_det) - expected)))
    return judge(error, tolerance, f"log_det of {layer} against a dense Jacobian", "It is log |det dy/dx|, per chain.")


def check_vjp(layer: Any, x: Array, *, directions: int = 3, tolerance: float = 1e-9, key: Key | None = None) -> float:
    """Worst relative error of vjp against differences of L = sum(y_bar y) + sum(log_det_bar log_det).

    For the input and for every parameter, along random directions, with random y_bar and log_det_bar.  -> number
    """
    key = key or Key(0)
    y, log_det, residuals = layer.apply(x)
    y_bar, log_det_bar = _random(y, key.fold("noise", 0)), _random(log_det, key.fold("noise", 1))
    x_bar, params_bar = layer.vjp(residuals, y_bar, log_det_bar)

    def loss(one: Any, at: Array) -> float:
        out, log_det, _ = one.apply(at)
        return _dot(y_bar, out) + _dot(log_det_bar, log_det)

    worst = _compare(f"{layer}: x_bar", lambda v: loss(layer, x + v), x, x_bar, directions, tolerance, key)
    bars = dict(tree_items(params_bar))
    for name, value in tree_items(layer.params):
        if name not in bars:
            raise AssertionError(f"{layer}: vjp returned no cotangent for parameter {name!r}, only {list(bars)}")

        def moved(v: Array, name: str = name) -> float:
            return loss(_displaced(layer, name, v), x)

        what = f"{layer}: cotangent of {name}"
        worst = max(worst, _compare(what, moved, value, bars[name], directions, tolerance, key))
    return worst


def _displaced(layer: Any, name: str, v: Array) -> Any:
    """The layer with one parameter moved by v."""
    names = iter([n for n, _ in tree_items(layer.params)])
    return layer.with_params(tree_map(lambda p: p + v if next(names) == name else p, layer.params))


def _compare(
    what: str, f: Callable[[Array], float], x: Array, bar: Array, directions: int, tolerance: float, key: Key
) -> float:
    if bar.shape != x.shape:
        raise AssertionError(f"{what} has shape {bar.shape}, expected {x.shape}")
    norm, worst = max(_dot(bar, bar) ** 0.5, 1e-300), 0.0
    for i in range(directions):
        v = _random(x, key.fold("direction", i))
        measured = slope(partial(_along, f, v))
        worst = max(worst, abs(measured - _dot(bar, v)) / norm)
    return judge(worst, tolerance, f"{what} against differences, relative error", "Is log_det_bar carried back too?")


def _along(f: Callable[[Array], float], v: Array, e: float) -> float:
    return f(v * e)


def _dot(a: Array, b: Array) -> float:
    return float(np.sum(to_host(a) * to_host(b), dtype=np.float64))


def _random(like: Array, key: Key) -> Array:
    xp = namespace(like)
    shape = tuple(like.shape)
    return xp.reshape(key.normal((1, *shape), like), shape)
