"""`summary`: what a run found, how well it knows it, and whether to trust it."""

from __future__ import annotations

import html
import json
import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from latticekit.ensembles.finding import Finding
from latticekit.ensembles.table import Row, table
from latticekit.ensembles.verdicts import findings

_HEAD = ("quantity", "mean(error)", "tau_int", "ESS", "R-hat", "exact", "pull")


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
        rows = table(ensemble, posterior)
    cautions = tuple(Finding("warn", text) for text in dict.fromkeys(str(one.message) for one in caught))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of pieces of the series; the whole ones have had their say
        found = findings(ensemble, posterior, rows)
    return Summary(_title(ensemble, posterior), tuple(rows), found + cautions)


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
