"""Topology freezes: <Q^2> of U(1) in two dimensions against its exact value, and how often each update tunnels.

The charge of a periodic lattice is an integer.  Towards the continuum, as beta grows, small changes of the links hardly
ever change it: tau_int(Q^2) rises steeply, and a pull means nothing once the chains are shorter than that.

python topological_freezing.py [--draws 1000] [--size 16]
"""

import argparse

import numpy as np

import latticekit as lk
from latticekit.estimators import bracket, gamma_method

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--draws", type=int, default=1000)
parser.add_argument("--size", type=int, default=16)
args = parser.parse_args()

lattice, betas = (args.size, args.size), range(1, 8)
updates = {
    "HMC": lambda action: lk.HMC(action, steps=10, integrator="omelyan"),
    "heatbath + overrelaxation": lambda action: lk.Sequence([lk.Heatbath(action), lk.Overrelaxation(action)]),
}
results = {}

print(f"{'update':26} beta {'<Q^2>':>12} {'exact':>8} {'pull':>6} {'tau_int(Q^2)':>13} {'tunnelling rate':>16}")
for name, update in updates.items():
    for beta in betas:
        action = lk.Wilson(lk.U1(), beta=float(beta))
        exact = action.exact(lattice)["topological_charge_squared"]
        ensemble = lk.sample(update(action), lattice, chains=8, draws=args.draws, warmup=25, seed=1, progress=False)
        charge = np.round(ensemble["posterior"]["topological_charge"].values)  # (chain, draw)
        rate = float(np.mean(charge[:, 1:] != charge[:, :-1]))
        row = f"{name:26} {beta:4}"
        if np.all(charge**2 == charge[0, 0] ** 2):  # without any change there is no error to give
            print(f"{row} {charge[0, 0] ** 2:12.0f} {exact:8.5f}   frozen")
            continue
        found = gamma_method(charge**2)
        results.setdefault(name, []).append((beta, float(found.tau_int), float(found.tau_int_error), rate))
        tau = bracket(float(found.tau_int), float(found.tau_int_error))
        pull = (float(found.value) - exact) / float(found.error)
        print(f"{row} {found!s:>12} {exact:8.5f} {pull:+6.2f} {tau:>13} {rate:16.5f}")

try:
    import matplotlib.pyplot as plt
except ImportError:
    raise SystemExit("no figure without matplotlib: pip install 'latticekit[plot]'") from None

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for name, rows in results.items():
    beta, tau, error, rate = np.array(rows).T
    left.errorbar(beta, tau, error, fmt="o-", capsize=2, label=name)
    right.plot(beta[rate > 0], rate[rate > 0], "o-", label=name)
for axes, label in ((left, r"$\tau_{\rm int}(Q^2)$ in draws"), (right, r"tunnelling rate $P(Q_{i+1} \neq Q_i)$")):
    axes.set(xlabel=r"$\beta$", ylabel=label, yscale="log")
    axes.legend()
figure.suptitle(f"U(1) on {args.size} x {args.size}")
figure.savefig("topological_freezing.png", dpi=120)
print("wrote topological_freezing.png")
