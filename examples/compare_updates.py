"""Which update decorrelates fastest?  tau_int in draws and effective draws per second, for the same action.

python compare_updates.py [--draws 1000] [--size 8]
"""

import argparse
import time

import latticekit as lk

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--draws", type=int, default=1000)
parser.add_argument("--size", type=int, default=8)
args = parser.parse_args()

action, lattice = lk.preset("E2").action, (args.size, args.size)
updates = {
    "HMC leapfrog": lk.HMC(action, steps=8),
    "HMC omelyan": lk.HMC(action, steps=4, integrator="omelyan"),
    "MALA": lk.MALA(action),
    "Metropolis": lk.Metropolis(action),
    "heatbath": lk.Heatbath(action),
    "heatbath + 2 overrelaxation": lk.Sequence([lk.Heatbath(action), lk.Repeat(lk.Overrelaxation(action), 2)]),
    "heatbath + cluster": lk.Sequence([lk.Heatbath(action), lk.Cluster(action)]),
}

print(f"{'update':28} {'<phi^2>':>14} {'tau_int phi^2':>14} {'tau_int M^2':>14} {'ESS/s of M^2':>13}")
for name, update in updates.items():
    lk.sample(update, lattice, chains=32, draws=2, warmup=2)  # compile the kernels before the clock runs
    start = time.perf_counter()
    ensemble = lk.sample(update, lattice, chains=32, draws=args.draws, warmup=100, seed=1)
    seconds = time.perf_counter() - start
    posterior = ensemble["posterior"]
    phi2 = lk.estimators.gamma_method(posterior["phi_squared"].values)
    m2 = lk.estimators.gamma_method(posterior["magnetization"].values ** 2)
    taus = [lk.estimators.bracket(float(e.tau_int), float(e.tau_int_error)) for e in (phi2, m2)]
    print(f"{name:28} {phi2!s:>14} {taus[0]:>14} {taus[1]:>14} {float(m2.ess) / seconds:13.0f}")
