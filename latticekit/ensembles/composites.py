"""Quantities that are functions of means: of the scalar field here, of links in `link_composites`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from latticekit.ensembles.composite import Composite, Sites
from latticekit.ensembles.link_composites import LINK_COMPOSITES
from latticekit.estimators import Estimate, exp_mean, gamma_method


def _moments(posterior: xr.Dataset, sites: Sites) -> np.ndarray:
    m = posterior["magnetization"].values
    return np.stack([m, m**2, m**4], axis=-1)


def _exact_moments(known: Mapping[str, Any], sites: Sites) -> np.ndarray | None:
    if "susceptibility" not in known:
        return None
    m2 = known["susceptibility"] / math.prod(sites)
    return np.array([0.0, m2, 3 * m2**2 * (1 - known.get("binder_cumulant", math.nan))])


def _correlator(posterior: xr.Dataset, sites: Sites) -> np.ndarray:
    m = posterior["magnetization"].values[..., None]
    return np.concatenate([m, posterior["two_point"].values], axis=-1)


def _exact_correlator(known: Mapping[str, Any], sites: Sites) -> np.ndarray | None:
    return np.array([0.0, *known["two_point"]]) if "two_point" in known else None


def _connected(means: Any, sites: Sites) -> Any:
    return means[1:] - math.prod(sites[1:]) * means[0] ** 2


def _long(posterior: xr.Dataset, sites: Sites) -> bool:
    return sites[0] >= 3


def _second_moment(means: Any, sites: Sites) -> Any:
    c, extent = _connected(means, sites), sites[0]
    wave = np.cos(2 * math.pi * np.arange(extent) / extent)
    ratio = np.sum(c) / np.sum(c * wave)
    return np.sqrt(np.maximum(ratio - 1, 0)) / (2 * math.sin(math.pi / extent))


def _pole_mass(means: Any, sites: Sites) -> Any:
    c, extent = _connected(means, sites), sites[0]
    dt = np.arange(max(1, extent // 4), extent - max(1, extent // 4) + 1)
    cosh = np.sum(c[dt - 1] + c[(dt + 1) % extent]) / (2 * np.sum(c[dt]))
    return np.arccosh(np.maximum(cosh, 1))


SCALAR_COMPOSITES = (
    Composite(
        "susceptibility",
        r"\chi_2 = V (\langle M^2 \rangle - \langle M \rangle^2)",
        ("magnetization",),
        _moments,
        lambda m, sites: math.prod(sites) * (m[1] - m[0] ** 2),
        _exact_moments,
    ),
    Composite(
        "binder_cumulant",
        r"U = 1 - \langle M^4 \rangle / 3 \langle M^2 \rangle^2",
        ("magnetization",),
        _moments,
        lambda m, sites: 1 - m[2] / (3 * m[1] ** 2),
        _exact_moments,
    ),
    Composite(
        "second_moment_correlation_length",
        r"\xi = \sqrt{\tilde G(0)/\tilde G(k) - 1} / 2 \sin(k/2), k = 2\pi/T",
        ("magnetization", "two_point"),
        _correlator,
        _second_moment,
        _exact_correlator,
        _long,
    ),
    Composite(
        "pole_mass",
        r"\cosh m = \sum [C(t-1) + C(t+1)] / 2 \sum C(t), T/4 \le t \le 3T/4",
        ("magnetization", "two_point"),
        _correlator,
        _pole_mass,
        _exact_correlator,
        _long,
    ),
)
"""Derived quantities of the scalar field; connected parts throughout."""

COMPOSITES = (*SCALAR_COMPOSITES, *LINK_COMPOSITES)
"""All of them; `summary` shows those that an ensemble defines."""


def schwinger_dyson(
    posterior: xr.Dataset, coefficients: Mapping[str, float], log_weights: np.ndarray | None = None
) -> Estimate:
    """sum_O c_O <O>, exactly 1 for the `schwinger_dyson` coefficients of the action, whatever the volume."""
    series = sum(c * posterior[name].values for name, c in coefficients.items())
    return gamma_method(series, log_weights=log_weights)


def boltzmann_factor(energy_error: np.ndarray) -> Estimate:
    """<exp(-Delta H)>: 1 for an area-preserving reversible trajectory (Creutz, PRD 38 (1988) 1228)."""
    return exp_mean(np.where(np.isfinite(energy_error), energy_error, np.inf))
