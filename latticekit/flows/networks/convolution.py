"""Periodic convolutions, sums of lower-dimensional ones, and mixing of channels at each site."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from latticekit.flows.networks.stencil import Stencil
from latticekit.flows.networks.tying import Tap, check_symmetry, displacements, orbits

Array = Any


def extents(kernel: int | tuple[int, ...], dim: int) -> tuple[int, ...]:
    """Taps along each axis."""
    given = (kernel,) * dim if isinstance(kernel, int) else kernel
    if len(given) != dim:
        raise ValueError(
            f"kernel {kernel} has {len(given)} extents on a lattice of {dim} dimensions; give one per axis"
        )
    return given


def check_kernel(kernel: int | tuple[int, ...], symmetry: str) -> None:
    """Raises ValueError unless the extents are positive, and have a centre where a symmetry needs one."""
    given = (kernel,) if isinstance(kernel, int) else tuple(kernel)
    if not given or min(given) < 1:
        raise ValueError(f"kernel extents must be at least 1, got {kernel}")
    if check_symmetry(symmetry) != "none" and any(k % 2 == 0 for k in given):
        raise ValueError(f"kernel {kernel} has no centre to reflect about: use odd extents with tied={symmetry!r}")


@lru_cache(maxsize=64)
def _box(sizes: tuple[int, ...], marks: tuple[int, ...] | None = None) -> tuple[Tap, ...]:
    """Taps of a filter along all axes, or along the marked ones."""
    marks = marks or (1,) * len(sizes)
    return tuple((marks, d) for d in displacements(tuple(k if m else 1 for k, m in zip(sizes, marks))))


@lru_cache(maxsize=64)
def _boxes(sizes: tuple[int, ...], along: int) -> tuple[Tap, ...]:
    """Taps of the filters along every subset of the axes."""
    subsets = itertools.combinations(range(len(sizes)), along)
    marks = (tuple(int(mu in subset) for mu in range(len(sizes))) for subset in subsets)
    return tuple(itertools.chain.from_iterable(_box(sizes, m) for m in marks))


@dataclass(frozen=True)
class Dense(Stencil):
    """y_c(x) = f(sum_c' W_cc' u_c'(x) + b_c): channels mixed at each site.  (chain, i, *sites) -> (chain, o, *sites)

    Vectors (chain, channel) are fields without sites; `Flattened` takes a whole lattice as one vector.
    """

    def taps(self, dim: int) -> tuple[Tap, ...]:
        """The site itself."""
        return (((0,) * dim, (0,) * dim),)

    def shape(self, dim: int) -> tuple[int, ...]:
        """One number."""
        return ()


@dataclass(frozen=True)
class Convolution(Stencil):
    """y_c(x) = f(sum_{c', d} W_{c c' d} u_c'(x + d) + b_c), periodic.  (chain, i, *sites) -> (chain, o, *sites)

    kernel: extent along every axis, or one per axis; d runs over -(k-1)//2 ... k//2.
    tied: "reflections", "rotations" or "hypercubic" (both) tie taps that the group maps to each other, so that the
    convolution commutes with it; w is then (o, i, orbits), else (o, i, *kernel).
    """

    kernel: int | tuple[int, ...] = 3
    tied: str = "none"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.kernel, int):
            object.__setattr__(self, "kernel", tuple(self.kernel))
        check_kernel(self.kernel, self.tied)

    @property
    def symmetry(self) -> str:
        """The group that ties weights."""
        return self.tied

    def taps(self, dim: int) -> tuple[Tap, ...]:
        """The box of displacements."""
        return _box(extents(self.kernel, dim))

    def shape(self, dim: int) -> tuple[int, ...]:
        """The extents, or the number of orbits."""
        return extents(self.kernel, dim) if self.tied == "none" else (max(orbits(self.taps(dim), self.tied)) + 1,)


@dataclass(frozen=True)
class CombiConvolution(Convolution):
    """y = f(sum_S conv_S u + b) over all subsets S of `along` axes, conv_S extending along S only.  2208.08903, sec. 3

    Far fewer taps than the full box: 6 k^2 in place of k^4 for along = 2 in four dimensions.
    w is (o, i, subsets * k^along), or (o, i, orbits).
    """

    along: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.along < 1:
            raise ValueError(f"filters must extend along at least 1 axis, got along={self.along}")

    def taps(self, dim: int) -> tuple[Tap, ...]:
        """Boxes of displacements along every subset of the axes; where they overlap, weights add up."""
        if self.along > dim:
            raise ValueError(f"filters along {self.along} axes on a lattice of {dim} dimensions: use along <= {dim}")
        return _boxes(extents(self.kernel, dim), self.along)

    def shape(self, dim: int) -> tuple[int, ...]:
        """One number per tap or orbit."""
        return (max(orbits(self.taps(dim), self.tied)) + 1,)
