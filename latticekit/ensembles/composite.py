"""A number that is a function of means, with its error and its exact value."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from latticekit.estimators import Estimate, gamma_function

Sites = tuple[int, ...]


@dataclass(frozen=True)
class Composite:
    """f of the means of some series.  `needs` are variables of /posterior."""

    name: str
    symbol: str
    needs: tuple[str, ...]
    series: Callable[[xr.Dataset, Sites], np.ndarray]
    """Series of the primaries.  -> (chain, draw, p)"""
    f: Callable[[Any, Sites], Any]
    """Derived number of the means (p,) -> ()."""
    means: Callable[[Mapping[str, Any], Sites], np.ndarray | None]
    """Exact means (p,) from exact values by observable, None where they are not known."""

    usable: Callable[[xr.Dataset, Sites], bool] = lambda posterior, sites: True
    """Whether the draws can tell: long enough axes, loops above their noise."""

    def defined(self, posterior: xr.Dataset, sites: Sites) -> bool:
        """Whether this ensemble has it."""
        return set(self.needs) <= set(posterior.data_vars) and self.usable(posterior, sites)

    def estimate(self, posterior: xr.Dataset, sites: Sites, log_weights: np.ndarray | None = None) -> Estimate:
        """Value with its error by the Gamma method."""
        return gamma_function(lambda m: self.f(m, sites), self.series(posterior, sites), log_weights=log_weights)

    def exact(self, known: Mapping[str, Any], sites: Sites) -> float | None:
        """The same f of exact means."""
        means = self.means(known, sites)
        value = math.nan if means is None else float(self.f(means, sites))
        return value if math.isfinite(value) else None
