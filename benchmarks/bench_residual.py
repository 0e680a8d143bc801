"""Residual layers: apply, vjp and inverse against the force kernel on the same links."""

import numpy as np

import latticekit as lk
from latticekit.flows.gauge.residual import ResidualLayer
from latticekit.flows.gauge.residual_links import ActiveLinks
from latticekit.flows.parameters import Setting
from latticekit.random import Key

SHAPES = {"1 x 8^4": (1, (8, 8, 8, 8)), "16 x 4^4": (16, (4, 4, 4, 4)), "64 x 8^2": (64, (8, 8))}


class Residual:
    """Parameters: number of colours, shape, and whether kernels are used."""

    params = ([2, 3], list(SHAPES), ["fast", "reference"])
    param_names = ("n", "shape", "kernels")
    timeout = 300

    def setup(self, n, shape, kernels):
        lk.set_threads(1)
        chains, sites = SHAPES[shape]
        group = lk.SU(n)
        layer = ResidualLayer(ActiveLinks(1, 1)).init(Setting(sites, np.zeros(0), Key(7)))
        self.layer = layer.with_params({"theta": np.full((1, 1), 0.5), "phi": np.full((1, 1, 1), 0.3)})
        self.u = group.random(Key(1), group.shape(chains, sites), np.zeros(0))
        self.bar, self.weight = group.random_algebra(Key(2), self.u), np.ones(chains)
        self.action = lk.Wilson(group, beta=6.0)
        with lk.kernels(kernels):
            self.residuals = self.layer.apply(self.u)[2]
            self.layer.vjp(self.residuals, self.bar, self.weight)  # compiled before the clock starts
        self.action.force(self.u)

    def time_force(self, n, shape, kernels):
        with lk.kernels(kernels):
            self.action.force(self.u)

    def time_apply(self, n, shape, kernels):
        with lk.kernels(kernels):
            self.layer.apply(self.u)

    def time_vjp(self, n, shape, kernels):
        with lk.kernels(kernels):
            self.layer.vjp(self.residuals, self.bar, self.weight)

    def time_carry(self, n, shape, kernels):
        with lk.kernels(kernels):
            self.layer.carry(self.residuals, self.bar, self.weight)

    def time_inverse(self, n, shape, kernels):
        with lk.kernels(kernels):
            self.layer.inverse(self.u)
