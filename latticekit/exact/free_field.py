"""The free real scalar field on a periodic lattice of any dimension: every number in closed form.

S = sum_x [ sum_mu (phi_{x+mu} - phi_x)^2 + m^2 phi_x^2 ], the normalisation of 1904.12072 (no factor 1/2), so that each
Fourier mode has S = omega |phi_k|^2 / 2 with omega = 2 (khat^2 + m^2), khat^2 = sum_mu 4 sin^2(k_mu / 2).
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from latticekit.exact.correlator import second_moment_correlation_length

__all__ = ["FreeField", "observables", "two_point"]


@dataclass(frozen=True)
class FreeField:
    """Exact free field: sites (extents, time first) and mass_squared > 0 -> observables.

    log Z is that of the measure prod_x dphi_x.  M = (1/V) sum_x phi_x, a Gaussian number.
    """

    sites: tuple[int, ...]
    mass_squared: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "sites", tuple(int(extent) for extent in self.sites))
        if not self.sites or min(self.sites) < 1:
            raise ValueError(f"sites must be one or more positive extents: got {self.sites}")
        if not (math.isfinite(self.mass_squared) and self.mass_squared > 0):
            raise ValueError(
                f"a free field has no normalisable weight unless mass_squared > 0: got {self.mass_squared}; "
                "use a positive mass_squared, or a positive coupling with exact.phi4"
            )

    @property
    def volume(self) -> int:
        """Number of sites."""
        return math.prod(self.sites)

    @cached_property
    def omega(self) -> np.ndarray:
        """Curvature of the action along each momentum mode.  () -> (*sites)

        omega_k = 2 (khat^2 + m^2); <|phi_k|^2> = 1 / omega_k for modes normalised to sum |phi_k|^2 = sum phi_x^2.
        """
        khat_squared = np.zeros(self.sites)
        for axis, extent in enumerate(self.sites):
            along = 4 * np.sin(np.pi * np.arange(extent) / extent) ** 2
            khat_squared += along.reshape([-1 if i == axis else 1 for i in range(len(self.sites))])
        return 2 * (khat_squared + self.mass_squared)

    @cached_property
    def log_z(self) -> float:
        """log of the integral of exp(-S) prod dphi = (1/2) sum_k log(2 pi / omega_k)."""
        return float(0.5 * np.sum(np.log(2 * np.pi / self.omega)))

    @cached_property
    def propagator(self) -> np.ndarray:
        """G(x) = <phi_0 phi_x>, the Fourier transform of 1/omega.  () -> (*sites)"""
        return np.fft.fftn(1 / self.omega).real / self.volume

    @property
    def two_point_momentum(self) -> np.ndarray:
        """Propagator by momentum, <|phi_k|^2> = 1/omega_k.  () -> (*sites)"""
        return 1 / self.omega

    @property
    def two_point(self) -> np.ndarray:
        """Zero-momentum correlator between time slices, C(dt) = sum_x G(dt, x); its sum is chi_2.  () -> (sites[0],)"""
        return self.propagator.reshape(self.sites[0], -1).sum(axis=1)

    @property
    def phi_squared(self) -> float:
        """<phi_x^2> = (1/V) sum_k 1/omega_k."""
        return float(np.mean(1 / self.omega))

    @property
    def phi_fourth(self) -> float:
        """<phi_x^4> = 3 <phi_x^2>^2."""
        return 3 * self.phi_squared**2

    @property
    def susceptibility(self) -> float:
        """chi_2 = V <M^2> = sum_x G(x) = 1 / (2 m^2)."""
        return 1 / (2 * self.mass_squared)

    @property
    def magnetization_squared(self) -> float:
        """<M^2> = 1 / (2 m^2 V)."""
        return self.susceptibility / self.volume

    @property
    def abs_magnetization(self) -> float:
        """<|M|> = sqrt(2 <M^2> / pi)."""
        return math.sqrt(2 * self.magnetization_squared / math.pi)

    @property
    def pole_mass(self) -> float:
        """Mass of the exponential decay in time: cosh(mass) = 1 + m^2 / 2, that is mass = 2 asinh(m / 2).

        On a periodic time axis C(dt) is a single cosh of this mass, at any extent.
        """
        return 2 * math.asinh(math.sqrt(self.mass_squared) / 2)

    @property
    def action(self) -> float:
        """<S> = V/2: half a unit per mode."""
        return self.volume / 2

    @property
    def action_variance(self) -> float:
        """<S^2> - <S>^2 = V/2."""
        return self.volume / 2


def two_point(sites: tuple[int, ...], mass_squared: float) -> np.ndarray:
    """Zero-momentum correlator between time slices.  sites, mass_squared -> (sites[0],)"""
    return FreeField(sites, mass_squared).two_point


def observables(sites: tuple[int, ...], mass_squared: float) -> dict[str, float | np.ndarray]:
    """Exact value of every observable of the free field, by name.  sites, mass_squared -> {name: value}

    `action` is the total; `two_point` runs over the time separation dt along the first axis.
    """
    field = FreeField(sites, mass_squared)
    names = ("log_z", "action", "abs_magnetization", "phi_squared", "phi_fourth", "susceptibility", "pole_mass")
    values: dict[str, float | np.ndarray] = {name: getattr(field, name) for name in names}
    values |= {"two_point": field.two_point, "magnetization": 0.0, "binder_cumulant": 0.0}
    if field.sites[0] > 1:
        values["second_moment_correlation_length"] = second_moment_correlation_length(field.two_point)
    return values
