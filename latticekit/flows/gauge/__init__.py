"""Flows on gauge links: gauge-equivariant couplings of plaquettes and spectra."""

from latticekit.flows.gauge.circular import CircularSpline, CircularTransform, NonCompactProjection
from latticekit.flows.gauge.coupling import LinkCoupling
from latticekit.flows.gauge.knots import Spline
from latticekit.flows.gauge.masks import Halving, Rectangle, Rows, halvings, sweep
from latticekit.flows.gauge.mixture import Mixture
from latticekit.flows.gauge.monotone import MonotoneMap
from latticekit.flows.gauge.priors import Haar
from latticekit.flows.gauge.spectral import SpectralCoupling, SpectralFlow
from latticekit.flows.gauge.spectrum import SpectralMap
from latticekit.flows.gauge.u1_couplings import U1Coupling, U1Flow, U1HierarchicalFlow

__all__ = [
    "CircularSpline",
    "CircularTransform",
    "Haar",
    "Halving",
    "LinkCoupling",
    "Mixture",
    "MonotoneMap",
    "NonCompactProjection",
    "Rectangle",
    "Rows",
    "SpectralCoupling",
    "SpectralFlow",
    "SpectralMap",
    "Spline",
    "U1Coupling",
    "U1Flow",
    "U1HierarchicalFlow",
    "halvings",
    "sweep",
]
