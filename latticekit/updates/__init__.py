"""Markov steps that leave exp(-S) invariant.  (floor 4)"""

from latticekit.updates.base import State, Update
from latticekit.updates.cluster import Cluster
from latticekit.updates.heatbath import Heatbath
from latticekit.updates.hmc import HMC
from latticekit.updates.integrators import FORCE_GRADIENT, INTEGRATORS, LEAPFROG, OMELYAN, OMF4, Integrator
from latticekit.updates.langevin import MALA, Langevin
from latticekit.updates.metropolis import Metropolis
from latticekit.updates.multiscale import Level, MultiScale
from latticekit.updates.overrelaxation import Overrelaxation
from latticekit.updates.sequence import Repeat, Sequence

__all__ = [
    "FORCE_GRADIENT",
    "HMC",
    "INTEGRATORS",
    "LEAPFROG",
    "MALA",
    "OMELYAN",
    "OMF4",
    "Cluster",
    "Heatbath",
    "Integrator",
    "Langevin",
    "Level",
    "Metropolis",
    "MultiScale",
    "Overrelaxation",
    "Repeat",
    "Sequence",
    "State",
    "Update",
]
