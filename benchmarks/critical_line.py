"""E1-E5 of 1904.12072 with every update: physics and tau_int as a table in Markdown.

python benchmarks/critical_line.py [--draws 20000] [--chains 64] [--presets E1 E2 ...]
"""

import argparse
import time

import latticekit as lk
from latticekit.estimators import bracket


def updates(action):
    """The updates to compare; `cost` is the number of sweeps or forces per step."""
    hmc = lk.HMC(action, trajectory_length=1.0, target_acceptance=0.8)
    heatbath, over = lk.Heatbath(action), lk.Overrelaxation(action)
    return {
        "HMC": hmc,
        "Metropolis": lk.Metropolis(action),
        "heatbath": heatbath,
        "heatbath + 3 overrelaxation": lk.Sequence([heatbath, lk.Repeat(over, 3)]),
        "MALA": lk.MALA(action),
        "HMC + cluster": lk.Sequence([hmc, lk.Cluster(action)]),
    }


def show(estimate):
    return bracket(float(estimate.value), float(estimate.error))


def tau(row):
    return bracket(float(row.estimate.tau_int), float(row.estimate.tau_int_error))


def main():
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=20000)
    parser.add_argument("--chains", type=int, default=64)
    parser.add_argument("--presets", nargs="+", default=["E1", "E2", "E3", "E4", "E5"])
    wanted = parser.parse_args()
    physics, cost = [], []
    for name in wanted.presets:
        point = lk.preset(name)
        extent = point.lattice[0]
        for label, update in updates(point.action).items():
            start = time.process_time()
            tree = lk.sample(update, point.lattice, chains=wanted.chains, draws=wanted.draws, warmup=500, seed=17)
            seconds = time.process_time() - start
            table = lk.summary(tree)
            mass, two = table["pole_mass"].estimate, [r for r in table.rows if r.name.startswith("two_point")]
            mass_times_extent = bracket(extent * float(mass.value), extent * float(mass.error))
            cells = [mass_times_extent, *(show(table[n].estimate) for n in ("susceptibility", "abs_magnetization"))]
            cells += [show(r.estimate) for r in two] + [show(table["schwinger_dyson"].estimate)]
            physics.append(f"| {name} | {label} | " + " | ".join(cells) + " |")
            ess = min(float(table[n].estimate.ess) for n in ("abs_magnetization", "phi_squared", "action"))
            taus = [tau(table[n]) for n in ("magnetization", "abs_magnetization", "phi_squared", "action")]
            cost.append(f"| {name} | {label} | " + " | ".join(taus) + f" | {ess / seconds:.0f} |")
            print(f"# {name} {label}: {seconds:.1f} s, {'trusted' if table.trusted else 'NOT TRUSTED'}", flush=True)
    print("\n| point | update | m_p L | chi_2 | <|phi|> | C(0) | C(1) | C(L/2) | Schwinger-Dyson |\n|" + "---|" * 9)
    print("\n".join(physics))
    print("\n| point | update | tau(M) | tau(abs M) | tau(phi^2) | tau(S) | ESS per CPU s |\n|" + "---|" * 7)
    print("\n".join(cost))


if __name__ == "__main__":
    main()
