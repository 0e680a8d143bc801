"""Continuous flow: one path-gradient step, its parts, one velocity with adjoint; milliseconds, bytes per stage."""

import time

import numpy as np

import latticekit as lk
from latticekit.arrays import tree_items, tree_map
from latticekit.flows import EquivariantODE, Setting
from latticekit.flows.continuous_field import velocity, velocity_vjp
from latticekit.random import Key

SHAPES = {"128 x 8^2": (128, 8, 8), "64 x 12^2": (64, 12, 12), "64 x 20^2": (64, 20, 20), "64 x 32^2": (64, 32, 32)}


def flow(sites, dtype, features=8):
    """A flow that moves the field, as after training."""
    made = EquivariantODE(features=features).init(Setting(sites, np.zeros(0, dtype), Key(1)))
    size = np.dtype(dtype).type(0.3 / sites[0])
    return made.with_params(tree_map(lambda p: p + size * Key(2).fold("test").normal((1, *p.shape), p)[0], made.params))


class PathGradient:
    """Parameters: shape and dtype; 8 sines and a linear feature, 6 time kernels, 8 steps."""

    params = (list(SHAPES), ["float64", "float32"])
    param_names = ("shape", "dtype")

    def setup(self, shape, dtype):
        lk.set_threads(1)
        like = np.zeros(0, dtype)
        self.x, self.zeta = (Key(n).fold("start").normal(SHAPES[shape], like) for n in (1, 2))
        self.flow, self.zero = flow(SHAPES[shape][1:], dtype), np.zeros(len(self.x))
        self.residuals = self.flow.apply(self.x)[2]
        self.time_step(shape, dtype)  # compiled before the clock starts

    def time_apply(self, shape, dtype):
        self.flow.apply(self.x)

    def time_apply_with_score(self, shape, dtype):
        self.flow.apply_with_score(self.x, self.zeta)

    def time_vjp(self, shape, dtype):
        self.flow.vjp(self.residuals, self.zeta, self.zero)

    def time_step(self, shape, dtype):
        zeta, residuals = self.flow.apply_with_score(self.x, self.zeta)[2:]
        self.flow.vjp(residuals, zeta, self.zero)

    def track_ms_per_step(self, shape, dtype):
        return 1e3 * _best(lambda: self.time_step(shape, dtype))

    track_ms_per_step.unit = "ms"

    def track_bytes_per_stage(self, shape, dtype):
        """Memory of the residuals, per chain and stage: the field itself."""
        kept = sum(leaf.nbytes for _, leaf in tree_items(self.residuals[0]))
        return kept / (4 * self.flow.steps * len(self.x))

    def track_speedup_over_reference(self, shape, dtype):
        fast = _best(lambda: self.time_step(shape, dtype))
        with lk.kernels("reference"):
            return _best(lambda: self.time_step(shape, dtype), repeats=2) / fast


class Velocity:
    """Drift, divergence and adjoint with 20 frequencies."""

    params = (["64 x 16^2", "16 x 32^2"], ["float64", "float32"])
    param_names = ("shape", "dtype")

    def setup(self, shape, dtype):
        lk.set_threads(1)
        chains, extent = {"64 x 16^2": (64, 16), "16 x 32^2": (16, 32)}[shape]
        self.x, self.v = (Key(n).fold("start").normal((chains, extent, extent), np.zeros(0, dtype)) for n in (1, 2))
        self.weights, self.one = flow((extent, extent), dtype, 20).weights(self.x).at(4), np.ones(chains)
        self.time_velocity_and_adjoint(shape, dtype)

    def time_velocity_and_adjoint(self, shape, dtype):
        velocity(self.x, self.weights)
        velocity_vjp(self.x, self.weights, self.v, self.one)


def _best(call, repeats=9):
    """Least processor time of a few calls, in seconds."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def line(shape, dtype):
    """One row of the table of docs/performance."""
    one = PathGradient()
    one.setup(shape, dtype)
    parts = {name: 1e3 * _best(lambda name=name: getattr(one, f"time_{name}")(shape, dtype)) for name in PARTS}
    said = ", ".join(f"{name} {ms:.2f}" for name, ms in parts.items())
    return f"{shape:<10} {dtype}: {said} ms, {one.track_bytes_per_stage(shape, dtype):.0f} bytes a chain and stage"


def main():
    """Print the table."""
    for shape in SHAPES:
        for dtype in ("float32", "float64"):
            print(line(shape, dtype))


PARTS = ("apply", "apply_with_score", "vjp", "step")

if __name__ == "__main__":
    main()
