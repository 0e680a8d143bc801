"""Finite-volume results known exactly, computed on the host in double precision: for tests and for users."""

from latticekit.exact import finite_step, free_field, one_link, phi4, strong_coupling, sun_torus, u1_torus
from latticekit.exact.free_field import FreeField
from latticekit.exact.strip import GaugeStrip
from latticekit.exact.torus import GaugeTorus
from latticekit.exact.u1_torus import U1Torus

__all__ = [
    "FreeField",
    "GaugeStrip",
    "GaugeTorus",
    "U1Torus",
    "finite_step",
    "free_field",
    "one_link",
    "phi4",
    "strong_coupling",
    "sun_torus",
    "u1_torus",
]
