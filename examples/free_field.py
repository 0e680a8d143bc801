"""The free field in one to four dimensions: every observable against its exact value.

python free_field.py [--draws 2000] [--mass-squared 0.5]
"""

import argparse

import latticekit as lk

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--draws", type=int, default=2000)
parser.add_argument("--mass-squared", type=float, default=0.5)
args = parser.parse_args()

action = lk.FreeScalar(args.mass_squared)
# Free modes move on circles; without jitter some of them come back to where they started.
update = lk.HMC(action, trajectory_length=1.0, steps=12, jitter=0.5)

for lattice in [(16,), (8, 8), (6, 6, 6), (4, 4, 4, 4)]:
    ensemble = lk.sample(update, lattice, chains=16, draws=args.draws, warmup=200, seed=1)
    table = lk.summary(ensemble)
    print(table, end="\n\n")
    if table.worst_pull > 5:
        raise SystemExit(f"{lattice}: a value is {table.worst_pull:.1f} standard deviations from the exact one")
