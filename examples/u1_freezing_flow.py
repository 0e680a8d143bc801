"""Topological freezing solved: U(1) in two dimensions by a trained flow beside HMC and heatbath, one picture.

Every sampler starts from Haar-random links.  HMC and heatbath keep the charge they fell into; the flow draws every
charge as often as it ought to.

python u1_freezing_flow.py [--size 8] [--beta 7] [--steps 300] [--draws 400]; with --size 16 take --steps 1000
"""

import argparse

import numpy as np
import xarray as xr

import latticekit as lk
from latticekit.exact import U1Torus
from latticekit.training import BlockPath

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--size", type=int, default=8)
parser.add_argument("--beta", type=float, default=7.0)
parser.add_argument("--steps", type=int, default=300)
parser.add_argument("--draws", type=int, default=400)
args = parser.parse_args()

lattice, action = (args.size, args.size), lk.Wilson(lk.U1(), args.beta)
layer = lk.U1HierarchicalFlow(lattice, hidden=(20, 20), components=8)
trained = lk.train(
    layer, action, lattice, estimator=BlockPath(), learning_rate=0.02, steps=args.steps, seed=1, progress=False
)
print(trained)

updates = {  # five updates for one proposal of the flow, so that a draw costs about the same everywhere
    "HMC": (lk.HMC(action, steps=10, integrator="omelyan"), 5),
    "heatbath": (lk.Heatbath(action), 5),
    "flow": (lk.IndependenceMetropolis(action, trained.flow), 1),
}
run = {"chains": 64, "draws": args.draws, "warmup": 25, "start": "hot", "seed": 1, "progress": False}
found = {name: lk.sample(update, lattice, thin=thin, **run) for name, (update, thin) in updates.items()}
samplers = xr.DataArray(list(found), dims="sampler", name="sampler")
charge = xr.concat([tree["posterior"]["topological_charge"] for tree in found.values()], samplers).round()

exact = action.exact(lattice)["topological_charge_squared"]
changes = (np.abs(charge.diff("draw")) > 0).mean(("chain", "draw"))
squared = (charge**2).mean(("chain", "draw"))
print(f"{'sampler':10} {'<Q^2>':>8} {'exact':>8} {'changes of Q per draw':>22}")
for name in found:
    print(f"{name:10} {squared.sel(sampler=name):8.4f} {exact:8.4f} {changes.sel(sampler=name):22.5f}")

try:
    import matplotlib.pyplot as plt
except ImportError:
    raise SystemExit("no figure without matplotlib: pip install 'latticekit[plot]'") from None

charges, probability = U1Torus(args.beta, lattice).charge_distribution()
largest = int(max(np.max(np.abs(charge)), 2))
seen, shown = np.arange(-largest, largest + 1), np.abs(charges) <= largest
colours = ("#D55E00", "#E69F00", "#0072B2")
plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False, "font.size": 9, "mathtext.fontset": "cm"})
layout = [[name, "P(Q)"] for name in found]
figure, axes = plt.subplot_mosaic(layout, figsize=(9, 4.4), layout="constrained", width_ratios=(1.4, 1))
for n, (name, colour) in enumerate(zip(found, colours)):
    one = charge.sel(sampler=name)
    for k, chain in enumerate(one.isel(chain=slice(4))):  # a little apart, so that all four are seen
        axes[name].step(chain.draw, chain + 0.14 * (k - 1.5), color=colour, lw=0.8, alpha=1 - 0.2 * k)
    axes[name].set(ylabel="$Q$", ylim=(-largest - 0.6, largest + 0.6), xlim=(0, args.draws), yticks=seen)
    axes[name].set_title(f"{name}: four of 64 chains", loc="left", fontsize=9, color="0.35")
    axes["P(Q)"].bar(seen + 0.26 * (n - 1), [(one == q).mean() for q in seen], 0.24, color=colour, label=name)
    if n < 2:
        axes[name].tick_params(labelbottom=False)
axes["flow"].set_xlabel("draw")
axes["P(Q)"].hlines(probability[shown], charges[shown] - 0.42, charges[shown] + 0.42, color="black", label="exact")
axes["P(Q)"].set(xlabel="$Q$", xticks=seen)
axes["P(Q)"].set_title("$P(Q)$ of all 64 chains", loc="left", fontsize=9, color="0.35")
axes["P(Q)"].legend(frameon=False)
figure.suptitle(
    rf"U(1) on {args.size} $\times$ {args.size}, $\beta$ = {args.beta:g}, from Haar-random links", fontsize=10
)
figure.savefig("u1_freezing_flow.png", dpi=130)
print("wrote u1_freezing_flow.png")
