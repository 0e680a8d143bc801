"""The free field as a prior."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from latticekit.actions import FreeScalar
from latticekit.arrays import namespace
from latticekit.flows.base import sum_chains
from latticekit.flows.priors import Prior
from latticekit.groups import Group, Real
from latticekit.lattice import hartley
from latticekit.random import Key

Array = Any


@dataclass(frozen=True)
class FreeField(Prior):
    """q(phi) = exp(-S) / Z, S = sum_x [ sum_mu (phi(x+mu) - phi(x))^2 + mass_squared phi^2 ], as `FreeScalar`.

    Every momentum is a normal number of variance 1 / omega, omega = 2 (khat^2 + mass_squared).
    """

    mass_squared: float

    def __post_init__(self) -> None:
        FreeScalar(self.mass_squared)  # says what is wrong with a mass that is none

    @property
    def group(self) -> Group:
        """The real line."""
        return Real()

    def draw(self, key: Key, chains: int, sites: tuple[int, ...], like: Array) -> tuple[Array, Array]:
        """Normal numbers of the key's stream "prior", divided by sqrt(omega) in momentum space."""
        modes = key.fold("prior").normal((chains, *sites), like)
        log_q = -0.5 * sum_chains(modes * modes) - self._log_z(tuple(sites))
        return hartley(modes / self._width(modes)), log_q

    def log_q(self, x: Array) -> Array:
        """-1/2 sum_k omega |phi_k|^2 / V - log Z, log Z = 1/2 sum_k log(2 pi / omega)."""
        modes = hartley(x) * self._width(x)
        return -0.5 * sum_chains(modes * modes) - self._log_z(tuple(x.shape[1:]))

    def score(self, x: Array) -> Array:
        """The force of the free field."""
        return FreeScalar(self.mass_squared).force(x)

    def _omega(self, sites: tuple[int, ...]) -> np.ndarray:
        return FreeScalar(self.mass_squared).gaussian(sites)

    def _width(self, x: Array) -> Array:
        """sqrt(omega) in the field's library.  -> sites"""
        return namespace(x).asarray(np.sqrt(self._omega(tuple(x.shape[1:]))), dtype=x.dtype, device=x.device)

    def _log_z(self, sites: tuple[int, ...]) -> float:
        return 0.5 * float(np.sum(np.log(2 * math.pi / self._omega(sites))))
