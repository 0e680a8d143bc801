"""`latticekit summary`: the table and the verdict."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from latticekit.cli.stores import opened
from latticekit.cli.terminal import say


def summary(store: Path, /, *, json: bool = False) -> None:
    """Mean, error, tau_int, ESS, R-hat, exact value, and whether to trust the run.

    Parameters
    ----------
    store
        the ensemble, .zarr or .nc
    json
        print the same as JSON, for programs
    """
    from latticekit.ensembles import summary as summarise

    found = summarise(opened(store))
    say(_as_json(found) if json else str(found))


def _as_json(found: Any) -> str:
    table = found.dataset
    columns = {str(name): v.values.tolist() for name, v in table.data_vars.items()}
    rows = [
        {"quantity": str(name)} | {key: _number(column[i]) for key, column in columns.items()}
        for i, name in enumerate(table["observable"].values)
    ]
    findings = [{"level": one.level, "text": one.text} for one in found.findings]
    whole = {"title": found.title, "trusted": found.trusted, "quantities": rows, "findings": findings}
    return json.dumps(whole, indent=2)


def _number(x: float) -> float | None:
    """JSON knows neither NaN nor infinity."""
    return x if math.isfinite(x) else None
