"""`summary`: what a run found, how well it knows it, and whether to trust it."""

from __future__ import annotations

import html
import json
import math
import warnings
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from latticekit.actions import Action, action_from
from latticekit.ensembles.composites import COMPOSITES, boltzmann_factor, schwinger_dyson
from latticekit.ensembles.verdicts import Finding, findings
from latticekit.estimators import Estimate, bracket, gamma_method, rhat

_HEAD = ("quantity", "mean(error)", "tau_int", "ESS", "R-hat", "exact", "pull")


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


@dataclass(frozen=True)
class Summary:
    """Table and verdict of an ensemble; print it, or use `rows`, `findings`, `trusted`, `dataset`."""

    title: str
    rows: tuple[Row, ...]
    findings: tuple[Finding, ...]

    @property
    def trusted(self) -> bool:
        """No finding is a failure."""
        return not any(one.level == "fail" for one in self.findings)

    @property
    def worst_pull(self) -> float:
        """Largest |pull| against exact values, 0 where none is known."""
        return max((abs(row.pull) for row in self.rows if row.pull is not None), default=0.0)

    @property
    def dataset(self) -> xr.Dataset:
        """The table as it goes into /estimates, dimension `observable`."""
        nan = math.nan
        columns = {
            "value": [float(r.estimate.value) for r in self.rows],
            "error": [float(r.estimate.error) for r in self.rows],
            "tau_int": [float(r.estimate.tau_int) for r in self.rows],
            "tau_int_error": [float(r.estimate.tau_int_error) for r in self.rows],
            "ess": [float(r.estimate.ess) for r in self.rows],
            "rhat": [nan if r.rhat is None else r.rhat for r in self.rows],
            "exact": [nan if r.exact is None else r.exact for r in self.rows],
            "pull": [nan if r.pull is None else r.pull for r in self.rows],
        }
        names = np.array([r.name for r in self.rows], dtype=np.dtypes.StringDType())
        return xr.Dataset({k: ("observable", v) for k, v in columns.items()}, {"observable": names})

    def __getitem__(self, name: str) -> Row:
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(f"no quantity {name!r}: one of {', '.join(row.name for row in self.rows)}")

    def __str__(self) -> str:
        table = [_HEAD, *(row.cells() for row in self.rows)]
        widths = [max(len(line[i]) for line in table) for i in range(len(_HEAD))]
        lines = [
            "  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(r, widths))) for r in table
        ]
        rule = "-" * len(lines[0])
        return "\n".join(
            [self.title, rule, lines[0], rule, *lines[1:], rule, *map(str, self.findings), self._verdict()]
        )

    def _verdict(self) -> str:
        worst = {"fail": "do NOT trust this run", "warn": "usable with the cautions above", "ok": "trust this run"}
        levels = [one.level for one in self.findings]
        return "verdict: " + worst[next(level for level in ("fail", "warn", "ok") if level in [*levels, "ok"])]

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def summary(ensemble: xr.DataTree) -> Summary:
    """Mean, error, tau_int, ESS, R-hat, exact value and pull per quantity, and a verdict in words.

    Errors by the Gamma method over all chains; tau_int = 1/2 + sum rho(t), in units of draws.  Exact values are those
    of the action on this lattice where they are known; <exp(-Delta H)> and the Schwinger-Dyson identity are
    exactly 1 for every run.
    """
    if "posterior" not in ensemble.children:
        raise ValueError("this ensemble has no draws yet (no /posterior group): run it first")
    posterior = ensemble["posterior"].to_dataset().load()
    if posterior.sizes["draw"] < 4:
        raise ValueError(f"summary needs at least 4 draws per chain, got {posterior.sizes['draw']}")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        rows = _table(ensemble, posterior)
    cautions = tuple(Finding("warn", text) for text in dict.fromkeys(str(one.message) for one in caught))
    return Summary(_title(ensemble, posterior), tuple(rows), findings(ensemble, posterior, rows) + cautions)


