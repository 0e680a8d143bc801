"""Covariant building blocks without couplings: loops, plaquettes, staples, smearing, flow, charge.  (floor 2)"""

from latticekit.fields.charge import geometric_charge, plaquette_angle, topological_charge
from latticekit.fields.clover import (
    CLOVER,
    IMPROVED,
    action_density,
    charge_density,
    clover,
    field_strength,
    plaquette_density,
)
from latticekit.fields.fixing import Fixed, coulomb_gauge, landau_gauge
from latticekit.fields.flow import GradientFlow
from latticekit.fields.lines import line, lines, polyakov_loops, wilson_loop, wilson_loops
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
from latticekit.fields.scales import flow_scale_t0, flow_scale_w0, flow_slope
from latticekit.fields.smearing import Stout, ape, stout, stout_step, stout_weights
from latticekit.fields.transforms import gauge_transform, gauge_transform_algebra, random_transform

__all__ = [
    "CLOVER",
    "IMPROVED",
    "Fixed",
    "GradientFlow",
    "Path",
    "Stout",
    "action_density",
    "ape",
    "charge_density",
    "clover",
    "coulomb_gauge",
    "field_strength",
    "flow_scale_t0",
    "flow_scale_w0",
    "flow_slope",
    "gauge_transform",
    "gauge_transform_algebra",
    "geometric_charge",
    "group_of",
    "landau_gauge",
    "line",
    "lines",
    "matrices",
    "plane_averages",
    "planes",
    "plaquette",
    "plaquette_angle",
    "plaquette_density",
    "plaquette_path",
    "polyakov_loops",
    "random_transform",
    "rectangle_path",
    "reverse",
    "staple",
    "stout",
    "stout_step",
    "stout_weights",
    "topological_charge",
    "transporter",
    "wilson_loop",
    "wilson_loops",
]
