"""Chains made of updates and flows.  (floor 5)"""

from latticekit.samplers.chain import chain
from latticekit.samplers.extrapolation import extrapolate_step_size
from latticekit.samplers.generalised_leapfrog import GeneralisedLeapfrog
from latticekit.samplers.independence import IndependenceMetropolis
from latticekit.samplers.l2hmc import L2HMC
from latticekit.samplers.phase_space import Hamiltonian, with_momenta
from latticekit.samplers.proposals import Proposals, propose
from latticekit.samplers.scan import metropolis_scan
from latticekit.samplers.weighted import Reweighting

__all__ = [
    "L2HMC",
    "GeneralisedLeapfrog",
    "Hamiltonian",
    "IndependenceMetropolis",
    "Proposals",
    "Reweighting",
    "chain",
    "extrapolate_step_size",
    "metropolis_scan",
    "propose",
    "with_momenta",
]
