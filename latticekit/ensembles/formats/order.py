"""Order of sites and directions: files run x fastest with directions x, y, z, t; ours is (t, x, y, z), mu = 0 is t."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from latticekit.groups.matrices import determinant


def file_extents(sites: Sequence[int]) -> tuple[int, ...]:
    """(t, x, y, z) -> (x, y, z, t); its own kind in any dimension."""
    return (*sites[1:], sites[0])


def our_extents(extents: Sequence[int]) -> tuple[int, ...]:
    """(x, y, z, t) -> (t, x, y, z)"""
    return (extents[-1], *extents[:-1])


def to_file(links: np.ndarray) -> np.ndarray:
    """(1, mu, N, N, t, x, y, z) -> (t, z, y, x, direction, N, N), directions x, y, z, t"""
    dim = links.ndim - 4
    turned = np.roll(links[0], -1, axis=0)
    return turned.transpose(3, *range(dim + 2, 3, -1), 0, 1, 2)


def from_file(stored: np.ndarray) -> np.ndarray:
    """(t, z, y, x, direction, rows, N) -> (1, mu, rows, N, t, x, y, z), inverse of `to_file`"""
    dim = stored.ndim - 3
    ours = stored.transpose(dim, dim + 1, dim + 2, 0, *range(dim - 1, 0, -1))
    return np.ascontiguousarray(np.roll(ours, 1, axis=0))[None]


def completed(rows: np.ndarray) -> np.ndarray:
    """SU(N) matrices from their first rows.  (1, mu, N - 1, N, *sites) -> (1, mu, N, N, *sites)

    U_(N-1)j = conj((-1)^(N-1+j) det of the rows without column j); for N = 3 the conjugate of their cross product.
    """
    n, flat = rows.shape[3], rows[0].astype(np.complex128)
    minors = [determinant(np.delete(flat, j, axis=2)) for j in range(n)]
    last = np.stack([np.conj((-1) ** (n - 1 + j) * m) for j, m in enumerate(minors)], axis=1)
    return np.concatenate([rows, last.astype(rows.dtype)[None, :, None]], axis=2)
