"""Residual layers: apply, vjp, carry and inverse against the force kernel on the same links.

    python -m benchmarks.bench_residual [--n 2 3] [--repeat 5]

prints CPU milliseconds, interleaved minima, with kernels and by the NumPy reference.  The force kernel makes the
staples of every link; a layer those of one direction and parity, 1/2D of the links.
"""

import argparse
import time

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


WHAT = ("force", "apply", "vjp", "carry", "inverse")


def milliseconds(cases, arguments, repeat):
    """Least CPU time of every function, kernels and reference in turn."""
    best = dict.fromkeys([(kernels, name) for kernels in cases for name in WHAT], float("inf"))
    for turn in range(repeat):
        for kernels, name in best:
            if kernels == "fast" or turn < 2:
                start = time.process_time()
                getattr(cases[kernels], f"time_{name}")(*arguments, kernels)
                best[kernels, name] = min(best[kernels, name], 1e3 * (time.process_time() - start))
    return best


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, nargs="+", default=[2, 3])
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    heads = "| SU(N), links | function | ms | forces | ns per active link | in forces per link | x reference |"
    print(heads + "\n|" + "---|" * 7, flush=True)
    for n in options.n:
        for shape, (chains, sites) in SHAPES.items():
            cases = {kernels: Residual() for kernels in ("fast", "reference")}
            for kernels, case in cases.items():
                case.setup(n, shape, kernels)
            best, active = milliseconds(cases, (n, shape), options.repeat), chains * np.prod(sites) // 2
            force, all_links = best["fast", "force"], chains * np.prod(sites) * len(sites)
            for name in WHAT:
                ms = best["fast", name]
                links = all_links if name == "force" else active
                each = ms / links * 1e6
                cells = [f"SU({n}) {shape}", name, f"{ms:.2f}", f"{ms / force:.1f}", f"{each:.0f}"]
                cells += [f"{each / (force / all_links * 1e6):.1f}", f"{best['reference', name] / ms:.1f}"]
                print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
