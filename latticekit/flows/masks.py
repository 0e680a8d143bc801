"""Which sites a coupling moves: periodic patterns and halves, as data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from latticekit.arrays import namespace
from latticekit.lattice import check_sites

Array = Any
Pattern = tuple[Any, ...]


@dataclass(frozen=True)
class Mask(ABC):
    """A partition of the sites into active ones, which a coupling moves, and frozen ones, which tell it how."""

    @abstractmethod
    def pattern(self, sites: tuple[int, ...]) -> np.ndarray:
        """True where active, on the host; raises ValueError where the lattice does not fit.  -> sites"""

    def active(self, like: Array) -> Array:
        """True where active, for a field (chain, *sites).  -> (*sites)"""
        return namespace(like).asarray(_checked(self, tuple(like.shape[1:])), device=like.device)


@lru_cache(maxsize=256)
def _checked(mask: Mask, sites: tuple[int, ...]) -> np.ndarray:
    pattern = mask.pattern(check_sites(sites))
    if pattern.all() or not pattern.any():
        raise ValueError(
            f"{mask} on {sites} must leave active and frozen sites: all are {'' if pattern.any() else 'in'}active"
        )
    pattern.flags.writeable = False
    return pattern


@dataclass(frozen=True)
class Checkerboard(Mask):
    """Active: the sites of one parity of sum_mu x_mu, 0 even or 1 odd.  Extents must be even (or 1)."""

    parity: int = 0

    def __post_init__(self) -> None:
        _within("parity of a checkerboard", self.parity, 2)

    def pattern(self, sites: tuple[int, ...]) -> np.ndarray:
        """x_1 + x_2 + ... = parity mod 2."""
        _divides(2, sites, [mu for mu, extent in enumerate(sites) if extent > 1], "a checkerboard")
        return np.sum(np.indices(sites), axis=0) % 2 == self.parity


@dataclass(frozen=True)
class Stripes(Mask):
    """Active: x_mu = offset modulo `period`, across one axis.  The extent must be a multiple of the period."""

    mu: int = 0
    period: int = 2
    offset: int = 0

    def __post_init__(self) -> None:
        if self.period < 2:
            raise ValueError(f"the period of stripes must be at least 2, got {self.period}")
        _within("offset of stripes", self.offset, self.period)

    def pattern(self, sites: tuple[int, ...]) -> np.ndarray:
        """x_mu = offset mod period."""
        _axis(self, self.mu, sites)
        _divides(self.period, sites, [self.mu], f"stripes of period {self.period}")
        return np.indices(sites)[self.mu] % self.period == self.offset


@dataclass(frozen=True)
class Tile(Mask):
    """Active: where a small pattern of 0 and 1, repeated periodically, is 1.  Nested tuples, one level per axis.

    `Tile(((1, 0), (0, 1)))` is the even checkerboard in two dimensions.
    """

    tile: Pattern

    def __post_init__(self) -> None:
        object.__setattr__(self, "tile", _nested(self.tile))
        try:
            values = set(np.asarray(self.tile).reshape(-1).tolist())
        except ValueError:
            raise ValueError(f"rows of a tile must have equal lengths, got {self.tile}") from None
        if values != {0, 1}:
            raise ValueError(f"a tile holds ones (active) and zeros (frozen), both, got {self.tile}")

    def pattern(self, sites: tuple[int, ...]) -> np.ndarray:
        """The tile, repeated."""
        tile = np.asarray(self.tile, dtype=bool)
        if tile.ndim != len(sites):
            raise ValueError(f"a tile of {tile.ndim} dimensions does not fit a lattice of {len(sites)}: {sites}")
        for mu, period in enumerate(tile.shape):
            _divides(period, sites, [mu], f"a tile of {tile.shape}")
        return np.tile(tile, [extent // period for extent, period in zip(sites, tile.shape)])


@dataclass(frozen=True)
class Half(Mask):
    """Active: the first (0) or second (1) half of one axis, x_mu < L_mu / 2 or not."""

    mu: int = 0
    second: int = 0

    def __post_init__(self) -> None:
        _within("`second` of a half", self.second, 2)

    def pattern(self, sites: tuple[int, ...]) -> np.ndarray:
        """x_mu < L_mu / 2, or not."""
        _axis(self, self.mu, sites)
        _divides(2, sites, [self.mu], "halves")
        return (np.indices(sites)[self.mu] < sites[self.mu] // 2) != bool(self.second)


@dataclass(frozen=True)
class Complement(Mask):
    """Active: what another mask leaves frozen."""

    mask: Mask

    def pattern(self, sites: tuple[int, ...]) -> np.ndarray:
        """The other sites."""
        return ~self.mask.pattern(sites)


def _within(what: str, value: int, limit: int) -> None:
    if not 0 <= value < limit:
        raise ValueError(f"{what} must lie in 0 .. {limit - 1}, got {value}")


def _axis(mask: Mask, mu: int, sites: tuple[int, ...]) -> None:
    if not 0 <= mu < len(sites):
        raise ValueError(f"{mask} needs an axis 0 .. {len(sites) - 1} of {sites}")


def _divides(period: int, sites: tuple[int, ...], axes: list[int], why: str) -> None:
    for mu in axes:
        if sites[mu] % period:
            fits = -(-sites[mu] // period) * period
            raise ValueError(f"sites must be multiples of {period} for {why}: got {sites[mu]} in {sites}; use {fits}")


def _nested(tile: Any) -> Any:
    """Tuples all the way down, of Python integers: hashable."""
    return tuple(_nested(part) for part in tile) if isinstance(tile, (tuple, list)) else int(tile)
