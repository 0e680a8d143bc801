"""Interrupt a run, continue it, and find the bits of the run that was never interrupted.

python resume.py [--draws 400] [--out resume.zarr]
"""

import argparse

import numpy as np

import latticekit as lk

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--draws", type=int, default=400)
parser.add_argument("--out", default="resume.zarr")
args = parser.parse_args()

update = lk.HMC(lk.Phi4(mass_squared=-4.0, coupling=6.975), steps=10)
settings = {"lattice": (6, 6), "chains": 4, "warmup": 50, "seed": 1}


def interrupted(done, total, report):
    """Called after a commit, with the number of draws done; stands in for Ctrl-C, a kill, a time limit."""
    if done:
        raise KeyboardInterrupt


try:
    lk.sample(update, draws=args.draws // 2, out=args.out, progress=interrupted, **settings)
except KeyboardInterrupt:
    print(f"interrupted with {lk.open_ensemble(args.out)['posterior'].sizes['draw']} draws committed")

continued = lk.sample(update, draws=args.draws, out=args.out, resume=True, **settings)
unbroken = lk.sample(update, draws=args.draws, **settings)
for name, values in unbroken["posterior"].data_vars.items():
    if not np.array_equal(values, continued["posterior"][name]):
        raise SystemExit(f"{name} differs")
print(f"{args.draws} draws, all {len(unbroken['posterior'].data_vars)} variables equal bit for bit")
