"""Chains made of updates.  (floor 5)"""

from latticekit.samplers.chain import chain

__all__ = ["chain"]
