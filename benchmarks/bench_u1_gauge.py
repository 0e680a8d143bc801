"""U(1) kernels: force, trajectory, whole HMC step; nanoseconds per link-step and ratio to the reference."""

import numpy as np

import latticekit as lk
from benchmarks.bench_phi4 import _best
from latticekit.random import Key
from latticekit.updates.hmc import transition

ACTION = lk.Wilson(lk.U1(), beta=2.0)
SHAPES = {
    "256 x 16^2": (256, 2, 16, 16),
    "64 x 64^2": (64, 2, 64, 64),
    "1 x 512^2": (1, 2, 512, 512),
    "8 x 16^3": (8, 3, 16, 16, 16),
    "1 x 16^4": (1, 4, 16, 16, 16, 16),
}
STEPS = 10


class U1:
    """Parameters: shape and dtype."""

    params = (list(SHAPES), ["float64", "float32"])
    param_names = ("shape", "dtype")

    def setup(self, shape, dtype):
        like = np.zeros(1, dtype)
        lk.set_threads(1)
        self.x = Key(1).fold("start").normal(SHAPES[shape], like)
        self.p = Key(2).fold("momentum").normal(SHAPES[shape], like)
        self.schedule = lk.LEAPFROG.schedule(0.05, STEPS)
        self.current = ACTION.value(self.x)
        self.time_hmc_step(shape, dtype)  # compiled before the clock starts
        self.time_trajectory(shape, dtype)

    def time_force(self, shape, dtype):
        ACTION.force(self.x)

    def time_value(self, shape, dtype):
        ACTION.value(self.x)

    def time_trajectory(self, shape, dtype):
        ACTION.evolve(self.x, self.p, self.schedule)

    def time_hmc_step(self, shape, dtype):
        transition(self.x, ACTION, Key(3), self.schedule, self.current)

    def track_hmc_ns_per_link_step(self, shape, dtype):
        return _best(lambda: self.time_hmc_step(shape, dtype)) * 1e9 / (self.x.size * STEPS)

    track_hmc_ns_per_link_step.unit = "ns"

    def track_speedup_over_reference(self, shape, dtype):
        fast = _best(lambda: self.time_trajectory(shape, dtype))
        with lk.kernels("reference"):
            return _best(lambda: self.time_trajectory(shape, dtype), repeats=2) / fast

    track_speedup_over_reference.unit = "x"
