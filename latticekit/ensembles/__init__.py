"""Labelled results in and out: the drivers, stores, bridges.  (floor 6)"""

from latticekit.ensembles.assessment import Assessment, assess
from latticekit.ensembles.bridges import to_arviz, to_pyerrors
from latticekit.ensembles.drawing import draw_ensemble
from latticekit.ensembles.driver import sample
from latticekit.ensembles.faults import StoreDamaged, StoreError, StoreWarning
from latticekit.ensembles.measuring import measure
from latticekit.ensembles.models.bundle import load_model, save_model
from latticekit.ensembles.netcdf import from_netcdf, to_netcdf
from latticekit.ensembles.opening import open_ensemble
from latticekit.ensembles.recorder import NonFiniteError
from latticekit.ensembles.summary import Summary, summary
from latticekit.ensembles.training.driver import train
from latticekit.ensembles.training.trained import Trained

__all__ = [
    "Assessment",
    "NonFiniteError",
    "StoreDamaged",
    "StoreError",
    "StoreWarning",
    "Summary",
    "Trained",
    "assess",
    "draw_ensemble",
    "from_netcdf",
    "load_model",
    "measure",
    "open_ensemble",
    "sample",
    "save_model",
    "summary",
    "to_arviz",
    "to_netcdf",
    "to_pyerrors",
    "train",
]
