"""Finite-volume results known exactly, computed on the host in double precision: for tests and for users."""

from latticekit.exact import finite_step, free_field, phi4
from latticekit.exact.free_field import FreeField

__all__ = ["FreeField", "finite_step", "free_field", "phi4"]
