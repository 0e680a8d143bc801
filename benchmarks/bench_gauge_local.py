"""Sweeps over gauge links: heatbath, overrelaxation, Metropolis; nanoseconds per link and ratio to the reference."""

import numpy as np

import latticekit as lk
from benchmarks.bench_phi4 import _best
from latticekit.random import Key
from latticekit.updates.links_heatbath import link_heatbath
from latticekit.updates.links_metropolis import link_metropolis
from latticekit.updates.links_overrelaxation import link_overrelaxation

ACTIONS = {"U(1)": lk.Wilson(lk.U1(), 2.0), "SU(2)": lk.Wilson(lk.SU(2), 2.3), "SU(3)": lk.Wilson(lk.SU(3), 6.0)}
SHAPES = {
    "1 x 8^4": (1, (8, 8, 8, 8)),
    "1 x 16^4": (1, (16, 16, 16, 16)),
    "64 x 4^4": (64, (4, 4, 4, 4)),
    "256 x 16^2": (256, (16, 16)),
}
KEY = Key(3)


class LinkSweeps:
    """Parameters: group, shape, precision."""

    params = (list(ACTIONS), list(SHAPES), ["float64", "float32"])
    param_names = ("group", "shape", "precision")
    timeout = 300

    def setup(self, group, shape, precision):
        lk.set_threads(1)
        self.action = ACTIONS[group]
        chains, sites = SHAPES[shape]
        links = self.action.group.shape(chains, sites)
        self.u = self.action.group.random(Key(1), links, np.zeros(1, precision))
        self.links = chains * len(sites) * np.prod(sites)
        for _ in range(3):  # compiled, and away from the hot start, before the clock starts
            self.u, *_ = link_heatbath(self.u, self.action, KEY, 64)
            self.u = link_overrelaxation(self.u, self.action)
        self.time_metropolis(group, shape, precision)

    def time_heatbath(self, group, shape, precision):
        link_heatbath(self.u, self.action, KEY, 64)

    def time_overrelaxation(self, group, shape, precision):
        link_overrelaxation(self.u, self.action)

    def time_metropolis(self, group, shape, precision):
        link_metropolis(self.u, self.action, KEY, 0.3, 2)

    def track_heatbath_ns_per_link(self, group, shape, precision):
        return _best(lambda: self.time_heatbath(group, shape, precision)) * 1e9 / self.links

    track_heatbath_ns_per_link.unit = "ns"

    def track_overrelaxation_ns_per_link(self, group, shape, precision):
        return _best(lambda: self.time_overrelaxation(group, shape, precision)) * 1e9 / self.links

    track_overrelaxation_ns_per_link.unit = "ns"

    def track_heatbath_speedup_over_reference(self, group, shape, precision):
        fast = _best(lambda: self.time_heatbath(group, shape, precision))
        with lk.kernels("reference"):
            return _best(lambda: self.time_heatbath(group, shape, precision), repeats=1) / fast

    track_heatbath_speedup_over_reference.unit = "x"

    def track_overrelaxation_speedup_over_reference(self, group, shape, precision):
        fast = _best(lambda: self.time_overrelaxation(group, shape, precision))
        with lk.kernels("reference"):
            return _best(lambda: self.time_overrelaxation(group, shape, precision), repeats=1) / fast

    track_overrelaxation_speedup_over_reference.unit = "x"
