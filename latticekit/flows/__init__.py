"""Invertible maps with log-Jacobian and hand-written adjoint.  (floor 4)"""

from latticekit.flows.base import Layer
from latticekit.flows.flow import Flow
from latticekit.flows.parameters import Parametric, Setting
from latticekit.flows.priors import Normal, Prior
from latticekit.flows.sequential import Identity, Inverse, Sequential

__all__ = ["Flow", "Identity", "Inverse", "Layer", "Normal", "Parametric", "Prior", "Sequential", "Setting"]
