"""The real scalar field with a quartic self-coupling, any dimension, in the convention of 1904.12072."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from latticekit.actions.base import Action, Schedule
from latticekit.actions.conditional import Conditional
from latticekit.arrays import accelerated, namespace
from latticekit.groups import Real
from latticekit.lattice import lattice_momentum_squared, shift, volume

Array = Any
_CONVENTION = "full (1904.12072): S = sum_x [ sum_mu (phi(x+mu) - phi(x))^2 + mass_squared phi^2 + coupling phi^4 ]"


@accelerated(numpy="latticekit.kernels.cpu.phi4:value", cupy="latticekit.kernels.cuda.phi4:value")
def phi4_value(phi: Array, mass_squared: float, coupling: float) -> Array:
    """S = sum_x [ sum_mu (phi(x+mu) - phi(x))^2 + m^2 phi^2 + lambda phi^4 ].  (chain, *sites) -> (chain,)

    1904.12072, eq. (21) written with differences; sums in float64.
    """
    xp = namespace(phi)
    square = phi * phi
    density = (mass_squared + coupling * square) * square
    for mu in range(phi.ndim - 1):
        density = density + (shift(phi, mu) - phi) ** 2.0
    return xp.sum(density, axis=tuple(range(1, phi.ndim)), dtype=xp.float64)


@accelerated(numpy="latticekit.kernels.cpu.phi4:force", cupy="latticekit.kernels.cuda.phi4:force")
def phi4_force(phi: Array, mass_squared: float, coupling: float) -> Array:
    """F = 2 sum_mu (phi(x+mu) + phi(x-mu) - 2 phi) - 2 m^2 phi - 4 lambda phi^3.  (chain, *sites) -> the same"""
    force = phi * (-4.0 * (phi.ndim - 1) - 2.0 * mass_squared - 4.0 * coupling * phi * phi)
    for mu in range(phi.ndim - 1):
        force = force + 2.0 * (shift(phi, mu, 1) + shift(phi, mu, -1))
    return force


@accelerated(numpy="latticekit.kernels.cpu.phi4:evolve", cupy="latticekit.kernels.cuda.phi4:evolve")
def phi4_evolve(phi: Array, p: Array, mass_squared: float, coupling: float, schedule: Schedule) -> tuple[Array, Array]:
    """Molecular-dynamics trajectory of phi and its momentum.  two (chain, *sites) -> two (chain, *sites)"""
    return Action.evolve(Phi4(mass_squared, coupling), phi, p, schedule)


@dataclass(frozen=True)
class Phi4(Action):
    """S = sum_x [ sum_mu (phi(x+mu) - phi(x))^2 + mass_squared phi^2 + coupling phi^4 ], no factor 1/2 (1904.12072).

    Other conventions: `from_hopping`, `from_half`, `to_hopping`, `to_half`.
    """

    mass_squared: float
    coupling: float
    group = Real()

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mass_squared) and math.isfinite(self.coupling)):
            raise ValueError(f"Phi4 needs finite couplings, got {self}")
        if self.coupling < 0:
            raise ValueError(f"Phi4: coupling must be >= 0 for a normalisable weight, got {self.coupling}")
        if self.coupling == 0 and self.mass_squared <= 0:
            raise ValueError(
                f"Phi4 with coupling = 0 needs mass_squared > 0 for a normalisable weight, got {self.mass_squared}"
            )

    def value(self, x: Array) -> Array:
        """S(phi).  (chain, *sites) -> (chain,)"""
        return phi4_value(x, self.mass_squared, self.coupling)

    def force(self, x: Array) -> Array:
        """F = -dS/dphi.  (chain, *sites) -> (chain, *sites)"""
        return phi4_force(x, self.mass_squared, self.coupling)

    def evolve(self, x: Array, p: Array, schedule: Schedule) -> tuple[Array, Array]:
        """Molecular-dynamics trajectory, whole in one kernel where there is one."""
        return phi4_evolve(x, p, self.mass_squared, self.coupling, schedule)

    def conditional(self, x: Array) -> Conditional:
        """Weight of each site given its neighbours: (2D + m^2) phi^2 + lambda phi^4 - b phi.  (chain, *sites)

        b = 2 sum_mu (phi(x+mu) + phi(x-mu)).  An extent of 2 has both bonds; an extent of 1 has none, and no part in D.
        """
        directions = [mu for mu in range(x.ndim - 1) if x.shape[mu + 1] > 1]
        linear = namespace(x).zeros_like(x)
        for mu in directions:
            linear = linear + 2.0 * (shift(x, mu, 1) + shift(x, mu, -1))
        return Conditional(2.0 * len(directions) + self.mass_squared, self.coupling, linear)

    def bonds(self, x: Array) -> Array:
        """2 phi(x) phi(x+mu), the terms of -S that change with a sign.  (chain, *sites) -> (chain, mu, *sites)"""
        return namespace(x).stack([2.0 * x * shift(x, mu) for mu in range(x.ndim - 1)], axis=1)

    def exact(self, sites: tuple[int, ...]) -> dict[str, Any]:
        """Free field: everything; chains and small lattices: transfer matrix; else {}."""
        from latticekit.exact import free_field, phi4

        if self.coupling == 0:
            return free_field.observables(sites, self.mass_squared)
        return phi4.observables(sites, self.mass_squared, self.coupling)

    def schwinger_dyson(self, sites: tuple[int, ...]) -> dict[str, float]:
        """<phi dS/dphi> = 1 at every site: 2 <S> / V + 2 lambda <phi^4> = 1."""
        return {"action": 2.0 / volume(sites), "phi_fourth": 2.0 * self.coupling}

    def gaussian(self, sites: tuple[int, ...]) -> np.ndarray:
        """omega = 2 (khat^2 + M^2), with M^2 of least reverse Kullback-Leibler divergence: the gap equation.  -> sites

        M^2 = m^2 + 6 lambda <phi^2>, <phi^2> = (1/V) sum_k 1 / omega_k.
        """
        khat_squared = lattice_momentum_squared(sites, np.zeros(0))
        return 2.0 * (khat_squared + _gap(khat_squared, self.mass_squared, self.coupling))

    def conventions(self) -> dict[str, str]:
        """The normalisation of the couplings."""
        return {"weight": "exp(-S)", "phi4": _CONVENTION}

    @classmethod
    def from_hopping(cls, kappa: float, lam: float, dim: int) -> Phi4:
        """The same theory given as S = sum_x [-2 kappa sum_mu phi phi(x+mu) + (1 - 2 lam) phi^2 + lam phi^4].

        phi_full = sqrt(kappa) phi_hopping, m^2 = (1 - 2 lam)/kappa - 2 dim, lambda = lam/kappa^2; the constant
        lam per site that some papers add is dropped (2309.17082).
        """
        if kappa <= 0 or dim < 1:
            raise ValueError(f"from_hopping needs kappa > 0 and dim >= 1, got kappa = {kappa}, dim = {dim}")
        return cls((1 - 2 * lam) / kappa - 2 * dim, lam / kappa**2)

    def to_hopping(self, dim: int) -> tuple[float, float]:
        """(kappa, lam) of `from_hopping`: the positive root of 2 lambda kappa^2 + (m^2 + 2 dim) kappa = 1."""
        b = self.mass_squared + 2 * dim
        root = math.hypot(b, math.sqrt(8 * self.coupling))
        kappa = 2 / (b + root) if b > 0 else (root - b) / (4 * self.coupling)  # the form without cancellation
        return kappa, self.coupling * kappa**2

    @classmethod
    def from_half(cls, mass_squared: float, coupling: float) -> Phi4:
        """The same theory given as S = sum_x [1/2 sum_mu (d_mu phi)^2 + 1/2 m^2 phi^2 + coupling phi^4].

        phi_full = phi_half / sqrt(2), m^2 unchanged, lambda = 4 coupling.
        """
        return cls(mass_squared, 4 * coupling)

    def to_half(self) -> tuple[float, float]:
        """(m^2, coupling) of `from_half`."""
        return self.mass_squared, self.coupling / 4


def _gap(khat_squared: np.ndarray, mass_squared: float, coupling: float) -> float:
    """The M^2 > 0 of the gap equation by bisection; unique, because the excess grows with M^2 from -infinity."""

    def excess(m2: float) -> float:
        return m2 - mass_squared - 3.0 * coupling * float(np.mean(1.0 / (khat_squared + m2)))

    if coupling == 0:
        return mass_squared
    low = high = 1.0
    while excess(low) > 0:
        low /= 2
    while excess(high) < 0:
        high *= 2
    for _ in range(100):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if excess(middle) < 0 else (low, middle)
    return middle


def FreeScalar(mass_squared: float) -> Phi4:
    """The free field, Phi4 with coupling 0: S = sum_x [ sum_mu (d_mu phi)^2 + mass_squared phi^2 ]."""
    return Phi4(mass_squared, 0.0)
