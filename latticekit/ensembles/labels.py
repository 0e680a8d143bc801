"""Blocks of draws as labelled datasets: names, dimensions, units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from latticekit.groups import Group
from latticekit.observables import Observable

SITE_DIMS = {1: ("t",), 2: ("t", "x"), 3: ("t", "x", "y"), 4: ("t", "x", "y", "z")}
_STATS = {
    "accepted": ("proposal accepted", r"A"),
    "acceptance_rate": ("acceptance probability min(1, exp(-Delta H))", r"\min(1, e^{-\Delta H})"),
    "energy_error": ("Delta H of the trajectory", r"\Delta H"),
    "diverging": ("Delta H not finite or above 1000", ""),
    "step_size": ("integration step", r"\epsilon"),
    "n_steps": ("integration steps", ""),
    "lp": ("log density up to a constant, -S", r"-S"),
    "proposed_log_weight": ("log weight -S - log q of the flow's proposal", r"\log w'"),
    "log_weight": ("log weight -S - log q of the field", r"\log w"),
}


def site_dims(dim: int) -> tuple[str, ...]:
    """Names of the site axes, slowest first: (t, x, y, z), or x0, x1, ... beyond four."""
    return SITE_DIMS.get(dim) or tuple(f"x{mu}" for mu in range(dim))


def dataset(
    variables: dict[str, tuple[Sequence[str], np.ndarray, dict[str, Any]]], first: int, thin: int
) -> xr.Dataset:
    """Dataset of (chain, draw, ...) variables whose first draw has number `first`."""
    chains, draws = next(iter(variables.values()))[1].shape[:2]
    number = np.arange(first, first + draws)
    coordinates = {
        "chain": ("chain", np.arange(chains), {"long_name": "Markov chain"}),
        "draw": ("draw", number, {"long_name": "draw after warmup"}),
        "trajectory": ("draw", (number + 1) * thin, {"long_name": "updates after warmup"}),
    }
    return xr.Dataset({k: (("chain", "draw", *d), x, a) for k, (d, x, a) in variables.items()}, coordinates)


def posterior_variable(
    one: Observable, values: np.ndarray, weighted: str = "no"
) -> tuple[tuple[str, ...], np.ndarray, dict[str, Any]]:
    """One observable with its attributes."""
    attributes = {"long_name": one.long_name, "units": one.units, "symbol": one.symbol, "weighted": weighted}
    return one.dims, values, attributes


def action_variable(values: np.ndarray, weighted: str = "no") -> tuple[tuple[str, ...], np.ndarray, dict[str, Any]]:
    """The action of every draw."""
    return (), values, {"long_name": "action", "units": "1", "symbol": "S", "weighted": weighted}


def stats_variables(columns: dict[str, np.ndarray]) -> dict[str, tuple[tuple[str, ...], np.ndarray, dict[str, Any]]]:
    """Sampler record of every draw; names like "hmc_accepted" share the label of "accepted"."""
    return {name: ((), values, _stat_attributes(name)) for name, values in columns.items()}


def _stat_attributes(name: str) -> dict[str, Any]:
    known = next((text for key, text in _STATS.items() if name == key or name.endswith("_" + key)), (name, ""))
    return {"long_name": known[0], "units": "1", "symbol": known[1]}


def field_variable(group: Group, sites: tuple[int, ...], fields: np.ndarray) -> dict[str, Any]:
    """Configurations (chain, draw, [mu], [internal], *sites) under the field's name."""
    dims = (*group.internal_dims, *site_dims(len(sites)))
    return {group.field: (dims, fields, {"long_name": "field configuration", "units": "1", "symbol": group.field})}
