"""One number or correlator per configuration.  (floor 3)"""

from latticekit.observables.base import Observable
from latticekit.observables.correlators import MomentumTwoPoint, TwoPoint
from latticekit.observables.moments import AbsMagnetization, Magnetization, PhiFourth, PhiSquared
from latticekit.observables.registry import OBSERVABLES, observable

__all__ = [
    "OBSERVABLES",
    "AbsMagnetization",
    "Magnetization",
    "MomentumTwoPoint",
    "Observable",
    "PhiFourth",
    "PhiSquared",
    "TwoPoint",
    "observable",
]
