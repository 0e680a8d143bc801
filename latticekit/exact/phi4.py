"""phi^4 theory on chains and small square lattices, solved to a stated accuracy by its transfer matrix.

S = sum_x [ sum_mu (phi_{x+mu} - phi_x)^2 + m^2 phi_x^2 + lambda phi_x^4 ], as in 1904.12072 (no factors 1/2 or 1/4!),
log Z with the measure prod dphi.  An extent of 1 adds nothing to the action; across an extent of 2 both bonds count.
"""

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from latticekit.exact import free_field
from latticekit.exact.correlator import second_moment_correlation_length
from latticekit.exact.site_weights import site_weights
from latticekit.exact.transfer_matrix import EVEN, ODD, RingTransfer

__all__ = ["Solution", "mass_gap", "observables", "solve"]

POINTS = 128  # per site, even: the quadrature converges exponentially, and coarser points check it
STATES = 400
KNOWN = 1e-4  # relative error up to which `observables` calls a value known
MAX_TERMS = 128  # of a Fourier series in the magnetization
MAX_WIDTH = 8  # of the shorter direction; wider rings need more products of bonds than a matrix can hold


class Solution(NamedTuple):
    """Exact results for one lattice, and the accuracy to which they are known."""

    log_z: float
    propagator: np.ndarray  # G(x) = <phi_0 phi_x>, (*sites)
    phi_fourth: float
    abs_magnetization: float  # <|M|>, M = (1/V) sum_x phi_x
    magnetization_fourth: float  # <M^4>
    errors: dict[str, float]  # relative, of each of the above, as estimated in `solve`


