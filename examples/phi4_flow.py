"""phi^4 by a trained flow: training, Metropolis and weights against HMC, log Z between its bounds.

python phi4_flow.py [--preset E1] [--steps 300] [--draws 400] [--out flow.png]
"""

import argparse

import latticekit as lk
from latticekit.ensembles import flow_plots

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--preset", default="E1")
parser.add_argument("--steps", type=int, default=300)
parser.add_argument("--draws", type=int, default=400)
parser.add_argument("--out", default="flow.png")
args = parser.parse_args()

action, lattice = (point := lk.preset(args.preset)).action, point.lattice
trained = lk.train(lk.ContinuousFlow(), action, lattice, steps=args.steps, seed=1)
print(trained, "\n")

run = {"chains": 64, "draws": args.draws, "seed": 1}
tables = {
    "HMC": lk.summary(lk.sample(lk.HMC(action, steps=10), lattice, warmup=200, **run)),
    "flow, Metropolis": lk.summary(
        chain := lk.sample(lk.IndependenceMetropolis(action, trained.flow), lattice, warmup=20, **run)
    ),
    "flow, weights": lk.summary(lk.draw_ensemble(trained.flow, action, **run)),
}
names = ("phi_squared", "abs_magnetization", "susceptibility", "log_z_lower_bound", "log_z", "log_z_upper_bound")
print(f"{'':<20}" + "".join(f"{name:>20}" for name in [*tables, "exact"]))
for name in names:
    found = [{row.name: row for row in table.rows}.get(name) for table in tables.values()]
    exact = next((row.exact for row in found if row and row.exact is not None), None)
    cells = [row.cells()[1] if row else "" for row in found] + ["" if exact is None else f"{exact:.7g}"]
    print(f"{name:<20}" + "".join(f"{cell:>20}" for cell in cells))

flow_plots.log_weights(chain).savefig(args.out)
print(f"wrote {args.out}: the log weights of the chain")
