"""Training: what a step costs, what the loop costs beside the gradient, and how good the default recipe gets."""

import time

import numpy as np

import latticekit as lk
from latticekit.flows.continuous import ContinuousFlow
from latticekit.random import Key
from latticekit.training import Fixed, Recipe, begin, fit

COUPLINGS = {6: 6.975, 8: 6.008, 12: 5.276, 16: 4.98, 20: 4.807}
"""lambda at m^2 = -4 for a correlation length of about L / 4, by L."""


def steps_of(layer, extent, batch, dtype, recipe=None):
    """A training of phi^4 on the line, ready to take steps."""
    action = lk.Phi4(-4.0, COUPLINGS[extent])
    flow = lk.Flow.init(layer, (extent, extent), action=action, dtype=dtype)
    recipe = recipe or Recipe(steps=10**6, batch=batch)
    return fit(recipe, flow, Fixed(action), Key(1), begin(recipe, flow.params))


class Step:
    """One whole path-gradient step of the continuous flow: 8 sines + linear, 6 time kernels, 8 RK4 steps."""

    params = ([(8, 128), (20, 64)], ["float32", "float64"])
    param_names = ("extent, batch", "dtype")
    timeout = 120

    def setup(self, size, dtype):
        lk.set_threads(1)
        self.steps = steps_of(ContinuousFlow(), *size, dtype)
        next(self.steps)

    def time_step(self, size, dtype):
        next(self.steps)


class Loop:
    """A map without parameters to speak of: prior, action, report, optimiser, clipping, average."""

    def setup(self):
        lk.set_threads(1)
        self.steps = steps_of(lk.flows.Scale(), 8, 128, "float32")
        next(self.steps)

    def time_step(self):
        next(self.steps)


class Quality:
    """ESS of the default recipe after some seconds of processor time on one thread, the worst of three seeds."""

    params = (6, 8)
    param_names = ("extent",)
    timeout = 600
    seconds = 20.0
    number = 1

    def track_ess(self, extent):
        return min(self.trained(extent, seed).ess for seed in (1, 2, 3))

    def trained(self, extent, seed):
        lk.set_threads(1)
        steps = steps_of(ContinuousFlow(), extent, 128, "float32")
        next(steps)
        start = time.process_time()
        for _ in range(20):
            next(steps)
        count = int(self.seconds / ((time.process_time() - start) / 20))
        action = lk.Phi4(-4.0, COUPLINGS[extent])
        return lk.train(
            ContinuousFlow(), action, (extent, extent), steps=count, seed=seed, dtype="float32", progress=False
        )


def main() -> None:
    """Print the table without asv: processor time per step, then ESS."""
    lk.set_threads(1)
    for name, one in {"loop alone, L = 8, batch 128": Loop()}.items():
        one.setup()
        print(f"{name:<44}{1e3 * per_step(one.steps):8.2f} ms")
    for size in Step.params[0]:
        for dtype in Step.params[1]:
            one = Step()
            one.setup(size, dtype)
            print(f"step, L = {size[0]}, batch {size[1]}, {dtype:<22}{1e3 * per_step(one.steps):8.2f} ms")


def per_step(steps, repeats=30):
    """Median processor seconds of a step."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        next(steps)
        times.append(time.process_time() - start)
    return float(np.median(times))


if __name__ == "__main__":
    main()
