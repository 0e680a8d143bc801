"""S and its force, one file per action; the weight is exp(-S).  (floor 3)"""

from latticekit.actions.base import Action, Sum
from latticekit.actions.conditional import Conditional, HasBonds, HasConditional
from latticekit.actions.couplings import Anisotropic, Defect, OpenBoundary, Schroedinger, Uniform, Weights
from latticekit.actions.gauge import DBW2, GaugeAction, Iwasaki, LuscherWeisz, Wilson
from latticekit.actions.links import LinkAction, LinkSum
from latticekit.actions.phi4 import FreeScalar, Phi4
from latticekit.actions.presets import PRESETS, Preset, preset
from latticekit.actions.restored import action_from, restored
from latticekit.actions.smeared import Smeared
from latticekit.actions.stored import stored
from latticekit.actions.theta import GeometricTheta, SineTheta, ThetaTerm

__all__ = [
    "DBW2",
    "PRESETS",
    "Action",
    "Anisotropic",
    "Conditional",
    "Defect",
    "FreeScalar",
    "GaugeAction",
    "GeometricTheta",
    "HasBonds",
    "HasConditional",
    "Iwasaki",
    "LinkAction",
    "LinkSum",
    "LuscherWeisz",
    "OpenBoundary",
    "Phi4",
    "Preset",
    "Schroedinger",
    "SineTheta",
    "Smeared",
    "Sum",
    "ThetaTerm",
    "Uniform",
    "Weights",
    "Wilson",
    "action_from",
    "preset",
    "restored",
    "stored",
]
