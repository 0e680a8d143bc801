"""Stored fields of an ensemble as one array."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from latticekit.arrays import library


def fields_of(ensemble: Any) -> Any:
    """Configurations of all chains and draws, one after the other.  DataTree or array -> (n, ..., *sites)"""
    if not isinstance(ensemble, xr.DataTree):
        return ensemble if hasattr(ensemble, "shape") and library(ensemble) != "xarray" else np.asarray(ensemble)
    if "configurations" not in ensemble.children:
        raise ValueError("the ensemble holds no configurations: sample it with configurations = n to keep every n-th")
    group = ensemble["configurations"].to_dataset()
    (name,) = group.data_vars
    x = group[name].transpose("chain", "draw", ...).values
    return np.ascontiguousarray(x.reshape(-1, *x.shape[2:]))
