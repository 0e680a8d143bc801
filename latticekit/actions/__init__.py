"""S and its force, one file per action; the weight is exp(-S).  (floor 3)"""

from latticekit.actions.base import Action, Sum
from latticekit.actions.conditional import Conditional, HasBonds, HasConditional
from latticekit.actions.phi4 import FreeScalar, Phi4
from latticekit.actions.presets import PRESETS, Preset, preset
from latticekit.actions.stored import action_from

__all__ = [
    "PRESETS",
    "Action",
    "Conditional",
    "FreeScalar",
    "HasBonds",
    "HasConditional",
    "Phi4",
    "Preset",
    "Sum",
    "action_from",
    "preset",
]
