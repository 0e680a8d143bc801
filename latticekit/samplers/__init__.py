"""Chains made of updates and flows.  (floor 5)"""

from latticekit.samplers.chain import chain
from latticekit.samplers.extrapolation import extrapolate_step_size
from latticekit.samplers.independence import IndependenceMetropolis
from latticekit.samplers.proposals import Proposals, propose
from latticekit.samplers.scan import metropolis_scan
from latticekit.samplers.weighted import Reweighting

__all__ = [
    "IndependenceMetropolis",
    "Proposals",
    "Reweighting",
    "chain",
    "extrapolate_step_size",
    "metropolis_scan",
    "propose",
]
