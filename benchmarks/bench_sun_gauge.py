"""SU(N) kernels: force, plaquettes, link update, trajectory; nanoseconds per link, ratio to the reference."""

import time

import numpy as np

import latticekit as lk
from benchmarks.bench_phi4 import _best
from latticekit.fields.plaquettes import plane_averages
from latticekit.random import Key

SHAPES = {
    "1 x 8^4": (1, (8, 8, 8, 8)),
    "1 x 16^4": (1, (16, 16, 16, 16)),
    "64 x 4^4": (64, (4, 4, 4, 4)),
    "64 x 16^2": (64, (16, 16)),
}
LARGE = "1 x 16^4"
STEPS = 10


class SUN:
    """Parameters: number of colours, shape, dtype."""

    params = ([2, 3], list(SHAPES), ["complex128", "complex64"])
    param_names = ("n", "shape", "dtype")
    timeout = 300

    def setup(self, n, shape, dtype):
        lk.set_threads(1)
        self.group = lk.SU(n)
        self.action = lk.Wilson(self.group, beta=6.0)
        self.u = self.group.random(Key(1), self.group.shape(*SHAPES[shape]), np.zeros(1, dtype))
        self.p = self.group.random_algebra(Key(2), self.u)
        self.step = self.p * 0.05
        self.schedule = lk.LEAPFROG.schedule(0.05, STEPS)
        self.links = self.u.size / n**2
        self.time_force(n, shape, dtype)  # compiled before the clock starts
        self.time_plaquettes(n, shape, dtype)
        self.time_link_update(n, shape, dtype)
        self.time_trajectory(n, shape, dtype)

    def time_force(self, n, shape, dtype):
        self.action.force(self.u)

    def time_plaquettes(self, n, shape, dtype):
        plane_averages(self.u)

    def time_link_update(self, n, shape, dtype):
        self.group.translate(self.u, self.step)

    def time_trajectory(self, n, shape, dtype):
        self.action.evolve(self.u, self.p, self.schedule)

    def track_ns_per_link_step(self, n, shape, dtype):
        return _best(lambda: self.time_trajectory(n, shape, dtype)) * 1e9 / (self.links * STEPS)

    track_ns_per_link_step.unit = "ns"

    def track_force_speedup_over_reference(self, n, shape, dtype):
        fast = _best(lambda: self.time_force(n, shape, dtype))
        with lk.kernels("reference"):
            return _best(lambda: self.time_force(n, shape, dtype), repeats=2) / fast

    track_force_speedup_over_reference.unit = "x"

    def track_single_precision_gain(self, n, shape, dtype):
        """Force in double precision by that in single precision; the parameter dtype does not matter."""
        times = []
        for one in self.params[2]:
            self.setup(n, shape, one)
            times.append(_best(lambda: self.time_force(n, shape, dtype)))
        return times[0] / times[1]

    track_single_precision_gain.unit = "x"


class Improved(SUN):
    """The same with rectangles."""

    def setup(self, n, shape, dtype):
        super().setup(n, shape, dtype)
        self.plaquettes = self.action
        self.action = lk.LuscherWeisz(self.group, beta=6.0)
        self.time_force(n, shape, dtype)
        self.time_value(n, shape, dtype)
        self.time_trajectory(n, shape, dtype)

    def time_value(self, n, shape, dtype):
        self.action.value(self.u)

    def track_force_by_that_of_plaquettes(self, n, shape, dtype):
        alone = _best(lambda: self.plaquettes.force(self.u))
        return _best(lambda: self.time_force(n, shape, dtype)) / alone

    track_force_by_that_of_plaquettes.unit = "x"


class Threads:
    """One large lattice on several threads.  Parameters: action, threads."""

    params = (["Wilson", "LuscherWeisz"], [1, 2])
    param_names = ("action", "threads")
    timeout = 300

    def setup(self, action, threads):
        group = lk.SU(3)
        self.action = getattr(lk, action)(group, beta=6.0)
        self.u = group.random(Key(1), group.shape(*SHAPES[LARGE]), np.zeros(1, "complex128"))
        self.p = group.random_algebra(Key(2), self.u)
        self.schedule = lk.LEAPFROG.schedule(0.05, 2)
        lk.set_threads(threads)
        self.time_trajectory(action, threads)  # compiled before the clock starts

    def teardown(self, action, threads):
        lk.set_threads(1)

    def time_trajectory(self, action, threads):
        self.action.evolve(self.u, self.p, self.schedule)

    def track_ns_per_link_step(self, action, threads):
        times = []
        for _ in range(3):  # time on the wall: processor time counts all threads
            start = time.perf_counter()
            self.time_trajectory(action, threads)
            times.append(time.perf_counter() - start)
        return min(times) * 1e9 / (self.u.size / 9 * 2)

    track_ns_per_link_step.unit = "ns"
