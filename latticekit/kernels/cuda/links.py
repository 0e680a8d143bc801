"""Where the links of a field (chain, mu, ..., *sites) are, and which of them a thread works on.

Fields have extents 1 in front of the `dim` real ones, (t, z, y, x); a site is its number x in the chain.
"""

from __future__ import annotations

import functools
import types
from typing import Any

from latticekit.kernels.cuda.bodies import ahead, behind
from latticekit.kernels.site import Primitive, Site

Array = Any
Number = Any


class _Local:
    """Memory of one thread."""

    @staticmethod
    def array(size: int, real: Any) -> Array:
        """Numbers in registers, if the compiler can."""
        return [0.0] * size


class _Module(Primitive):
    local = _Local


@_Module
def cuda() -> None:
    """The module of the compiler, which knows `cuda.local.array(size, REAL)` by this name only."""


@Primitive
def REAL() -> None:
    """The type of the target's numbers."""


@Site
def extent(mu: int, dim: int, t: int, z: int, y: int, x: int) -> int:
    """Sites along an axis."""
    axis = mu + 4 - dim
    return t if axis == 0 else z if axis == 1 else y if axis == 2 else x


@Site
def stride(mu: int, dim: int, t: int, z: int, y: int, x: int) -> int:
    """How far the next site along an axis is."""
    axis = mu + 4 - dim
    return z * y * x if axis == 0 else y * x if axis == 1 else x if axis == 2 else 1


@Site
def up(site: int, mu: int, dim: int, t: int, z: int, y: int, x: int) -> int:
    """The next site along an axis."""
    return ahead(site, extent(mu, dim, t, z, y, x), stride(mu, dim, t, z, y, x))


@Site
def down(site: int, mu: int, dim: int, t: int, z: int, y: int, x: int) -> int:
    """The previous site along an axis."""
    return behind(site, extent(mu, dim, t, z, y, x), stride(mu, dim, t, z, y, x))


@Site
def plane_of(mu: int, nu: int, dim: int) -> int:
    """Number of the plane of two directions, in the order of `fields.planes`."""
    low, high = min(mu, nu), max(mu, nu)
    return low * (2 * dim - low - 1) // 2 + high - low - 1


@Site
def coloured(n: int, colour: int, t: int, z: int, y: int, x: int) -> int:
    """The n-th site of a parity; all extents even, or 1: the sites 2 n and 2 n + 1 are then a pair of both parities."""
    site = 2 * n
    parity = site % x + site // x % y + site // (x * y) % z + site // (x * y * z)
    return site + (parity + colour) % 2


def specialised(body: Site, **names: Any) -> Site:
    """A body with compile-time constants: the size of matrices, formulas for it."""
    return _specialised(body, tuple(names.items()))


@functools.lru_cache(maxsize=256)
def _specialised(body: Site, names: tuple[tuple[str, Any], ...]) -> Site:
    old = body.python
    new = types.FunctionType(old.__code__, {**old.__globals__, **dict(names)}, old.__name__, old.__defaults__)
    new.__qualname__, new.__module__ = f"{old.__qualname__}_{abs(hash(names)):x}", old.__module__
    return Site(new)
