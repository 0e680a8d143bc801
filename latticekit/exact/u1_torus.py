"""U(1) on a two-dimensional torus with the Wilson action: everything of exact.torus, and topology.

The geometric charge Q = sum_p wrap(P_p) / 2 pi, wrap(P) in (-pi, pi], is an integer on every configuration.
Z(theta) = sum_Q Z_Q exp(i theta Q) is that of the weight exp(-S + i theta Q).
"""

from functools import cached_property

import numpy as np

from latticekit.exact import torus
from latticekit.exact.sectors import Factor, largest_charge, sector_weights
from latticekit.exact.torus import GaugeTorus

__all__ = ["U1Torus", "observables"]


class U1Torus(GaugeTorus):
    """U(1) on the torus `sites`, coupling beta >= 0: a number or an array over plaquettes."""

    def __init__(self, beta: float | np.ndarray, sites: tuple[int, ...]) -> None:
        super().__init__(1, beta, sites)

    @cached_property
    def _factors(self) -> list[Factor]:
        values, counts, _ = self._kinds
        return [Factor(float(beta), int(count)) for beta, count in zip(values, counts)]

    @cached_property
    def _sectors(self) -> np.ndarray:
        """Z_Q / Z for Q = 0, 1, ...; a torus of one plaquette has P = 0."""
        if self.volume == 1:
            return np.ones(1)
        weights = sector_weights(self._factors, largest_charge(self._factors))
        return weights / (2 * np.sum(weights) - weights[0])

    @cached_property
    def _energies(self) -> np.ndarray:
        """sum_p <cos P_p> in sector Q times P(Q), for Q = 0, 1, ..."""
        if self.volume == 1:
            return np.ones(1)
        values, counts, _ = self._kinds
        norm = np.exp(self._probabilities[1])
        total = np.zeros(len(self._sectors))
        for beta, count in zip(values, counts):
            others = [f._replace(number=f.number - (f.beta == beta)) for f in self._factors]
            factors = [Factor(float(beta), 1, cosine=True), *(f for f in others if f.number)]
            total += count * sector_weights(factors, len(total) - 1) / norm
        return total

    def charge_distribution(self) -> tuple[np.ndarray, np.ndarray]:
        """Charges -Q_max, ..., Q_max and their probabilities, to 1e-15; left-out ones are below 1e-20.  -> two (k,)"""
        charges = np.arange(1 - len(self._sectors), len(self._sectors))
        return charges, self._sectors[np.abs(charges)]

    def charge_moment(self, power: int, theta: float = 0.0) -> float:
        """<Q^power> with weight exp(i theta Q), for an even power.  -> float"""
        if power % 2:
            raise ValueError(f"only even powers of the charge have a real mean: got {power}")
        charge, waves = np.arange(len(self._sectors)), self._waves(theta)
        return float(np.sum(charge**power * waves * self._sectors) / np.sum(waves * self._sectors))

    @property
    def charge_squared(self) -> float:
        """<Q^2>; the topological susceptibility is <Q^2> / V."""
        return self.charge_moment(2)

    @property
    def charge_fourth(self) -> float:
        """<Q^4>."""
        return self.charge_moment(4)

    def theta_charge(self, theta: float) -> float:
        """Im <Q> with weight exp(i theta Q), where <Q> = -i d log Z / d theta is imaginary.  -> float"""
        charge = np.arange(len(self._sectors))
        odd = 2 * np.sum(charge * np.sin(theta * charge) * self._sectors)
        return float(odd / self.theta_ratio(theta))

    def theta_ratio(self, theta: float) -> float:
        """Z(theta) / Z(0) = <exp(i theta Q)>, the mean phase of a reweighted simulation.  -> float"""
        return float(np.sum(self._waves(theta) * self._sectors))

    def theta_plaquette(self, theta: float) -> float:
        """<cos P> with weight exp(i theta Q), mean over plaquettes.  -> float"""
        waves = self._waves(theta)
        return float(np.sum(waves * self._energies) / np.sum(waves * self._sectors) / self.volume)

    def sector_plaquettes(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean <cos P> at fixed charge, for the sectors with probability above 1e-6: what a frozen run sees.

        -> charges 0, 1, ..., means; two (k,)
        """
        charges = np.nonzero(self._sectors > 1e-6)[0]
        return charges, self._energies[charges] / self._sectors[charges] / self.volume

    def _waves(self, theta: float) -> np.ndarray:
        waves = 2 * np.cos(theta * np.arange(len(self._sectors)))
        waves[0] = 1.0
        return waves


def observables(beta: float | np.ndarray, sites: tuple[int, ...]) -> dict[str, float | np.ndarray]:
    """Exact values by name; beta a number or an array over plaquettes.  beta, sites -> {name: value}

    As `exact.torus.observables`, and `topological_charge` and its square, geometric.  {} beyond two dimensions and for
    couplings below 0.
    """
    if len(sites) != 2 or np.any(np.asarray(beta) < 0):
        return {}
    solved = U1Torus(beta, sites)
    charge = {"topological_charge": 0.0, "topological_charge_squared": solved.charge_squared}
    return torus.observables(solved) | charge
