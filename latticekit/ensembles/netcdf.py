"""NetCDF4 files: an ensemble to hand on.  An export, not a store: a killed append loses an HDF5 file."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from latticekit.ensembles.durable import flush, partial_of


def to_netcdf(tree: xr.DataTree, path: str | Path) -> None:
    """Write the whole ensemble to one NetCDF4 file, replaced only when it is complete."""
    _require_h5netcdf()
    target = Path(path).expanduser().resolve()
    fresh = partial_of(target)
    try:
        tree.to_netcdf(fresh, engine="h5netcdf")
        flush([fresh])
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


def from_netcdf(path: str | Path) -> xr.DataTree:
    """The ensemble of a file written by `to_netcdf`, in memory."""
    _require_h5netcdf()
    with xr.open_datatree(Path(path).expanduser(), engine="h5netcdf", decode_times=False) as tree:
        return tree.load().map_over_datasets(_plain_attributes)


def _plain_attributes(group: xr.Dataset) -> xr.Dataset:
    """Python numbers instead of the NumPy scalars that HDF5 returns."""
    holders: list[Any] = [group, *group.variables.values()]
    for x in holders:
        x.attrs = {k: v.item() if isinstance(v, np.generic) else v for k, v in x.attrs.items()}
    return group


def _require_h5netcdf() -> None:
    try:
        importlib.import_module("h5netcdf")
    except ModuleNotFoundError:
        raise ModuleNotFoundError("NetCDF needs h5netcdf: pip install 'latticekit[netcdf]'", name="h5netcdf") from None
