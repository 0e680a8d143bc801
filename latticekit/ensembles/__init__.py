"""Labelled results in and out: the drivers, stores, bridges.  (floor 6)"""

from latticekit.ensembles.bridges import to_arviz, to_pyerrors
from latticekit.ensembles.driver import sample
from latticekit.ensembles.faults import StoreDamaged, StoreError, StoreWarning
from latticekit.ensembles.measuring import measure
from latticekit.ensembles.netcdf import from_netcdf, to_netcdf
from latticekit.ensembles.opening import open_ensemble
from latticekit.ensembles.recorder import NonFiniteError
from latticekit.ensembles.summary import Summary, summary

__all__ = [
    "NonFiniteError",
    "StoreDamaged",
    "StoreError",
    "StoreWarning",
    "Summary",
    "from_netcdf",
    "measure",
    "open_ensemble",
    "sample",
    "summary",
    "to_arviz",
    "to_netcdf",
    "to_pyerrors",
]