def _table(ensemble: xr.DataTree, posterior: xr.Dataset) -> list[Row]:
    action, sites = _action(ensemble)
    known = action.exact(sites) if action else {}
    rows = [row for name in posterior.data_vars for row in _rows(str(name), posterior[name], known)]
    for c in (c for c in COMPOSITES if c.defined(posterior, sites)):
        try:
            rows.append(Row(c.name, c.estimate(posterior, sites), exact=c.exact(known, sites)))
        except ValueError as error:  # such as a flow scale beyond the longest flow time: the rest of the table stands
            warnings.warn(f"{c.name} is left out: {error}", stacklevel=2)
    return rows + _identities(ensemble, posterior, action, sites)


def _action(ensemble: xr.DataTree) -> tuple[Action | None, tuple[int, ...]]:
    attributes = ensemble.attrs
    if "action_params" not in attributes:
        return None, ()
    return action_from(json.loads(attributes["action_params"])), tuple(json.loads(attributes["lattice_shape"]))


def _rows(name: str, values: xr.DataArray, known: dict[str, Any]) -> list[Row]:
    """The variable itself, or some entries of a correlator or table: first, second, middle; the diagonal."""
    if np.iscomplexobj(values.values):
        return _rows(f"re {name}", values.real, known) + _rows(f"|{name}|", abs(values), known)
    exact = known.get(name)
    if values.ndim == 2:
        return [_row(name, values.values, exact)]
    labels = [values[dim].values for dim in values.dims[2:]]
    return [
        _row(
            f"{name}[{','.join(str(label[i]) for label, i in zip(labels, at))}]",
            values.values[(..., *at)],  # type: ignore[arg-type]
            None if exact is None else np.asarray(exact)[at],
        )
        for at in _shown(values.shape[2:])
    ]


def _shown(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    if len(shape) == 1:
        return [(i,) for i in sorted({0, 1 % shape[0], shape[0] // 2})]
    return [(i,) * len(shape) for i in range(min(shape))]


def _row(name: str, series: np.ndarray, exact: Any) -> Row:
    return Row(name, gamma_method(series), _agreement(series), None if exact is None else float(exact))


def _agreement(series: np.ndarray) -> Agreement | None:
    draws = series.shape[1]
    if draws < 8 or np.ptp(series) == 0:
        return None
    within = gamma_method(series - series.mean(axis=1, keepdims=True))
    return Agreement(float(rhat(series)), 1 + 2 * float(within.tau_int) / draws)


def _identities(
    ensemble: xr.DataTree, posterior: xr.Dataset, action: Action | None, sites: tuple[int, ...]
) -> list[Row]:
    rows = []
    identity = action.schwinger_dyson(sites) if action else {}
    if identity and set(identity) <= set(posterior.data_vars):
        rows.append(Row("schwinger_dyson", schwinger_dyson(posterior, identity), exact=1.0))
    if "sample_stats" in ensemble.children:
        for name, values in ensemble["sample_stats"].data_vars.items():
            if str(name).endswith("energy_error"):
                rows.append(Row(f"exp(-{name})", boltzmann_factor(values.values), exact=1.0))
    return rows


def _title(ensemble: xr.DataTree, posterior: xr.Dataset) -> str:
    a = ensemble.attrs
    parameters = json.loads(a.get("action_params", "{}"))
    plain = {"c1": 0.0, "weights": {"name": "Uniform"}}
    told = {k: v for k, v in parameters.items() if k != "name" and not isinstance(v, list) and plain.get(k) != v}
    couplings = ", ".join(_coupling(k, v) for k, v in told.items())
    sizes = posterior.sizes
    shape = " x ".join(map(str, json.loads(a.get("lattice_shape", "[]"))))
    return f"{a.get('action', 'ensemble')}({couplings}) on {shape}: {sizes['chain']} chains x {sizes['draw']} draws"


def _coupling(name: str, value: Any) -> str:
    """A parameter as the title gives it: a number, or what a part is called."""
    if not isinstance(value, dict):
        return f"{name} = {value:g}" if isinstance(value, (int, float)) else f"{name} = {value}"
    inside = {k: v for k, v in value.items() if k != "name"}
    words = [f"{v:g}" for v in inside.values()] if len(inside) == 1 else [_coupling(k, v) for k, v in inside.items()]
    return f"{name} = {value['name']}({', '.join(words)})"


def _signed(pull: float | None) -> str:
    return "" if pull is None else f"{pull:+.2f}"
