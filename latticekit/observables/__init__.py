"""One number or correlator per configuration.  (floor 3)"""

from latticekit.observables.base import Observable
from latticekit.observables.correlators import MomentumTwoPoint, TwoPoint
from latticekit.observables.flowed import FlowedActionDensity
from latticekit.observables.forces import ForceSquared, LinkTrace
from latticekit.observables.loops import PolyakovCorrelator, PolyakovLoop, WilsonLoop
from latticekit.observables.moments import AbsMagnetization, Magnetization, PhiFourth, PhiSquared
from latticekit.observables.plaquettes import ActionDensity, Plaquette, PlaquetteSpace, PlaquetteTime
from latticekit.observables.registry import OBSERVABLES, observable, observables_of
from latticekit.observables.topology import TopologicalCharge

__all__ = [
    "OBSERVABLES",
    "AbsMagnetization",
    "ActionDensity",
    "FlowedActionDensity",
    "ForceSquared",
    "LinkTrace",
    "Magnetization",
    "MomentumTwoPoint",
    "Observable",
    "PhiFourth",
    "PhiSquared",
    "Plaquette",
    "PlaquetteSpace",
    "PlaquetteTime",
    "PolyakovCorrelator",
    "PolyakovLoop",
    "TopologicalCharge",
    "TwoPoint",
    "WilsonLoop",
    "observable",
    "observables_of",
]
