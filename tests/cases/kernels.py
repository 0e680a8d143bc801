"""Inputs of every accelerated function, gathered from the rooms: name in arrays.REGISTRY -> cases."""

from tests.cases import KERNELS as CLASSICAL
from tests.cases import continuous, gauge_flows, layers, networks, residual

KERNELS = CLASSICAL | networks.KERNELS | continuous.KERNELS | gauge_flows.KERNELS | residual.KERNELS | layers.KERNELS
