"""Langevin dynamics is biased by its step size: extrapolate to zero, and compare with the exact value.

python langevin_extrapolation.py [--draws 4000]
"""

import argparse

import latticekit as lk
from latticekit.estimators import gamma_method

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--draws", type=int, default=4000)
args = parser.parse_args()

action, lattice = lk.Phi4(mass_squared=1.0, coupling=1.0), (16,)
exact = action.exact(lattice)["phi_squared"]
print(f"exact <phi^2> = {exact:.6f}")

# bias c1 eps + c2 eps^2 of the Euler step (a straight line alone is some standard deviations off), c eps^2 of Heun's
schemes = {"euler": (1, 2, (0.01, 0.02, 0.03, 0.04)), "heun": (2, 1, (0.02, 0.03, 0.04))}
for scheme, (order, degree, step_sizes) in schemes.items():

    def run(step_size, scheme=scheme):
        """<phi^2> and its error at one step size; draws are about 0.1 of Langevin time apart."""
        thin = max(1, round(0.1 / step_size))
        update = lk.Langevin(action, step_size=step_size, scheme=scheme)
        ensemble = lk.sample(update, lattice, chains=64, draws=args.draws, warmup=20 * thin, thin=thin, seed=1)
        estimate = gamma_method(ensemble["posterior"]["phi_squared"].values)
        print(f"  {scheme} step {step_size:<6g} {estimate}")
        return estimate.value, estimate.error

    fit = lk.extrapolate_step_size(run, step_sizes, order=order, degree=degree)
    pull = float(fit.intercept.pull(exact))
    print(f"{scheme} step -> 0     {fit.intercept}   chi2/dof {float(fit.chi2) / fit.dof:.2f}   pull {pull:+.2f}")
