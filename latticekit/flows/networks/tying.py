"""Taps of a convolution, and which of them share a weight under a symmetry of the lattice."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np

Tap = tuple[tuple[int, ...], tuple[int, ...]]
"""Axes along which a filter extends (1 or 0 each), and a displacement."""
Element = tuple[tuple[int, ...], tuple[int, ...]]
"""A signed permutation: where each axis goes, and with which sign."""


def _all(dim: int) -> Iterator[Element]:
    for axes in itertools.permutations(range(dim)):
        for signs in itertools.product((1, -1), repeat=dim):
            yield axes, signs


def _trivial(dim: int) -> Iterator[Element]:
    yield tuple(range(dim)), (1,) * dim


def _reflections(dim: int) -> Iterator[Element]:
    return (g for g in _all(dim) if g[0] == tuple(range(dim)))


def _rotations(dim: int) -> Iterator[Element]:
    return (g for g in _all(dim) if _determinant(g) == 1)


def _determinant(g: Element) -> int:
    matrix = np.eye(len(g[0]))[list(g[0])] * np.asarray(g[1])
    return round(float(np.linalg.det(matrix)))


SYMMETRIES = {"none": _trivial, "reflections": _reflections, "rotations": _rotations, "hypercubic": _all}
"""Groups of signed permutations of the axes: "hypercubic" holds rotations and reflections."""


def check_symmetry(name: str) -> str:
    """The name itself, if it is one of the table."""
    if name not in SYMMETRIES:
        raise ValueError(f"unknown symmetry {name!r}: one of {', '.join(SYMMETRIES)}")
    return name


def displacements(extents: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Displacements of a filter: -(k-1)//2 ... k//2 along each axis, last axis fastest."""
    return tuple(itertools.product(*(range(-((k - 1) // 2), k // 2 + 1) for k in extents)))


def moved(tap: Tap, g: Element) -> Tap:
    """The image of a tap."""
    axes, signs = g
    return tuple(tap[0][a] for a in axes), tuple(s * tap[1][a] for a, s in zip(axes, signs))


@lru_cache(maxsize=64)
def orbits(taps: tuple[Tap, ...], symmetry: str) -> tuple[int, ...]:
    """Number of the orbit of every tap, in order of appearance.

    Elements that do not map the filter to itself (axes of different extent) are left out.
    """
    number = {tap: n for n, tap in enumerate(taps)}
    images = [[number.get(moved(tap, g), -1) for tap in taps] for g in SYMMETRIES[symmetry](len(taps[0][0]))]
    group = [row for row in images if min(row) >= 0]
    representatives = [min(row[n] for row in group) for n in range(len(taps))]
    order = {r: k for k, r in enumerate(dict.fromkeys(representatives))}
    return tuple(order[r] for r in representatives)


def incidence(columns: Iterable[int], rows: Iterable[int]) -> np.ndarray:
    """Matrix with a one for every pair (row, column), ones of the same place added.  -> (rows, columns)"""
    pairs = list(zip(rows, columns))
    matrix = np.zeros((max(r for r, _ in pairs) + 1, max(c for _, c in pairs) + 1))
    for r, c in pairs:
        matrix[r, c] += 1.0
    return matrix
