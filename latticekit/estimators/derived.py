"""Errors of functions of means, by linear propagation along the Gamma method."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from array_api_compat import device

from latticekit.arrays import finite, namespace
from latticekit.estimators.estimate import Estimate
from latticekit.estimators.fluctuations import fluctuations
from latticekit.estimators.gamma import analyse
from latticekit.estimators.series import Array, draws

Function = Callable[[Array], Array]
_NO_WEIGHTS = (None, None)


def gamma_function(
    f: Function,
    series: Any,
    weights: Any = None,
    *,
    log_weights: Any = None,
    gradient: Function | None = None,
    s_tau: float = 1.5,
) -> Estimate:
    """Error of f(<O_1>, ..., <O_p>).  (chain, draw, p, *dims) -> Estimate of (*derived, *dims)

    f maps the means (p, *dims) to (*derived, *dims): it combines the primaries on axis 0, counted from the left, and
    acts on each of the axes behind alone. The fluctuations sum_a (df/dA_a) (a_a - <a_a>) go through the Gamma method
    (U. Wolff, hep-lat/0306017, sec. 3.1). The gradient is taken by central differences over the statistical error of
    each mean, or is gradient(means) of shape (p, *derived, *dims). A series (chain, draw) is one primary: f gets a
    number.
    """
    means, deltas = fluctuations(series, weights, log_weights)
    if means.ndim == 0:
        means, deltas = means[None], [d[..., None] for d in deltas]
        f, gradient = _of_first(f), None if gradient is None else _of_scalar(gradient)
    value = _value(f, means, "at the means")
    slope = _central_differences(f, means, deltas) if gradient is None else gradient(means)
    _check_gradient(slope, means, value)
    return analyse(value, [_projected(d, slope) for d in deltas], s_tau)


def difference(
    a: Any, b: Any, *, weights: tuple = _NO_WEIGHTS, log_weights: tuple = _NO_WEIGHTS, s_tau: float = 1.5
) -> Estimate:
    """<a> - <b> of the same run, keeping their correlation.  (chain, draw, *dims) twice -> Estimate of (*dims)

    weights or log_weights hold one entry for a and one for b, None for a plain mean: difference(x, x, log_weights=(w,
    None)) is what reweighting changes.
    """
    mean_a, deltas_a = fluctuations(a, weights[0], log_weights[0])
    mean_b, deltas_b = fluctuations(b, weights[1], log_weights[1])
    if [d.shape for d in deltas_a] != [d.shape for d in deltas_b]:
        raise ValueError(
            "difference: both series need the same chains, draws and observables, got shapes "
            f"{[tuple(d.shape) for d in deltas_a]} and {[tuple(d.shape) for d in deltas_b]}"
        )
    return analyse(mean_a - mean_b, [x - y for x, y in zip(deltas_a, deltas_b)], s_tau)


def _value(f: Function, means: Array, where: str) -> Array:
    value = f(means)
    finite(value[None, ...], f"f {where} (a gradient= or more draws may help)")
    rest = tuple(means.shape[1:])
    if tuple(value.shape[value.ndim - len(rest) :]) != rest:
        raise ValueError(
            f"f must keep the axes behind the primaries: {rest} of the means, got shape {tuple(value.shape)}"
        )
    return value


def _central_differences(f: Function, means: Array, deltas: list[Array]) -> Array:
    """(p, *dims) -> (p, *derived, *dims)"""
    xp = namespace(means)
    n = draws(deltas)
    variance = sum(xp.sum(d * d, axis=(0, 1)) for d in deltas) / n
    steps = xp.sqrt(variance / n)
    steps = xp.where(
        steps > 0, steps, xp.ones_like(steps) * 1e-8
    )  # a constant: its fluctuations vanish, any slope will do
    row = xp.reshape(xp.arange(means.shape[0], device=device(means)), (-1,) + (1,) * (means.ndim - 1))
    rows = []
    for a in range(means.shape[0]):
        step = xp.where(row == a, steps, xp.zeros_like(steps))
        up, down = means + step, means - step
        width = (up - down)[a, ...]
        rows.append((_value(f, up, "above a mean") - _value(f, down, "below a mean")) / width)
    return xp.stack(rows)


def _check_gradient(slope: Array, means: Array, value: Array) -> None:
    if tuple(slope.shape) != (means.shape[0], *value.shape):
        raise ValueError(f"gradient: expected shape {(means.shape[0], *value.shape)}, got {tuple(slope.shape)}")


def _projected(deltas: Array, slope: Array) -> Array:
    """sum_a slope_a delta_a.  (chain, draw, p, *dims), (p, *derived, *dims) -> (chain, draw, *derived, *dims)"""
    xp = namespace(deltas, slope)
    chain, draw, p, *dims = deltas.shape
    shape = (chain, draw, *(1,) * (slope.ndim - 1 - len(dims)), *dims)
    return sum(xp.reshape(deltas[:, :, a, ...], shape) * slope[a, ...] for a in range(p))


def _of_first(f: Function) -> Function:
    return lambda means: f(means[0, ...])


def _of_scalar(gradient: Function) -> Function:
    return lambda means: gradient(means[0, ...])[None, ...]
