"""The continuous flow on the line m^2 = -4, xi ~ L/4: ESS against CPU seconds of training, from nothing.

python -m benchmarks.critical_line_flows [--points 6:1500 8:2500 ...] [--seeds 1 2 3] [--dtype float32]

One thread, lk.train with its default recipe; a point is extent:steps.  Printed: CPU seconds of the whole training (and
of the dgemm rate of this core, to scale by), ESS and acceptance of 16384 fresh draws, the same with twice the steps of
integration, the defect of the log-det at both, and the ESS on 2L without retraining beside the volume law ESS^4.
"""

import argparse
import time

import numpy as np

import latticekit as lk
from latticekit.estimators import bracket
from latticekit.flows import Sequential
from latticekit.samplers import propose
from latticekit.training.quality import quality

COUPLING = {6: 6.975, 8: 6.008, 12: 5.276, 16: 4.98, 20: 4.807, 32: 4.572, 64: 4.398}
"""lambda of xi ~ L/4 at m^2 = -4 (1904.12072, 2110.02673, 2207.00283)."""


def gemm_rate(size=768):
    """GFlop/s of a matrix product on this thread."""
    a, best = np.ones((size, size)), float("inf")
    for _ in range(9):
        start = time.process_time()
        a @ a
        best = min(best, time.process_time() - start)
    return 2e-9 * size**3 / best


def finer(flow, steps):
    """The flow with every integrated layer at other steps."""
    layers = [one.with_steps(steps) if hasattr(one, "with_steps") else one for one in flow.layer.layers]
    return lk.Flow(Sequential(tuple(layers)), flow.prior, flow.sites, flow.like)


def judged(flow, action, draws=16384, seed=99):
    """ESS, acceptance rate."""
    parts = [propose(flow, action, lk.Key(seed, step=n), 1024).log_weight for n in range(draws // 1024)]
    return quality(np.concatenate(parts), True)


def defect(flow):
    """Mean and spread of log_det minus the exact one, over 32 draws of the prior."""
    z = flow.prior.draw(lk.Key(5), 32, flow.sites, flow.like)[0]
    values = flow.layer.defect(z)
    return f"{float(values.mean()):.0e}"


def train(extent, steps, seed, dtype):
    """Trained flow, its action, CPU seconds of the training."""
    action = lk.Phi4(-4.0, COUPLING[extent])
    settings = {"lattice": (extent, extent), "seed": seed, "dtype": dtype, "progress": False}
    lk.train(lk.ContinuousFlow(), action, steps=2, **settings)  # kernels compile before the clock starts
    start = time.process_time()
    trained = lk.train(lk.ContinuousFlow(), action, steps=steps, **settings)
    return trained, action, time.process_time() - start


def row(extent, steps, seed, dtype):
    """One line of the table, and the trained flow."""
    trained, action, seconds = train(extent, steps, seed, dtype)
    flow, fine = trained.flow, finer(trained.flow, 16)
    ess, acceptance = judged(flow, action)
    fine_ess, _ = judged(fine, action)
    double, _ = judged(flow.on((2 * extent,) * 2), action, 4096)
    first = bracket(trained.ess, trained.record["ess_error"])
    cells = [extent, seed, steps, f"{seconds:.1f}", first, f"{ess:.4f}", f"{acceptance:.3f}", f"{fine_ess:.4f}"]
    cells += [defect(flow), defect(fine), f"{double:.3f}", f"{ess**4:.3f}"]
    return "| " + " | ".join(map(str, cells)) + " |"


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", nargs="+", default=["6:1500", "8:2500", "12:3500", "16:6000", "20:14000"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--dtype", default="float32")
    wanted = parser.parse_args()
    lk.set_threads(1)
    print(f"dgemm {gemm_rate():.0f} GFlop/s, {wanted.dtype}\n")
    names = ["L", "seed", "steps", "CPU s", "ESS (4096)", "ESS", "acceptance", "ESS, 16 steps", "defect", "defect, 16"]
    print("| " + " | ".join([*names, "ESS 2L", "ESS^4"]) + " |")
    print("|" + "---|" * 12, flush=True)
    for point in wanted.points:
        extent, steps = map(int, point.split(":"))
        for seed in wanted.seeds:
            print(row(extent, steps, seed, wanted.dtype), flush=True)


if __name__ == "__main__":
    main()
