"""A new action in twenty lines: a periodic potential, checked against its own derivative and sampled by HMC.

python new_action.py [--draws 1000]
"""

import argparse
from dataclasses import dataclass

import numpy as np

import latticekit as lk
from latticekit.actions import Action
from latticekit.arrays import namespace
from latticekit.lattice import shift


@dataclass(frozen=True)
class SineGordon(Action):
    """S = sum_x [ sum_mu (phi(x+mu) - phi)^2 + mass_squared phi^2 - alpha cos phi ]."""

    mass_squared: float
    alpha: float
    group = lk.Real()

    def value(self, x):
        """S(phi).  (chain, *sites) -> (chain,)"""
        xp = namespace(x)
        density = self.mass_squared * x * x - self.alpha * xp.cos(x)
        for mu in range(x.ndim - 1):
            density = density + (shift(x, mu) - x) ** 2.0
        return xp.sum(density, axis=tuple(range(1, x.ndim)), dtype=xp.float64)

    def force(self, x):
        """F = -dS/dphi.  (chain, *sites) -> the same"""
        force = -2.0 * self.mass_squared * x - self.alpha * namespace(x).sin(x)
        for mu in range(x.ndim - 1):
            force = force + 2.0 * (shift(x, mu, 1) + shift(x, mu, -1) - 2.0 * x)
        return force


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--draws", type=int, default=1000)
args = parser.parse_args()

action = SineGordon(mass_squared=0.1, alpha=1.0)
x = lk.Key(1).fold("test").normal((2, 6, 6), np.zeros(1))
print(f"force against differences of the action: relative error {lk.testing.check_force(action, x):.1e}")

ensemble = lk.sample(lk.HMC(action, steps=8, jitter=0.3), lattice=(8, 8), chains=16, draws=args.draws, seed=1)
print(lk.summary(ensemble))
