"""Invertible maps with log-Jacobian and hand-written adjoint.  (floor 4)"""

from latticekit.flows.additive import AdditiveCoupling
from latticekit.flows.affine import AffineCoupling
from latticekit.flows.alternating import NICE, CouplingFlow, NeuralSpline, RealNVP, alternating
from latticekit.flows.base import Layer
from latticekit.flows.conditioned import Conditioned, conditional_on
from latticekit.flows.continuous import ContinuousFlow, EquivariantODE
from latticekit.flows.couplings import Coupling
from latticekit.flows.flow import Flow
from latticekit.flows.fourier import FourierScale
from latticekit.flows.free_field import FreeField
from latticekit.flows.linear import Linear, Scale
from latticekit.flows.masks import Checkerboard, Complement, Half, Mask, Stripes, Tile
from latticekit.flows.multiscale import Blocks, Multiscale, Sublattice
from latticekit.flows.parameters import Parametric, Setting
from latticekit.flows.permutations import Squeeze, Translate
from latticekit.flows.priors import Normal, Prior
from latticekit.flows.pulled_back import PulledBack, pulled_back
from latticekit.flows.sequential import Identity, Inverse, Sequential
from latticekit.flows.site_spline import SiteSpline
from latticekit.flows.spline import SplineCoupling
from latticekit.flows.stored_ensemble import StoredEnsemble

__all__ = [
    "NICE",
    "AdditiveCoupling",
    "AffineCoupling",
    "Blocks",
    "Checkerboard",
    "Complement",
    "Conditioned",
    "ContinuousFlow",
    "Coupling",
    "CouplingFlow",
    "EquivariantODE",
    "Flow",
    "FourierScale",
    "FreeField",
    "Half",
    "Identity",
    "Inverse",
    "Layer",
    "Linear",
    "Mask",
    "Multiscale",
    "NeuralSpline",
    "Normal",
    "Parametric",
    "Prior",
    "PulledBack",
    "RealNVP",
    "Scale",
    "Sequential",
    "Setting",
    "SiteSpline",
    "SplineCoupling",
    "Squeeze",
    "StoredEnsemble",
    "Stripes",
    "Sublattice",
    "Tile",
    "Translate",
    "alternating",
    "conditional_on",
    "pulled_back",
]
