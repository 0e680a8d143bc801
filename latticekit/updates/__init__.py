"""Markov steps that leave exp(-S) invariant.  (floor 4)"""

from latticekit.updates.base import State, Update
from latticekit.updates.hmc import HMC
from latticekit.updates.integrators import FORCE_GRADIENT, INTEGRATORS, LEAPFROG, OMELYAN, OMF4, Integrator

__all__ = [
    "FORCE_GRADIENT",
    "HMC",
    "INTEGRATORS",
    "LEAPFROG",
    "OMELYAN",
    "OMF4",
    "Integrator",
    "State",
    "Update",
]
