"""Which links move, and which loops may be asked about it: sub-lattices of links, and closed paths that avoid them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from latticekit.arrays import namespace
from latticekit.fields import Path, planes, rectangle_path
from latticekit.lattice import shift

Array = Any
Place = tuple[int, int]
"""Column and row of a site, counted from an active one: along mu and along nu."""
Loops = tuple[tuple[Path, Place], ...]
"""Closed paths, each with the place in every cell where it begins; the same paths stand together."""


class Rectangle(NamedTuple):
    """A loop of `length` links along mu and `height` along nu, at one place of every cell or (None) at all of them."""

    length: int
    height: int
    place: Place | None = None


PLAQUETTE = Rectangle(1, 1)
FROZEN_LOOPS = (PLAQUETTE, Rectangle(2, 1), Rectangle(1, 2), Rectangle(2, 2))
"""What a context is made of, unless said otherwise."""


@dataclass(frozen=True)
class Rows:
    """Active are the links U_mu(x) with x_nu = offset modulo period; everything else is frozen.

    The active plaquette of such a link lies above it, in the plane (mu, nu); the one below is passive; with period 4,
    those of the next two rows are frozen (Kanwar et al., 2003.06413).  In any dimension the active links
    fill hyperplanes, and no two of them share an active plaquette.  With a stride, only those with x_mu = column
    modulo stride are active.  There is one active link per cell of stride x period sites; what belongs to one place
    of every cell is an array over `cells`.
    """

    mu: int
    nu: int
    offset: int = 0
    period: int = 4
    column: int = 0
    stride: int = 1

    def __post_init__(self) -> None:
        if self.mu == self.nu or min(self.mu, self.nu) < 0:
            raise ValueError(f"rows need two different directions, got mu = {self.mu}, nu = {self.nu}")
        for name, at, every in (("offset", self.offset, self.period), ("column", self.column, self.stride)):
            if not 0 <= at < every:
                raise ValueError(f"the {name} of active links must lie in 0, ..., {every - 1}, got {at}")

    def cells(self, sites: tuple[int, ...]) -> tuple[int, ...]:
        """Number of cells along every axis.  Raises ValueError where they do not fill the lattice."""
        if max(self.mu, self.nu) >= len(sites):
            raise ValueError(f"rows in the plane ({self.mu}, {self.nu}) need more directions than {sites} has")
        steps = self._steps(len(sites))
        for mu, (n, step) in enumerate(zip(sites, steps)):
            if n % step:
                raise ValueError(
                    f"the extent along direction {mu} must be a multiple of {step}, the distance of active links: "
                    f"got {n} in {sites}"
                )
        return tuple(n // step for n, step in zip(sites, steps))

    def frozen(self, path: Path, place: Place = (0, 0)) -> bool:
        """Whether a path that begins at a place has no active link."""
        at = {self.mu: place[0], self.nu: place[1]}
        for step in path:
            along, sign = (step, 1) if step >= 0 else (~step, -1)
            if along == self.mu:
                column = at[self.mu] if sign > 0 else at[self.mu] - 1
                if at[self.nu] % self.period == 0 and column % self.stride == 0:
                    return False
            if along in at:
                at[along] += sign
        return True

    def holds(self, path: Path) -> bool:
        """Whether a path stays in the plane (mu, nu)."""
        return all(max(step, ~step) in (self.mu, self.nu) for step in path)

    def context(self, dim: int, rectangles: tuple[Rectangle, ...] = FROZEN_LOOPS) -> Loops:
        """Every frozen rectangle: those at a place of their own in the plane (mu, nu), the others in all planes.

        In planes other than (mu, nu) the length is that along the lower direction.
        """
        own = {self.mu, self.nu}
        pairs = [(self.mu, self.nu), *(pair for pair in planes(dim) if set(pair) != own)]
        anywhere = [(column, row) for column in range(self.stride) for row in range(self.period)]
        found: list[tuple[Path, Place]] = []
        for n, pair in enumerate(pairs):
            for length, height, place in rectangles:
                path = rectangle_path(*pair, length, height)
                if place is None or n == 0:
                    places = anywhere if place is None else [(place[0], place[1])]
                    found += [(path, at) for at in places if self.frozen(path, at)]
        return tuple(found)

    def take(self, field: Array, place: Place, dim: int) -> Array:
        """The values at one place of every cell.  (..., *sites) -> (..., *cells)"""
        index, turns = self._index(field, place, dim)
        found = field[index]
        for mu, turn in turns.items():
            found = shift(found, mu, turn, dim=dim) if turn else found
        return found

    def put(self, field: Array, place: Place, values: Array, dim: int) -> Array:
        """The field with other values at one place of every cell.  (..., *sites), (..., *cells) -> (..., *sites)"""
        xp = namespace(field)
        index, turns = self._index(field, place, dim)
        for mu, turn in turns.items():
            values = shift(values, mu, -turn, dim=dim) if turn else values
        new = xp.asarray(field, copy=True)
        new[index] = values
        return new

    def replace(self, links: Array, values: Array, dim: int) -> Array:
        """Links with other active ones.  (chain, mu, ..., *sites), (chain, ..., *cells) -> (chain, mu, ..., *sites)"""
        xp, new = namespace(links), self.put(links[:, self.mu, ...], (0, 0), values, dim)
        return xp.stack([new if mu == self.mu else links[:, mu, ...] for mu in range(links.shape[1])], axis=1)

    def _steps(self, dim: int) -> list[int]:
        """Distance of active links along every axis."""
        return [self.stride if mu == self.mu else self.period if mu == self.nu else 1 for mu in range(dim)]

    def _index(self, field: Array, place: Place, dim: int) -> tuple[tuple[slice, ...], dict[int, int]]:
        """Slices of the sites at a place, and by how many cells they are turned along mu and nu."""
        slices, turns = [slice(None)] * field.ndim, {}
        for mu, first, step in (
            (self.mu, self.column + place[0], self.stride),
            (self.nu, self.offset + place[1], self.period),
        ):
            turns[mu], start = divmod(first, step)
            slices[field.ndim - dim + mu] = slice(start, None, step)
        return tuple(slices), turns


def sweep(dim: int, period: int = 4) -> tuple[Rows, ...]:
    """Masks that move every link once in each of its planes: 4 x 2 in two dimensions, 4 D (D - 1) in D.

    Rows go down, so that passive plaquettes are those that have not been active yet.
    """
    pairs = [(mu, nu) for mu in range(dim) for nu in range(dim) if mu != nu]
    return tuple(Rows(mu, nu, -n % period, period) for mu, nu in pairs for n in range(period))


class Halving(NamedTuple):
    """One step of `halvings`: active links, the half block above each, the whole block around each."""

    rows: Rows
    half: Rectangle
    whole: Rectangle


def halvings(sites: tuple[int, int]) -> tuple[Halving, ...]:
    """Cuts of a torus into blocks of half the size, down to plaquettes; extents must be powers of two.

    The longer side is halved.  One link between the two halves of every block is active; it moves flux from one half
    to the other, and nothing else changes.
    """
    if len(sites) != 2 or any(n < 2 or n & (n - 1) for n in sites):
        raise ValueError(f"halvings need two extents that are powers of two, got {sites}")
    block, found = list(sites), []
    while max(block) > 1:
        nu = 0 if block[0] >= block[1] else 1
        mu, half = 1 - nu, block[nu] // 2
        rows = Rows(mu, nu, half, block[nu], 0, block[mu])
        whole = Rectangle(block[mu], block[nu], (0, -half))
        found.append(Halving(rows, Rectangle(block[mu], half, (0, 0)), whole))
        block[nu] = half
    return tuple(found)
