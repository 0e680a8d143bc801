"""Fit a flow to a target: gradient estimators, optimisers, schedules, the loop.  (floor 5)"""

from latticekit.training.blend import Blend
from latticekit.training.blocks import BlockPath
from latticekit.training.clipping import Clipping, MaxNorm, RelativeNorm
from latticekit.training.estimator import Gradient, GradientEstimator
from latticekit.training.fit import Report, State, TrainingError, begin, fit
from latticekit.training.forward import Forward, ForwardPath
from latticekit.training.jumps import Jumps
from latticekit.training.matching import ForceMatching
from latticekit.training.optimisers import SGD, Adam, AdamW, Optimiser
from latticekit.training.recipe import Recipe, default_batch, default_rate
from latticekit.training.reverse import LeaveOneOut, Path, Total
from latticekit.training.samples import Samples
from latticekit.training.schedules import Constant, Cosine, Exponential, ReduceOnPlateau, Schedule
from latticekit.training.targets import Fixed, Range, Target

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Blend",
    "BlockPath",
    "Clipping",
    "Constant",
    "Cosine",
    "Exponential",
    "Fixed",
    "ForceMatching",
    "Forward",
    "ForwardPath",
    "Gradient",
    "GradientEstimator",
    "Jumps",
    "LeaveOneOut",
    "MaxNorm",
    "Optimiser",
    "Path",
    "Range",
    "Recipe",
    "ReduceOnPlateau",
    "RelativeNorm",
    "Report",
    "Samples",
    "Schedule",
    "State",
    "Target",
    "Total",
    "TrainingError",
    "begin",
    "default_batch",
    "default_rate",
    "fit",
]
