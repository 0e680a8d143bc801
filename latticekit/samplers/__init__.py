"""Chains made of updates.  (floor 5)"""

from latticekit.samplers.chain import chain
from latticekit.samplers.extrapolation import extrapolate_step_size

__all__ = ["chain", "extrapolate_step_size"]
