"""phi^4 at a point of 1904.12072 by HMC: summary, and a picture of the history and the two-point function.

python phi4_hmc.py [--preset E1] [--draws 1000] [--out phi4.png]
"""

import argparse

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

import latticekit as lk
from latticekit.estimators import gamma_method

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--preset", default="E1")
parser.add_argument("--draws", type=int, default=1000)
parser.add_argument("--out", default="phi4.png")
args = parser.parse_args()

point = lk.preset(args.preset)
ensemble = lk.sample(lk.HMC(point.action, steps=10), point.lattice, chains=32, draws=args.draws, warmup=200, seed=1)
print(lk.summary(ensemble))

posterior = ensemble["posterior"]
two_point = gamma_method(posterior["two_point"].values)  # value and error of every dt

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
left.plot(posterior["draw"], posterior["magnetization"].sel(chain=[0, 1]).T, linewidth=0.6)
left.set(xlabel="draw", ylabel="$M$", title="history of two chains")
right.errorbar(posterior["dt"], two_point.value, two_point.error, fmt="o", capsize=2)
right.set(xlabel=r"$\Delta t$", ylabel=r"$C(\Delta t)$", yscale="log", title="two-point function")
fig.savefig(args.out, dpi=150)
print(f"wrote {args.out}")
