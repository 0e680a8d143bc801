"""The rows of a summary: every quantity with its error, its effective draws and its exact value."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from latticekit.actions import Action, action_from
from latticekit.ensembles.composites import COMPOSITES, boltzmann_factor, schwinger_dyson
from latticekit.ensembles.weighing import log_z, weighed, weights_of
from latticekit.estimators import Estimate, bracket, effective_sample_size, gamma_method, rhat


class Agreement(NamedTuple):
    """R-hat, and what it would be for chains of this length that agree: 1 + 2 tau_int / draws."""

    rhat: float
    expected: float


@dataclass(frozen=True)
class Row:
    """One number of the table."""

    name: str
    estimate: Estimate
    agreement: Agreement | None = None
    exact: float | None = None

    @property
    def rhat(self) -> float | None:
        """Rank-normalised split R-hat over the chains."""
        return self.agreement.rhat if self.agreement else None

    @property
    def pull(self) -> float | None:
        """(value - exact) / error, where the exact value is known."""
        if self.exact is None or not float(self.estimate.error) > 0:
            return None
        return float(self.estimate.pull(self.exact))

    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        e = self.estimate
        value = bracket(float(e.value), float(e.error))
        tau = bracket(float(e.tau_int), float(e.tau_int_error))
        numbers = (f"{v:{spec}}" if v is not None else "" for v, spec in ((self.rhat, ".3f"), (self.exact, ".7g")))
        return self.name, value, tau, f"{float(e.ess):.0f}", *numbers, _signed(self.pull)


class Draws(NamedTuple):
    """The draws that count, their log weights (None: draws of exp(-S)), and the exact values of the action."""

    posterior: xr.Dataset
    log_weights: np.ndarray | None
    known: Mapping[str, Any]

    def row(self, name: str, series: np.ndarray, exact: Any = None) -> Row:
        """A mean with its error."""
        value = None if exact is None else float(exact)
        if self.log_weights is None:
            return Row(name, gamma_method(series), _agreement(series), value)
        return Row(name, self.counted(gamma_method(series, log_weights=self.log_weights)), exact=value)

    def counted(self, estimate: Estimate) -> Estimate:
        """Effective draws of weighted ones: times (sum w)^2 / (n sum w^2)."""
        if self.log_weights is None:
            return estimate
        return replace(estimate, ess=estimate.ess * float(effective_sample_size(self.log_weights)))


def table(ensemble: xr.DataTree, posterior: xr.Dataset) -> list[Row]:
    """All rows: observables, functions of their means, identities, log Z."""
    action, sites = action_of(ensemble)
    draws = Draws(*weighed(ensemble, posterior), action.exact(sites) if action else {})
    rows = [row for name in posterior.data_vars for row in _rows(draws, str(name), draws.posterior[name])]
    rows += _composites(draws, sites)
    return rows + _identities(ensemble, draws, action, sites) + _log_z(ensemble, draws)


def action_of(ensemble: xr.DataTree) -> tuple[Action | None, tuple[int, ...]]:
    """The action that made an ensemble, and its lattice."""
    attributes = ensemble.attrs
    if "action_params" not in attributes:
        return None, ()
    return action_from(json.loads(attributes["action_params"])), tuple(json.loads(attributes["lattice_shape"]))


def _rows(draws: Draws, name: str, values: xr.DataArray) -> list[Row]:
    """The variable itself, or some entries of a correlator or table: first, second, middle; the diagonal."""
    if np.iscomplexobj(values.values):
        return _rows(draws, f"re {name}", values.real) + _rows(draws, f"|{name}|", abs(values))
    exact = draws.known.get(name)
    if values.ndim == 2:
        return [draws.row(name, values.values, exact)]
    labels = [values[dim].values for dim in values.dims[2:]]
    return [
        draws.row(
            f"{name}[{','.join(str(label[i]) for label, i in zip(labels, at))}]",
            values.values[(..., *at)],  # type: ignore[arg-type]
            None if exact is None else np.asarray(exact)[at],
        )
        for at in _shown(values.shape[2:])
    ]


def _composites(draws: Draws, sites: tuple[int, ...]) -> list[Row]:
    rows = []
    for c in (c for c in COMPOSITES if c.defined(draws.posterior, sites)):
        try:
            estimate = draws.counted(c.estimate(draws.posterior, sites, draws.log_weights))
            rows.append(Row(c.name, estimate, exact=c.exact(draws.known, sites)))
        except ValueError as error:  # such as a flow scale beyond the longest flow time: the rest of the table stands
            warnings.warn(f"{c.name} is left out: {error}", stacklevel=2)
    return rows


def _shown(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    if len(shape) == 1:
        return [(i,) for i in sorted({0, 1 % shape[0], shape[0] // 2})]
    return [(i,) * len(shape) for i in range(min(shape))]


def _agreement(series: np.ndarray) -> Agreement | None:
    draws = series.shape[1]
    if draws < 8 or np.ptp(series) == 0:
        return None
    within = gamma_method(series - series.mean(axis=1, keepdims=True))
    return Agreement(float(rhat(series)), 1 + 2 * float(within.tau_int) / draws)


def _identities(ensemble: xr.DataTree, draws: Draws, action: Action | None, sites: tuple[int, ...]) -> list[Row]:
    rows = []
    identity = action.schwinger_dyson(sites) if action else {}
    if identity and set(identity) <= set(draws.posterior.data_vars):
        estimate = schwinger_dyson(draws.posterior, identity, draws.log_weights)
        rows.append(Row("schwinger_dyson", draws.counted(estimate), exact=1.0))
    if "sample_stats" in ensemble.children:
        for name, values in ensemble["sample_stats"].data_vars.items():
            if str(name).endswith("energy_error"):
                rows.append(Row(f"exp(-{name})", boltzmann_factor(values.values), exact=1.0))
    return rows


def _log_z(ensemble: xr.DataTree, draws: Draws) -> list[Row]:
    """log Z = log <w>_q of every flow with <log w>_q below it and, where draws of p are at hand, <log w>_p above."""
    rows = []
    for prefix, weights in weights_of(ensemble).items():
        if np.sum(np.isfinite(weights.q)) < 4:
            continue
        found, exact = log_z(weights), draws.known.get("log_z") if ensemble.attrs.get("log_q_normalised") else None
        rows.append(Row(f"{prefix}log_z", found.log_z, exact=None if exact is None else float(exact)))
        rows.append(Row(f"{prefix}log_z_lower_bound", found.lower))
        if found.upper is not None:
            rows.append(Row(f"{prefix}log_z_upper_bound", found.upper))
    return rows


def _signed(pull: float | None) -> str:
    return "" if pull is None else f"{pull:+.2f}"
