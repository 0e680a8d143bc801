"""latticekit: lattice field theory with classical updates and machine-learned flows, on NumPy, Numba and CuPy."""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_WHERE = {
    "latticekit.actions": [
        *("FreeScalar", "Phi4", "PRESETS", "preset", "Sum"),
        *("DBW2", "GaugeAction", "Iwasaki", "LuscherWeisz", "Smeared", "ThetaTerm", "Wilson"),
        *("Anisotropic", "Defect", "OpenBoundary", "Schroedinger"),
    ],
    "latticekit.arrays": ["set_threads"],
    "latticekit.ensembles": [
        *("assess", "draw_ensemble", "load_model", "measure", "open_ensemble", "sample", "save_model", "summary"),
        "train",
    ],
    "latticekit.ensembles.formats": ["read_links", "write_links"],
    "latticekit.flows": [
        *("AdditiveCoupling", "AffineCoupling", "ContinuousFlow", "CouplingFlow", "Flow", "FourierScale", "FreeField"),
        *("Identity", "Inverse", "Multiscale", "NICE", "NeuralSpline", "Normal", "RealNVP", "Sequential", "SiteSpline"),
        *("SplineCoupling", "StoredEnsemble"),
    ],
    "latticekit.flows.gauge": [
        "Haar",
        "ResidualFlow",
        "SpectralFlow",
        "SpectralHierarchicalFlow",
        "TrivializingFlow",
        "U1Flow",
        "U1HierarchicalFlow",
    ],
    "latticekit.groups": ["Real", "SU", "U1", "cold", "hot"],
    "latticekit.random": ["Key"],
    "latticekit.samplers": [
        *("GeneralisedLeapfrog", "IndependenceMetropolis", "L2HMC", "Reweighting", "extrapolate_step_size"),
    ],
    "latticekit.updates": [
        *("HMC", "MALA", "Cluster", "Heatbath", "Langevin", "Metropolis", "Overrelaxation", "Repeat", "Sequence"),
        *("FORCE_GRADIENT", "Integrator", "LEAPFROG", "Level", "MultiScale", "OMELYAN", "OMF4"),
    ],
}
_HOME = {name: module for module, names in _WHERE.items() for name in names}
_ROOMS = [
    "actions",
    "arrays",
    "ensembles",
    "estimators",
    "exact",
    "fields",
    "flows",
    "groups",
    "kernels",
    "lattice",
    "observables",
]
_ROOMS += ["random", "samplers", "testing", "training", "updates"]
__all__ = sorted([*_HOME, *_ROOMS])


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that `import latticekit` stays light."""
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    if name in _ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module 'latticekit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
