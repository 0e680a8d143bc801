"""What each symmetry of the continuous flow is worth: ESS at L = 12 on the line m^2 = -4, xi ~ L/4, with it dropped.

python -m benchmarks.symmetry_ablation [--extent 12] [--steps 3500] [--seeds 1 2 3] [--variants "all" "no Z2" ...]

lk.train with its default recipe, but the same number of steps and peak learning rate for every variant (the default
rate, 1.3e-2, is too large without Z2), float32, one thread.  Printed: the number of parameters, CPU seconds, and mean
and spread over the seeds of the ESS of 16384 fresh draws.
"""

import argparse
import time

import numpy as np

import latticekit as lk
from benchmarks.critical_line_flows import COUPLING, gemm_rate, judged
from latticekit.flows.parameters import count

VARIANTS = {
    "all": {},
    "no Z2": {"odd": False},
    "no exchange of axes": {"symmetry": "reflections"},
    "translations and Z2": {"symmetry": "translations"},
    "Z2 alone": {"symmetry": "none"},
}


def trained(extent, steps, rate, seed, without):
    """ESS, CPU seconds and number of parameters."""
    action, start = lk.Phi4(-4.0, COUPLING[extent]), time.process_time()
    settings = {"lattice": (extent, extent), "dtype": "float32", "learning_rate": rate, "progress": False}
    flow = lk.train(lk.ContinuousFlow(**without), action, steps=steps, seed=seed, **settings).flow
    seconds = time.process_time() - start
    return judged(flow, action)[0], seconds, count(flow.params)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--extent", type=int, default=12, choices=list(COUPLING))
    parser.add_argument("--steps", type=int, default=3500)
    parser.add_argument("--rate", type=float, default=4e-3)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    wanted = parser.parse_args()
    lk.set_threads(1)
    print(f"dgemm {gemm_rate():.0f} GFlop/s, L = {wanted.extent}, {wanted.steps} steps, rate {wanted.rate}, float32\n")
    print("| symmetry | parameters | ESS | spread | CPU s |\n|---|---|---|---|---|", flush=True)
    for name in wanted.variants:
        runs = [trained(wanted.extent, wanted.steps, wanted.rate, seed, VARIANTS[name]) for seed in wanted.seeds]
        ess, seconds, sizes = map(np.asarray, zip(*runs))
        print(f"| {name} | {sizes[0]} | {ess.mean():.4f} | {ess.std(ddof=1):.4f} | {seconds.mean():.0f} |", flush=True)


if __name__ == "__main__":
    main()
