"""Flows on gauge links: gauge-equivariant couplings of plaquettes and spectra."""

from latticekit.flows.gauge.circular import CircularSpline, CircularTransform, NonCompactProjection
from latticekit.flows.gauge.coupling import LinkCoupling
from latticekit.flows.gauge.masks import Rectangle, Rows, halvings, sweep
from latticekit.flows.gauge.priors import Haar
from latticekit.flows.gauge.u1_couplings import U1Coupling, U1Flow, U1HierarchicalFlow

__all__ = [
    "CircularSpline",
    "CircularTransform",
    "Haar",
    "LinkCoupling",
    "NonCompactProjection",
    "Rectangle",
    "Rows",
    "U1Coupling",
    "U1Flow",
    "U1HierarchicalFlow",
    "halvings",
    "sweep",
]
