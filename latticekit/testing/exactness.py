"""Does an update leave exp(-S) invariant?  Answered without a Markov chain and without exact draws.

Draws x of any known density q carry the weight w = exp(-S(x)) / q(x).  If the update K leaves exp(-S) invariant,
    E_q[ w(x) (h(x') - h(x)) ] = 0    for every function h, with x' = K x,
which is tested by its standard error; x and x' are paired, so that the noise is that of the change alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from latticekit.arrays import namespace, to_host
from latticekit.lattice import shift
from latticekit.random import Key
from latticekit.testing.report import judge

Array = Any
Tests = Mapping[str, Callable[[Array], Array]]
_BINS = 16
_HINT = "Pulls this large do not come from chance: look at the accept test, the proposal density, the momenta."


def field_moments() -> Tests:
    """Test functions of a real field on any sites: moments and the product of neighbours.  field -> (chain,)"""

    def mean(f: Callable[[Array], Array]) -> Callable[[Array], Array]:
        return lambda x: namespace(x).mean(f(x), axis=tuple(range(1, x.ndim)))

    def neighbours(x: Array) -> Array:
        return sum(x * shift(x, mu) for mu in range(x.ndim - 1))

    powers = {"x": lambda x: x, "x^2": lambda x: x * x, "x^3": lambda x: x * x * x, "x^4": lambda x: (x * x) * (x * x)}
    return {name: mean(f) for name, f in {**powers, "neighbours": neighbours}.items()}


def check_exact(
    update: Any,
    x: Array,
    log_q: Array,
    *,
    updates: int = 1,
    tests: Tests | None = None,
    sigmas: float = 4.5,
    key: Key | None = None,
) -> float:
    """Worst pull (in sigmas) of E[w (h(x') - h(x))] = 0 over test functions h.  field, (chain,) -> number

    x: independent draws of density exp(log_q), one per chain (`normal_draws`, `free_field_draws`); x' = x after
    `updates` updates.
    Each h is tested by its mean and by the histogram of its values (chi^2 of 16 bins, turned into sigmas).
    False alarms: about 2 P(|z| > sigmas) per function, 8e-5 in all by default.  Power: a bias of the mean of h by
    a share d of its spread is seen from about 2 (sigmas / d)^2 effective draws on: 1 % takes 4e5.
    """
    state, weight = _start(update, x, log_q)
    now, key = state, key or Key(0)
    for step in range(updates):
        now, _ = update.step(now, key.at(step))
    _check_action(update, now)
    pulls: dict[str, float] = {}
    for name, h in _functions(update, tests).items():
        before, after = to_host(h(x)), to_host(h(now.x))
        pulls[name] = _pull(weight * (after - before))
        pulls[f"histogram of {name}"] = _histogram_pull(*_transitions(weight, before, after))
    return _verdict(update, pulls, sigmas, "leaves exp(-S) invariant")


def check_detailed_balance(
    update: Any,
    x: Array,
    log_q: Array,
    *,
    tests: Tests | None = None,
    sigmas: float = 4.5,
    key: Key | None = None,
) -> float:
    """Worst pull (chi^2 in sigmas) of equal flux from bin a to bin b of h and back, over h.  field, (chain,) -> number

    Sharper than `check_exact` where it holds (not for sweeps in a fixed order nor for sequences of updates).
    """
    state, weight = _start(update, x, log_q)
    now, _ = update.step(state, key or Key(0))
    pulls = {
        f"flux in {name}": _flux_pull(*_transitions(weight, to_host(h(x)), to_host(h(now.x)), bins=6))
        for name, h in _functions(update, tests).items()
    }
    return _verdict(update, pulls, sigmas, "is in detailed balance with exp(-S)")


def _start(update: Any, x: Array, log_q: Array) -> tuple[Any, np.ndarray]:
    state = update.init(x)
    log_weight = to_host(-state.action - log_q)
    return state, np.exp(log_weight - np.max(log_weight))


def _functions(update: Any, tests: Tests | None) -> Tests:
    return {"action": update.action.value, **(field_moments() if tests is None else tests)}


def _pull(d: np.ndarray) -> float:
    spread = float(np.std(d))
    return abs(float(np.mean(d))) / spread * math.sqrt(d.size) if spread else 0.0


def _transitions(
    weight: np.ndarray, before: np.ndarray, after: np.ndarray, bins: int = _BINS
) -> tuple[np.ndarray, np.ndarray]:
    """Sums of w and of w^2 over the draws that go from bin a to bin b.  three (chain,) -> two (bins, bins)"""
    order = np.argsort(before)
    mass = np.cumsum(weight[order])  # bins of equal weight: rare events would spoil the standard errors
    edges = before[order][np.searchsorted(mass, mass[-1] * np.arange(1, bins) / bins)]
    which = np.searchsorted(edges, before) * bins + np.searchsorted(edges, after)
    first, second = (np.bincount(which, weight**power, bins**2) for power in (1, 2))
    return first.reshape(bins, bins), second.reshape(bins, bins)


def _histogram_pull(flow: np.ndarray, square: np.ndarray) -> float:
    """chi^2 of the change of every bin's weight, with its covariance."""
    change = flow.sum(axis=0) - flow.sum(axis=1)
    covariance = np.diag(square.sum(axis=0) + square.sum(axis=1)) - square - square.T
    variances, modes = np.linalg.eigh(covariance)
    seen = variances > 1e-10 * variances[-1]  # empty bins, and the sum over bins, do not fluctuate
    return _sigmas((change @ modes)[seen] ** 2 / variances[seen])


def _flux_pull(flow: np.ndarray, square: np.ndarray) -> float:
    """chi^2 of the difference of the fluxes a -> b and b -> a, over the pairs that at least 25 draws cross."""
    upper = np.triu_indices(len(flow), 1)
    net, total, variance = ((flow - flow.T)[upper], (flow + flow.T)[upper], (square + square.T)[upper])
    seen = total**2 >= 25 * np.maximum(variance, 1e-300)
    return _sigmas(net[seen] ** 2 / variance[seen])


def _sigmas(terms: np.ndarray) -> float:
    """The normal quantile of chi^2 = sum of terms (Wilson and Hilferty, PNAS 17 (1931) 684)."""
    if terms.size == 0:
        return 0.0
    share = 2 / (9 * terms.size)
    return max(0.0, (float(np.mean(terms)) ** (1 / 3) - 1 + share) / math.sqrt(share))


def _check_action(update: Any, state: Any) -> None:
    value = to_host(update.action.value(state.x))
    error = float(np.max(np.abs(value - to_host(state.action)) / np.maximum(1.0, np.abs(value))))
    tolerance = 1e-4 if state.x.dtype == namespace(state.x).float32 else 1e-10
    judge(error, tolerance, f"{update}: state.action against the action of state.x", "Keep both from the same field.")


def _verdict(update: Any, pulls: dict[str, float], sigmas: float, claim: str) -> float:
    name = max(pulls, key=lambda n: pulls[n] if math.isfinite(pulls[n]) else math.inf)
    return judge(pulls[name], sigmas, f"{update} {claim}? pull of {name!r} in sigmas", _HINT)
