"""Is an invertible map invertible, and are its log-Jacobian and its hand-written vjp right?

Fields are real numbers unless an `action` on the same field is given: its group says how a field is displaced, and
its value is what is differentiated.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from latticekit.arrays import namespace, to_host, tree_items, tree_map
from latticekit.random import Key
from latticekit.testing.differences import JACOBIAN_STEP, STEP, jacobian, real_rows, slope
from latticekit.testing.report import judge

Array = Any


def check_inverse(layer: Any, x: Array, *, tolerance: float = 1e-12, action: Any = None) -> float:
    """Largest |inverse(apply(x)) - x| and |log_det + log_det of the inverse|.  (chain, ...) -> number

    With an action: largest distance of the group elements, so that angles count modulo 2 pi.
    """
    xp = namespace(x)
    y, log_det, _ = layer.apply(x)
    back, back_log_det = layer.inverse(y)
    hint = "inverse must undo apply, and return the log-det of the inverse map (opposite sign)."
    matrices = getattr(getattr(action, "group", None), "matrices", lambda field: field)
    apart = float(xp.max(xp.abs(matrices(back) - matrices(x))))
    error = judge(apart, tolerance, f"inverse of {layer}, largest |x' - x|", hint)
    sums = float(xp.max(xp.abs(log_det + back_log_det)))
    return max(error, judge(sums, 10 * tolerance, f"inverse of {layer}, log-dets do not cancel by", hint))


def check_log_det(
    layer: Any, x: Array, *, tolerance: float = 1e-8, step: float = JACOBIAN_STEP, action: Any = None
) -> float:
    """Largest |log_det - log |det dy/dx|| by a dense Jacobian: tiny lattices.  (chain, ...) -> number

    With an action: the Jacobian from algebra displacements of x to those of y, hence with respect to Haar measures.
    `step` of the differences: a map with kinks in its slope (splines) needs a small one, 1e-6.
    """
    y, log_det, _ = layer.apply(x)
    move, like = _displacement(action, x)
    dense = jacobian(lambda v: real_rows(layer.apply(move(x, v))[0]), like, step)
    if action is not None:  # algebra element w with dy = frame w, where y's own displacements are the frame
        frame = jacobian(lambda w: real_rows(move(y, w)), like)
        turned = np.swapaxes(frame, 1, 2)
        dense = np.linalg.solve(turned @ frame, turned @ dense)
    _, expected = np.linalg.slogdet(dense)
    error = float(np.max(np.abs(to_host(log_det) - expected)))
    return judge(error, tolerance, f"log_det of {layer} against a dense Jacobian", "It is log |det dy/dx|, per chain.")


def check_vjp(
    layer: Any,
    x: Array,
    *,
    directions: int = 3,
    tolerance: float = 1e-9,
    step: float = STEP,
    key: Key | None = None,
    action: Any = None,
) -> float:
    """Worst relative error of vjp against differences of L = sum(y_bar y) + sum(log_det_bar log_det).

    For the input and for every parameter, along random directions, with random y_bar and log_det_bar.  With an
    action the first term is its value, so that y_bar is minus its force.  Relative to the cotangent, or to a
    hundredth of |y_bar| where that is larger (parameters of no effect).  -> number
    """
    key = key or Key(0)
    y, log_det, residuals = layer.apply(x)
    log_det_bar = _random(log_det, key.fold("noise", 1))
    y_bar = _random(y, key.fold("noise", 0)) if action is None else -action.force(y)
    x_bar, params_bar = layer.vjp(residuals, y_bar, log_det_bar)

    def loss(one: Any, at: Array) -> float:
        out, log_det, _ = one.apply(at)
        value = _dot(y_bar, out) if action is None else float(np.sum(to_host(action.value(out))))
        return value + _dot(log_det_bar, log_det)

    move, like = _displacement(action, x)
    floor = 0.01 * _dot(y_bar, y_bar) ** 0.5
    compare = partial(_compare, floor=floor, directions=directions, tolerance=tolerance, step=step, key=key)
    worst = compare(f"{layer}: x_bar", lambda v: loss(layer, move(x, v)), like, x_bar)
    bars = dict(tree_items(params_bar))
    for name, value in tree_items(layer.params):
        if name not in bars:
            raise AssertionError(f"{layer}: vjp returned no cotangent for parameter {name!r}, only {list(bars)}")

        def moved(v: Array, name: str = name) -> float:
            return loss(_displaced(layer, name, v), x)

        worst = max(worst, compare(f"{layer}: cotangent of {name}", moved, value, bars[name]))
    return worst


def check_carry(layer: Any, x: Array, *, tolerance: float = 1e-12, key: Key | None = None, action: Any = None) -> float:
    """Largest |vjp(carry(zeta)) - zeta| / max |zeta|: carry must undo vjp, at any weight of the log-det.  -> number

    With random zeta and weights, and with an action for the shape of algebra elements.
    """
    xp, key = namespace(x), key or Key(0)
    _, log_det, residuals = layer.apply(x)
    zeta = _random(_displacement(action, x)[1], key.fold("noise", 2))
    weight = _random(log_det, key.fold("noise", 3))
    back = layer.vjp(residuals, layer.carry(residuals, zeta, weight), weight)[0]
    error = float(xp.max(xp.abs(back - zeta))) / float(xp.max(xp.abs(zeta)))
    hint = "carry is J^-T (zeta - weight d log_det)."
    return judge(error, tolerance, f"carry of {layer}, largest |vjp(carry(zeta)) - zeta| / max |zeta|", hint)


def _displacement(action: Any, x: Array) -> tuple[Callable[[Array, Array], Array], Array]:
    """How a field is displaced, and an array like the displacements."""
    if action is None:
        return (lambda field, v: field + v), x
    return action.translate, action.group.random_algebra(Key(0).fold("test"), x)


def _displaced(layer: Any, name: str, v: Array) -> Any:
    """The layer with one parameter moved by v."""
    names = iter([n for n, _ in tree_items(layer.params)])
    return layer.with_params(tree_map(lambda p: p + v if next(names) == name else p, layer.params))


def _compare(
    what: str,
    f: Callable[[Array], float],
    x: Array,
    bar: Array,
    *,
    floor: float,
    directions: int,
    tolerance: float,
    step: float,
    key: Key,
) -> float:
    if bar.shape != x.shape:
        raise AssertionError(f"{what} has shape {bar.shape}, expected {x.shape}")
    norm, worst = max(_dot(bar, bar) ** 0.5, floor), 0.0
    for i in range(directions):
        v = _random(x, key.fold("direction", i))
        measured = slope(partial(_along, f, v), step)
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
