"""From theta to the couplings of a continuous flow at given times, and back: Gaussians in t, orbits in space."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from latticekit.arrays import namespace
from latticekit.flows.continuous_weights import Bars, Dense, Even
from latticekit.flows.orbits import cosines, displacement_orbits, is_even, pairs, shares

Array = Any
Times = tuple[float, ...]


@dataclass(frozen=True)
class Tying:
    """Which weights theta stands for, on a lattice.  theta: (1 + couplings, orbits, Gaussians, features)

    Amplitudes w_f(t) = sum_j c_j sum_a K_a(t) theta_{j,[d],a,f}: (time, 1 or chain, feature, orbits), c_0 = 1.
    """

    sites: tuple[int, ...]
    symmetry: str

    @property
    def orbits(self) -> int:
        """How many weights are free."""
        volume = math.prod(self.sites)
        return volume**2 if self.symmetry == "none" else 1 + int(displacement_orbits(self.sites, self.symmetry).max())

    def amplitudes(self, theta: Array, mixture: Array, times: Times) -> Array:
        """theta read at given couplings, mixture (1 or chain, 1 + couplings), and times."""
        xp = namespace(theta)
        mixed = xp.tensordot(mixture, theta, axes=1)
        found = xp.tensordot(_constant(theta, time_kernels, times, theta.shape[2]), mixed, axes=([1], [2]))
        return xp.permute_dims(found, (0, 1, 3, 2))

    def amplitudes_bar(self, bar: Array, mixture: Array, times: Times, gaussians: int) -> Array:
        """Cotangent of theta."""
        xp = namespace(bar)
        mixed = xp.tensordot(_constant(bar, time_kernels, times, gaussians), bar, axes=([0], [0]))
        return xp.permute_dims(xp.tensordot(mixture, mixed, axes=([0], [1])), (0, 3, 1, 2))

    def couplings(self, amplitudes: Array) -> tuple[Even | Dense, Array]:
        """Couplings as they act on fields, and their diagonal."""
        xp, lead = namespace(amplitudes), amplitudes.shape[:3]
        if is_even(self.symmetry):
            flat = xp.matmul(amplitudes, _constant(amplitudes, cosines, self.sites, self.symmetry))
            quarter = tuple(n // 2 + 1 for n in self.sites)
            return Even(xp.reshape(flat, (*lead, *quarter))), self._local(amplitudes[..., :1])
        of_pair, _, share = self._pairs(amplitudes)
        volume = math.prod(self.sites)
        matrix = xp.reshape(xp.take(amplitudes, of_pair, axis=3) * share, (*lead, volume, volume))
        if self.symmetry == "translations":
            return Dense(matrix), self._local(amplitudes[..., :1])
        return Dense(matrix), xp.reshape(xp.take(amplitudes, self._diagonal(matrix), axis=3), (*lead, *self.sites))

    def couplings_bar(self, bars: Bars) -> Array:
        """Cotangent of the amplitudes.  -> (time, 1 or chain, feature, orbits)"""
        xp, (bar,), lead = namespace(bars.local), bars.coupling, bars.local.shape[:3]
        local = xp.reshape(bars.local, (*lead, -1))
        if is_even(self.symmetry):
            flat = xp.reshape(bar, (*lead, -1))
            return _first_added(xp.matmul(flat, _constant(flat, cosines, self.sites, self.symmetry).mT), local)
        _, members, share = self._pairs(bar)
        flat = xp.take(xp.reshape(bar, (*lead, -1)) * share, xp.reshape(members, (-1,)), axis=3)
        found = xp.sum(xp.reshape(flat, (*lead, *members.shape)), axis=-1)
        if self.symmetry == "translations":
            return _first_added(found, local)
        volume = math.prod(self.sites)
        unit = xp.eye(volume, dtype=local.dtype, device=local.device)
        return found + xp.reshape(local[..., None] * unit, (*lead, volume**2))

    def orbit_shares(self) -> np.ndarray:
        """W_d / theta_[d].  (orbits,)"""
        _, first = np.unique(displacement_orbits(self.sites, self.symmetry), return_index=True)
        return shares(self.sites)[first]

    def _local(self, first: Array) -> Array:
        """The amplitude of displacement 0, against the sites."""
        return namespace(first).reshape(first, (*first.shape[:3], *(1,) * len(self.sites)))

    def _pairs(self, like: Array) -> tuple[Array, Array, Array]:
        of_pair, members, share = pairs(self.sites, self.symmetry)
        xp = namespace(like)
        where = (xp.asarray(v, device=like.device) for v in (of_pair, members))
        return *where, xp.asarray(share, dtype=like.dtype, device=like.device)

    def _diagonal(self, like: Array) -> Array:
        volume = math.prod(self.sites)
        return namespace(like).arange(volume, device=like.device) * (volume + 1)


@lru_cache(maxsize=64)
def time_kernels(times: Times, gaussians: int) -> np.ndarray:
    """K_a(t) = exp(-(t - t_a)^2 / 2 s^2) / sum_b ..., t_a from 0 to 1, s their distance.  (time, Gaussian)"""
    centres, width = np.linspace(0.0, 1.0, gaussians), 1 / max(gaussians - 1, 1)
    bumps = np.exp(-0.5 * ((np.array(times)[:, None] - centres) / width) ** 2)
    return bumps / np.sum(bumps, axis=1, keepdims=True)


def _constant(like: Array, made: Any, *args: Any) -> Array:
    """A matrix of the host beside an array: its dtype and device."""
    dtype = "float32" if like.dtype == namespace(like).float32 else "float64"
    return namespace(like).asarray(_cast(made, args, dtype), device=like.device)


@lru_cache(maxsize=64)
def _cast(made: Any, args: tuple[Any, ...], dtype: str) -> np.ndarray:
    array = np.ascontiguousarray(made(*args), dtype=dtype)
    array.flags.writeable = False
    return array


def _first_added(bar: Array, local: Array) -> Array:
    """The cotangent of the diagonal belongs to the orbit of displacement 0."""
    return namespace(bar).concat([bar[..., :1] + local, bar[..., 1:]], axis=3)
