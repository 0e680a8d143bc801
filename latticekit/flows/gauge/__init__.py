"""Flows on gauge links: gauge-equivariant couplings of plaquettes and spectra, residual and trivializing flows."""

from latticekit.flows.gauge.cell import CellMap
from latticekit.flows.gauge.circular import CircularSpline, CircularTransform, NonCompactProjection
from latticekit.flows.gauge.coupling import LinkCoupling
from latticekit.flows.gauge.masks import Halving, Rectangle, Rows, halvings, sweep
from latticekit.flows.gauge.mixture import Mixture
from latticekit.flows.gauge.monotone import MonotoneMap
from latticekit.flows.gauge.periodic_spline import PeriodicSpline
from latticekit.flows.gauge.priors import Haar
from latticekit.flows.gauge.residual import ResidualFlow, ResidualLayer
from latticekit.flows.gauge.residual_links import ActiveLinks
from latticekit.flows.gauge.spectral import SpectralCoupling, SpectralFlow, SpectralHierarchicalFlow
from latticekit.flows.gauge.spectrum import Spectra, SpectralMap
from latticekit.flows.gauge.trivializing import TrivializingFlow
from latticekit.flows.gauge.u1_couplings import U1Coupling, U1Flow, U1HierarchicalFlow

__all__ = [
    "ActiveLinks",
    "CellMap",
    "CircularSpline",
    "CircularTransform",
    "Haar",
    "Halving",
    "LinkCoupling",
    "Mixture",
    "MonotoneMap",
    "NonCompactProjection",
    "PeriodicSpline",
    "Rectangle",
    "ResidualFlow",
    "ResidualLayer",
    "Rows",
    "Spectra",
    "SpectralCoupling",
    "SpectralFlow",
    "SpectralHierarchicalFlow",
    "SpectralMap",
    "TrivializingFlow",
    "U1Coupling",
    "U1Flow",
    "U1HierarchicalFlow",
    "halvings",
    "sweep",
]