def solve(
    sites: tuple[int, ...], mass_squared: float, coupling: float, states: int = STATES, tolerance: float = 1e-3
) -> Solution:
    """Everything about a phi^4 chain or small square lattice.  sites, mass_squared, coupling > 0 -> Solution

    `states` limits the products of bond indices kept.  The lattice is solved again with half of them and fewer
    quadrature points; doubling them lowered the largest error 6-fold or more wherever that was tried, so a quarter of
    the change is stated as the error: the largest change for all of log_z, propagator and phi_fourth.  Raises
    ValueError when that exceeds `tolerance`.  The moments of M converge more slowly, and are NaN where the
    characteristic function of M falls too slowly.
    """
    extents = _check(sites, mass_squared, coupling)
    rings = [
        RingTransfer(site_weights(mass_squared, coupling, extents[1] > 1, points), extents[1], count)
        for count, points in ((states, POINTS), (max(1, states // 2), 3 * POINTS // 4))
    ]
    local = [_local(ring, extents[0]) for ring in rings]
    worst = max(_relative(local[0][name], local[1][name]) / 4 for name in local[0])
    if not worst <= tolerance:
        raise ValueError(
            f"phi^4 on {sites} at mass_squared={mass_squared}, coupling={coupling} is known to {worst:.1e} only with "
            f"states={states}, expected {tolerance:.1e}: use more states or a narrower lattice"
        )
    moments = [_moments(ring, *extents, local[0]["propagator"]) for ring in rings]
    changes = {name: _relative(moments[0][name], moments[1][name]) / 4 for name in moments[0]}
    errors = dict.fromkeys(local[0], worst) | {name: max(change, worst) for name, change in changes.items()}
    propagator = local[0]["propagator"] if _long_first(sites) else local[0]["propagator"].T
    return Solution(**{**local[0], "propagator": propagator.reshape(sites), **moments[0], "errors": errors})


@lru_cache(maxsize=256)
def _observables(sites: tuple[int, ...], mass_squared: float, coupling: float) -> dict[str, float | np.ndarray]:
    if coupling == 0:
        return free_field.observables(sites, mass_squared) if mass_squared > 0 else {}
    for states, tolerance in ((160, 1e-6), (STATES, KNOWN)):
        try:
            return _named(solve(sites, mass_squared, coupling, states, tolerance), coupling)
        except ValueError:
            continue
    return {}


def observables(sites: tuple[int, ...], mass_squared: float, coupling: float) -> dict[str, float | np.ndarray]:
    """Exact values by name, those known to a relative 1e-4.  sites, mass_squared, coupling -> {name: value}

    Everything on chains and on strips up to width 5, most at width 6 (far from the broken phase), the free field
    (coupling 0) everywhere; {} elsewhere.  `action` is the total; `two_point` runs over the time separation along the
    first axis.  For more digits or width use `solve` with more states.  Cached.
    """
    values = _observables(tuple(int(extent) for extent in sites), float(mass_squared), float(coupling))
    return {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in values.items()}


def mass_gap(mass_squared: float, coupling: float, width: int = 1, states: int = STATES) -> float:
    """Mass of the exponential decay along an infinite strip of `width` sites; width 1 is the chain.  -> float"""
    _check((width,), mass_squared, coupling)
    ring = RingTransfer(site_weights(mass_squared, coupling, width > 1, POINTS), width, states)
    return -math.log(ring.eigenvalues[ODD][-1])


def _long_first(sites: tuple[int, ...]) -> bool:
    extents = [extent for extent in sites if extent > 1]
    return extents == sorted(extents, reverse=True)


def _check(sites: tuple[int, ...], mass_squared: float, coupling: float) -> tuple[int, int]:
    """(long, short) extents of the lattice, after leaving out the extents of 1."""
    if not (math.isfinite(mass_squared) and math.isfinite(coupling) and coupling > 0):
        raise ValueError(
            f"exact.phi4 needs finite mass_squared and coupling > 0: got {mass_squared}, {coupling}; "
            "use exact.FreeField for coupling 0"
        )
    if not sites or min(sites) < 1:
        raise ValueError(f"sites must be one or more positive extents: got {sites}")
    extents = sorted((extent for extent in sites if extent > 1), reverse=True)
    if len(extents) > 2 or (len(extents) == 2 and extents[1] > MAX_WIDTH):
        raise ValueError(
            f"phi^4 is solved on chains and on strips whose shorter extent is at most {MAX_WIDTH}: got {sites}"
        )
    return (*extents, 1, 1)[0], (*extents, 1, 1)[1]


def _norm(ring: RingTransfer, time: int) -> float:
    return sum(float(np.sum(values**time)) for values in ring.eigenvalues)


def _local(ring: RingTransfer, time: int) -> dict[str, Any]:
    """log Z and expectation values of one or two sites."""
    norm = _norm(ring, time)
    return {
        "log_z": time * ring.log_largest + math.log(norm),
        "propagator": _propagator(ring, time) / norm,
        "phi_fourth": _mean(ring, {0: ring.site.points**4}, time) / norm,
    }


def _mean(ring: RingTransfer, insertions: dict[int, np.ndarray], time: int) -> float:
    """Tr[O Lambda^(T-1)] of a one-row operator O that is even under phi -> -phi."""
    diagonals = (np.diagonal(ring.operator(insertions, sector, sector)) for sector in (EVEN, ODD))
    return sum(float(d @ values ** (time - 1)) for d, values in zip(diagonals, ring.eigenvalues, strict=True))


def _propagator(ring: RingTransfer, time: int) -> np.ndarray:
    """Unnormalised <phi(0, 0) phi(t, y)>, half of the ring computed, the rest by reflection.  -> (time, width)"""
    phi, (even, odd) = ring.site.points, ring.eigenvalues
    result = np.empty((time, ring.length))
    here = ring.operator({0: phi}, EVEN, ODD)
    for y in range(ring.length // 2 + 1):
        product = here * ring.operator({y: phi}, EVEN, ODD)
        rows = [_mean(ring, {0: phi, y: phi} if y else {0: phi**2}, time)]
        for t in range(1, time):
            near, far = t - 1, time - t - 1
            rows.append(float(even**near @ product @ odd**far + even**far @ product @ odd**near))
        result[:, y] = result[:, -y % ring.length] = rows
    return result


def _moments(ring: RingTransfer, time: int, width: int, propagator: np.ndarray) -> dict[str, float]:
    """<|M|> and <M^4> from the characteristic function of X = V M.

    On |X| < R both are Fourier series in n pi / R.  R grows until the density of X at R, the same series summed with
    alternating signs, is negligible: at the latest at 7.5 spreads, by Newman's inequality P(|X| > R) <=
    2 exp(-R^2 / 2 spread^2) (Commun. Math. Phys. 41 (1975) 1).
    """
    volume = time * width
    spread = math.sqrt(volume * float(propagator.sum()))
    for radius in spread * np.array([4.5, 6.0, 7.5]):
        characteristic = _characteristic(ring, time, np.pi / radius)
        n = np.arange(1, len(characteristic) + 1)
        sign, wave = (-1.0) ** n, np.pi * n
        if not abs(0.5 + sign @ characteristic) * spread / radius > 1e-8:
            break
    absolute = radius / 2 + 2 * radius * np.sum((sign - 1) / wave**2 * characteristic)
    fourth = radius**4 / 5 + 8 * radius**4 * np.sum(sign * (1 / wave**2 - 6 / wave**4) * characteristic)
    return {"abs_magnetization": float(absolute / volume), "magnetization_fourth": float(fourth / volume**4)}


def _characteristic(ring: RingTransfer, time: int, step: float) -> np.ndarray:
    """<exp(i k sum_x phi_x)> at k = step, 2 step, ... until three in a row are below 1e-8, else NaN.  -> (n,)"""
    norm, values = _norm(ring, time), [1.0]
    while max(np.abs(values[-3:])) > 1e-8:
        if len(values) > MAX_TERMS:
            return np.array([math.nan])
        values.append(float(np.trace(np.linalg.matrix_power(ring.source(len(values) * step), time))) / norm)
    return np.array(values[1:])


def _named(solution: Solution, coupling: float) -> dict[str, float | np.ndarray]:
    propagator, known = solution.propagator, {name for name, error in solution.errors.items() if error <= KNOWN}
    volume, extent = propagator.size, propagator.shape[0]
    two_point = propagator.reshape(extent, -1).sum(axis=1)
    susceptibility = float(two_point.sum())
    values: dict[str, float | np.ndarray] = {"magnetization": 0.0}
    if "log_z" in known:
        values["log_z"] = solution.log_z
    if "abs_magnetization" in known:
        values["abs_magnetization"] = solution.abs_magnetization
    if "phi_fourth" in known:  # Schwinger-Dyson: <phi dS/dphi> = 1 at every site gives the action
        values |= {"phi_fourth": solution.phi_fourth, "action": volume * (0.5 - coupling * solution.phi_fourth)}
    if "propagator" in known:
        values |= {"phi_squared": float(propagator.flat[0]), "two_point": two_point, "susceptibility": susceptibility}
        if extent > 1:
            values["second_moment_correlation_length"] = second_moment_correlation_length(two_point)
    if {"propagator", "magnetization_fourth"} <= known:
        values["binder_cumulant"] = 1 - solution.magnetization_fourth / (3 * (susceptibility / volume) ** 2)
    return values


def _relative(a: float | np.ndarray, b: float | np.ndarray) -> float:
    return float(np.max(np.abs(np.asarray(a) - b)) / max(np.max(np.abs(a)), 1e-300))
