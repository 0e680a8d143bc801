"""phi^4 kernels: force, trajectory, whole HMC step; nanoseconds per site-step and ratio to the reference."""

import time

import numpy as np

import latticekit as lk
from latticekit.random import Key
from latticekit.updates.hmc import transition

ACTION = lk.Phi4(mass_squared=-4.0, coupling=5.0)
SHAPES = {
    "128 x 8^2": (128, 8, 8),
    "64 x 64^2": (64, 64, 64),
    "1 x 512^2": (1, 512, 512),
    "1 x 32^4": (1, 32, 32, 32, 32),
}
STEPS = 10


class Phi4:
    """Parameters: shape and dtype."""

    params = (list(SHAPES), ["float64", "float32"])
    param_names = ("shape", "dtype")

    def setup(self, shape, dtype):
        like = np.zeros(1, dtype)
        lk.set_threads(1)
        self.x = Key(1).fold("start").normal(SHAPES[shape], like) * 0.5
        self.p = Key(2).fold("momentum").normal(SHAPES[shape], like)
        self.schedule = lk.LEAPFROG.schedule(0.1, STEPS)
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

    def time_normal(self, shape, dtype):
        Key(3).fold("momentum").normal(SHAPES[shape], self.x)

    def track_hmc_ns_per_site_step(self, shape, dtype):
        return _best(lambda: self.time_hmc_step(shape, dtype)) * 1e9 / (self.x.size * STEPS)

    track_hmc_ns_per_site_step.unit = "ns"

    def track_speedup_over_reference(self, shape, dtype):
        fast = _best(lambda: self.time_trajectory(shape, dtype))
        with lk.kernels("reference"):
            return _best(lambda: self.time_trajectory(shape, dtype), repeats=2) / fast

    track_speedup_over_reference.unit = "x"


def _best(call, repeats=5):
    """Least processor time of a few calls, in seconds."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)
