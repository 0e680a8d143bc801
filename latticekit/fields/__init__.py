"""Covariant building blocks without couplings: loops, plaquettes, staples.  (floor 2)"""

from latticekit.fields.links import group_of, matrices
from latticekit.fields.loops import (
    Path,
    planes,
    plaquette_path,
    rectangle_path,
    reverse,
    staple,
    transporter,
)
from latticekit.fields.plaquettes import plane_averages, plaquette

__all__ = [
    "Path",
    "group_of",
    "matrices",
    "plane_averages",
    "planes",
    "plaquette",
    "plaquette_path",
    "rectangle_path",
    "reverse",
    "staple",
    "transporter",
]
