"""E1-E5 of 1904.12072 by coupling flows: ESS and acceptance against CPU seconds of training, observables, log Z.

python -m benchmarks.coupling_flows [--points E1 E2 ... 6x4:6.975 8x4:6.008] [--steps 100 600] [--seed 1]
                                    [--out folder] [--draws 1000]

One thread, lk.train of lk.CouplingFlow with one recipe for all points; a point is a preset, or extents:lambda at
m^2 = -4.  First table: every number of steps, each from nothing, with ESS and acceptance of 16384 fresh draws.  Second:
observables of the longest training by flow + Metropolis and by reweighting, next to those of HMC and exact values.
Third: log Z.  With --out, models are kept there, and those that are there already are not trained again.
"""

import argparse
import math
import time
from pathlib import Path

import latticekit as lk
from benchmarks.critical_line_flows import gemm_rate, judged
from latticekit.estimators import bracket

RECIPE = {"batch": 128, "learning_rate": 1e-2, "dtype": "float32", "progress": False}
QUANTITIES = ["action", "phi_squared", "abs_magnetization", "susceptibility", "pole_mass"]


def point_of(text):
    """Name, action and extents of a preset or of extents:lambda."""
    extents, _, coupling = text.partition(":")
    if coupling:
        return text, lk.Phi4(-4.0, float(coupling)), tuple(map(int, extents.split("x")))
    known = lk.preset(text)
    return text, known.action, known.lattice


def trained(name, action, lattice, steps, seed, out):
    """A model, and CPU seconds of its training (nan for one that was there)."""
    path = out and Path(out) / f"{name.replace(':', '-')}-{steps}-{seed}"
    if path and (path / "model").exists():
        return lk.load_model(path), math.nan
    start = time.process_time()
    model = lk.train(lk.CouplingFlow(), action, lattice, steps=steps, seed=seed, out=path, **RECIPE)
    return model, time.process_time() - start


def warmed(lattice):
    """Kernels compile before the clock starts."""
    lk.train(lk.CouplingFlow(), lk.Phi4(-4.0, 6.0), lattice, steps=2, **RECIPE)


def summaries(action, lattice, flow, draws, seed):
    """Tables of flow + Metropolis, reweighting, HMC; three seeds, or the first two would share their proposals."""
    known, metropolis = {"chains": 64, "progress": False}, lk.IndependenceMetropolis(action, flow)
    hmc = lk.HMC(action, trajectory_length=1.0, steps=10)
    ensembles = (
        lk.sample(metropolis, lattice, draws=draws, warmup=20, seed=seed, dtype="float32", **known),
        lk.draw_ensemble(flow, action, draws=draws, seed=seed + 1, **known),
        lk.sample(hmc, lattice, draws=5 * draws, warmup=500, seed=seed + 2, **known),
    )
    return [lk.summary(one) for one in ensembles]


def estimates(tables, name):
    return [table[name].estimate for table in tables]


def show(one):
    return bracket(float(one.value), float(one.error))


def pull(one, other, error=0.0):
    """Difference in its own error."""
    return f"{(float(one.value) - other) / math.hypot(float(one.error), error):+.1f}"


def observables(name, tables):
    """Rows of the second table."""
    two_point = [row.name for row in tables[0].rows if row.name.startswith("two_point")]
    for quantity in [*QUANTITIES, *two_point]:
        chain, weighted, hmc = estimates(tables, quantity)
        against = [pull(one, float(hmc.value), float(hmc.error)) for one in (chain, weighted)]
        exact = tables[0][quantity].exact
        told = ["", "", ""] if exact is None else [f"{exact:.6f}", pull(chain, exact), pull(weighted, exact)]
        print_row(name, quantity, show(chain), show(weighted), show(hmc), *against, *told)


def free_energy(name, tables):
    """Row of the third table."""
    weighted = tables[1]
    log_z, low, high = (weighted["log_z"], weighted["log_z_lower_bound"], tables[0]["log_z_upper_bound"])
    exact = log_z.exact
    told = ["", ""] if exact is None else [f"{exact:.6f}", pull(log_z.estimate, exact)]
    print_row(name, *(show(one.estimate) for one in (low, log_z, high)), *told)


def print_row(*cells):
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def header(*names):
    print()
    print_row(*names)
    print("|" + "---|" * len(names))


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    small = ["6x4:6.975", "8x4:6.008"]
    parser.add_argument("--points", nargs="+", default=["E1", "E2", "E3", "E4", "E5", *small])
    parser.add_argument("--steps", nargs="+", type=int, default=[100, 600])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--out")
    wanted = parser.parse_args()
    lk.set_threads(1)
    points = [point_of(text) for text in wanted.points]
    print(f"dgemm {gemm_rate():.0f} GFlop/s, seed {wanted.seed}, {RECIPE}")
    header("point", "lattice", "steps", "CPU s", "ESS", "acceptance")
    longest = {}
    for name, action, lattice in points:
        warmed(lattice)
        for steps in wanted.steps:
            model, seconds = trained(name, action, lattice, steps, wanted.seed, wanted.out)
            ess, acceptance = judged(model.flow, action)
            print_row(name, "x".join(map(str, lattice)), steps, f"{seconds:.0f}", f"{ess:.3f}", f"{acceptance:.3f}")
            longest[name] = model.flow
    tables = {
        name: summaries(action, lattice, longest[name], wanted.draws, 10 * (n + 1))
        for n, (name, action, lattice) in enumerate(points)
    }
    pulls = ["- HMC", "weighted - HMC", "exact", "- exact", "weighted - exact"]
    header("point", "quantity", "flow + Metropolis", "weighted", "HMC", *pulls)
    for name, found in tables.items():
        observables(name, found)
    header("point", "<log w>_q", "log Z", "<log w>_p", "exact", "pull")
    for name, found in tables.items():
        free_energy(name, found)


if __name__ == "__main__":
    main()
