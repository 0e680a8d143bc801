"""S and its force, one file per action; the weight is exp(-S).  (floor 3)"""

from latticekit.actions.base import Action, Sum
from latticekit.actions.conditional import Conditional, HasBonds, HasConditional
from latticekit.actions.couplings import Anisotropic, Defect, OpenBoundary, Uniform, Weights
from latticekit.actions.gauge import DBW2, GaugeAction, Iwasaki, LuscherWeisz, Wilson
from latticekit.actions.links import LinkAction
from latticekit.actions.phi4 import FreeScalar, Phi4
from latticekit.actions.presets import PRESETS, Preset, preset
from latticekit.actions.stored import action_from

__all__ = [
    "DBW2",
    "PRESETS",
    "Action",
    "Anisotropic",
    "Conditional",
    "Defect",
    "FreeScalar",
    "GaugeAction",
    "HasBonds",
    "HasConditional",
    "Iwasaki",
    "LinkAction",
    "LuscherWeisz",
    "OpenBoundary",
    "Phi4",
    "Preset",
    "Sum",
    "Uniform",
    "Weights",
    "Wilson",
    "action_from",
    "preset",
]
