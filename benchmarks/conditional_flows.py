"""One flow for a range of couplings against flows of their own: ESS on 6 x 6 at m^2 = -4 along lambda of E1-E5.

python -m benchmarks.conditional_flows [--flow coupling_flow|continuous] [--steps 300] [--seed 1]

The conditional flow trains as many steps as the five others together, lambda drawn anew at every step; all by the same
recipe.  Printed: CPU seconds of training, and ESS with acceptance of 16384 draws at every lambda, one of them beyond
the range.
"""

import argparse
import time

import latticekit as lk
from benchmarks.critical_line_flows import gemm_rate, judged
from latticekit.cli.flows import FLOWS

LATTICE, MASS_SQUARED = (6, 6), -4.0
COUPLINGS = [6.975, 6.008, 5.550, 5.276, 5.113]
RANGES = {"mass_squared": (MASS_SQUARED, MASS_SQUARED), "coupling": (COUPLINGS[-1], COUPLINGS[0])}
BEYOND = 7.5


def trained(name, action, steps, **settings):
    """A model, and CPU seconds of its training."""
    start = time.process_time()
    recipe = {"batch": 128, "learning_rate": 1e-2, "dtype": "float32", "progress": False}
    return lk.train(FLOWS[name](), action, LATTICE, steps=steps, **recipe, **settings), time.process_time() - start


def grade(flow, coupling):
    ess, acceptance = judged(flow, lk.Phi4(MASS_SQUARED, coupling))
    return f"{ess:.3f} ({acceptance:.3f})"


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flow", default="coupling_flow", choices=list(FLOWS))
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    lk.set_threads(1)
    trained(wanted.flow, lk.Phi4, 2, couplings=RANGES)  # kernels compile before the clock starts
    print(f"dgemm {gemm_rate():.0f} GFlop/s, {wanted.flow}, {wanted.steps} steps, seed {wanted.seed}\n")
    steps = wanted.steps * len(COUPLINGS)
    one, seconds = trained(wanted.flow, lk.Phi4, steps, couplings=RANGES, seed=wanted.seed)
    print(
        f"| lambda | one flow, {steps} steps, {seconds:.0f} s | its own, {wanted.steps} steps | s |\n|---|---|---|---|"
    )
    for coupling in [*COUPLINGS, BEYOND]:
        mean = grade(one.at(mass_squared=MASS_SQUARED, coupling=coupling), coupling)
        own, seconds = trained(wanted.flow, lk.Phi4(MASS_SQUARED, coupling), wanted.steps, seed=wanted.seed)
        print(f"| {coupling} | {mean} | {grade(own.flow, coupling)} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
