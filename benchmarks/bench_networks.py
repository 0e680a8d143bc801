"""Networks of couplings: forward, and forward with vjp; nanoseconds per site and ratio to the reference."""

import numpy as np

import latticekit as lk
from benchmarks.bench_phi4 import _best
from latticekit.flows import Setting
from latticekit.flows.networks import CombiConvolution, ConvNet, Stack
from latticekit.random import Key

NETWORKS = {
    "convnet 128 x 8^2": (ConvNet((8, 8)), (128, 2, 8, 8)),
    "convnet 128 x 16^2": (ConvNet((8, 8)), (128, 2, 16, 16)),
    "convnet 16 x 64^2": (ConvNet((8, 8)), (16, 2, 64, 64)),
    "convnet 32 x 8^3": (ConvNet((8, 8)), (32, 2, 8, 8, 8)),
    "combi 16 x 6^4": (Stack((CombiConvolution(8, activation="tanh"), CombiConvolution())), (16, 2, 6, 6, 6, 6)),
}


class Networks:
    """Parameters: network and dtype."""

    params = (list(NETWORKS), ["float64", "float32"])
    param_names = ("network", "dtype")

    def setup(self, network, dtype):
        lk.set_threads(1)
        one, shape = NETWORKS[network]
        like = np.zeros(0, dtype)
        self.network = one.between(2, 2).init(Setting(shape[2:], like, Key(1)))
        self.x = Key(2).fold("start").normal(shape, like)
        self.sites = self.x.size // 2
        self.time_forward_and_vjp(network, dtype)  # compiled before the clock starts

    def time_forward(self, network, dtype):
        self.network.apply(self.x)

    def time_forward_and_vjp(self, network, dtype):
        y, residuals = self.network.apply(self.x)
        self.network.vjp(residuals, y)

    def track_ns_per_site(self, network, dtype):
        return _best(lambda: self.time_forward_and_vjp(network, dtype)) * 1e9 / self.sites

    track_ns_per_site.unit = "ns"

    def track_speedup_over_reference(self, network, dtype):
        fast = _best(lambda: self.time_forward_and_vjp(network, dtype))
        with lk.kernels("reference"):
            return _best(lambda: self.time_forward_and_vjp(network, dtype), repeats=2) / fast

    track_speedup_over_reference.unit = "x"
