"""Couplings of gauge links: forward, forward with vjp, and carry; nanoseconds per site."""

import numpy as np

import latticekit as lk
from benchmarks.bench_phi4 import _best
from latticekit.flows import Setting
from latticekit.flows.gauge import Rows, SpectralCoupling, SpectralHierarchicalFlow, U1Coupling, U1HierarchicalFlow
from latticekit.flows.networks import ConvNet
from latticekit.groups import SU, U1
from latticekit.random import Key

LAYERS = {
    "u1 coupling 128 x 16^2": (U1Coupling(Rows(0, 1), ConvNet((16,))), U1(), (128, 16, 16)),
    "u1 blocks 128 x 16^2": (U1HierarchicalFlow((16, 16)), U1(), (128, 16, 16)),
    "su2 coupling 32 x 8^2": (SpectralCoupling(Rows(0, 1), ConvNet((16,)), group=SU(2)), SU(2), (32, 8, 8)),
    "su3 coupling 32 x 8^2": (SpectralCoupling(Rows(0, 1), ConvNet((16,)), group=SU(3)), SU(3), (32, 8, 8)),
    "su2 blocks 128 x 16^2": (SpectralHierarchicalFlow(SU(2)), SU(2), (128, 16, 16)),
    "su3 blocks 32 x 16^2": (SpectralHierarchicalFlow(SU(3)), SU(3), (32, 16, 16)),
}


class GaugeLayers:
    """Parameters: layer and dtype."""

    params = (list(LAYERS), ["float64", "float32"])
    param_names = ("layer", "dtype")

    def setup(self, layer, dtype):
        lk.set_threads(1)
        one, group, (chains, *sites) = LAYERS[layer]
        like = np.zeros(0, dtype)
        self.layer = one.init(Setting(tuple(sites), like, Key(1)))
        self.x = group.random(Key(2), group.shape(chains, tuple(sites)), like)
        self.bar, self.weight = group.random_algebra(Key(3), self.x), np.ones(chains)
        self.sites = chains * int(np.prod(sites))
        self.time_forward_and_vjp(layer, dtype)  # compiled before the clock starts

    def time_forward(self, layer, dtype):
        self.layer.apply(self.x)

    def time_forward_and_vjp(self, layer, dtype):
        self.layer.vjp(self.layer.apply(self.x)[2], self.bar, self.weight)

    def time_inverse(self, layer, dtype):
        self.layer.inverse(self.x)

    def track_forward_and_vjp(self, layer, dtype):
        return _best(lambda: self.time_forward_and_vjp(layer, dtype)) / self.sites * 1e9

    track_forward_and_vjp.unit = "ns per site"
