"""Maps of the fundamental cell of SU(2) and SU(3) spectra, coordinate by coordinate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from latticekit.arrays import namespace
from latticekit.flows.gauge.eigen import ordered, shortest
from latticekit.flows.gauge.monotone import MonotoneMap
from latticekit.flows.gauge.periodic_spline import PeriodicSpline
from latticekit.flows.gauge.spectrum import Spectra, pairs

Array = Any
_TURN = 2 * math.pi
_SPLINE = PeriodicSpline(8)


class Cell(NamedTuple):
    """Where eigenphases lie: sorted, theta_1 >= ... >= theta_N, theta_1 - theta_N < 2 pi, sum 0."""

    phases: Array
    """In the order of the eigenvectors.  (chain, N, *n)"""
    order: Array
    """1 where eigenphase i is number a.  (chain, i, a, *n)"""
    at: list[Array]
    """u, and v for N = 3.  (chain, *n)"""


class Moved(NamedTuple):
    """The coordinates on their way: images, slopes, d log slope of each; parameters of the second and d/du of them."""

    to: list[Array]
    slope: list[Array]
    bend: list[Array]
    p: list[Array]
    drift: Array


@dataclass(frozen=True)
class CellMap(Spectra):
    """theta -> theta' of spectra of SU(2), SU(3) within their fundamental cell, by monotone maps of its coordinates.

    u = (theta_1 - theta_N)/2 pi of the sorted phases, and for N = 3 v = (theta_1 - theta_2)/(theta_1 - theta_3), both
    between 0 and 1: u' = h(u; p), v' = h(v; p_0 + p_1 T_1(2u - 1) + ... + p_k T_k(2u - 1)), k = degree.  A triangular
    map: it can take any density of spectra to any other.  Walls of the cell stay walls, so the map of matrices is
    continuous; across walls its derivative may jump, so it is no layer for HMC through a flow.
    Parameters (chain, size, *n).  After the canonical cell of Boyda et al., 2008.05456.
    """

    n: int = 3
    map: MonotoneMap = _SPLINE
    degree: int = 2

    def __post_init__(self) -> None:
        if self.n not in (2, 3):
            raise ValueError(f"CellMap knows the cells of SU(2) and SU(3), got n = {self.n}: use SpectralMap")
        if self.degree < 0:
            raise ValueError(f"degree must not be negative, got {self.degree}")

    @property
    def size(self) -> int:
        """Those of u, and degree + 1 times as many of v."""
        return self.map.size * (1 if self.n == 2 else self.degree + 2)

    def apply(self, theta: Array, p: Array) -> tuple[Array, Array]:
        """theta' and the log-Jacobian by Haar measure: log h' of u and v, log u'/u, 2 log sin(gap'/2)/sin(gap/2)."""
        xp, cell = namespace(theta), self._cell(theta)
        moved = self._moved(cell, p)
        total = sum((xp.log(one) for one in moved.slope[1:]), xp.log(moved.slope[0]))
        if self.n == 3:
            total = total + xp.log(_quotient(moved.to[0], cell.at[0], moved.slope[0]))
        for ratio in self._sorted_ratios(cell, moved).values():
            total = total + 2.0 * xp.log(ratio)
        return _unsorted(_phases(moved.to), cell), total

    def change(self, theta: Array, p: Array) -> tuple[Array, dict[tuple[int, int], Array]]:
        """theta' - theta, and sin(gap'/2)/sin(gap/2) of every pair of eigenvectors."""
        cell = self._cell(theta)
        moved = self._moved(cell, p)
        ratios, order = self._sorted_ratios(cell, moved), cell.order
        found: dict[tuple[int, int], Array] = {}
        for i, j in pairs(self.n):
            found[i, j] = sum(
                (order[:, i, a, ...] * order[:, j, b, ...] + order[:, i, b, ...] * order[:, j, a, ...]) * ratio
                for (a, b), ratio in ratios.items()
            )
        return _unsorted(_phases(moved.to), cell) - cell.phases, found

    def inverse(self, theta: Array, p: Array) -> Array:
        """theta of a given theta': u first, then v given u."""
        cell = self._cell(theta)
        own, size = _first(p, self.map.size), self.map.size
        found = [_unscaled(self.map.inverse(_scaled(cell.at[0]), own)[0])]
        if self.n == 3:
            given = _mixed(found[0], p[:, size:, ...], size)[0]
            found.append(_unscaled(self.map.inverse(_scaled(cell.at[1]), given)[0]))
        return _unsorted(_phases(found), cell)

    def vjp(self, theta: Array, p: Array, theta_bar: Array, l_bar: Array) -> tuple[Array, Array]:
        """Cotangents of theta and p, from those of theta' and of the log-Jacobian.  l_bar: (chain, 1, ...)"""
        xp, cell, weight = namespace(theta), self._cell(theta), l_bar[:, 0, ...]
        moved = self._moved(cell, p)
        bars = _sorted(theta_bar, cell)
        push, pull = self._gaps(_phases(moved.to), weight), self._gaps(_phases(cell.at), weight)
        to_bar = _to_coordinates([bar + one for bar, one in zip(bars, push)], moved.to)
        if self.n == 3:
            to_bar[0] = to_bar[0] + weight / _floored(moved.to[0])
        at_bar = [s * bar + _TURN * weight * b for s, bar, b in zip(moved.slope, to_bar, moved.bend)]
        p_bar = [
            self.map.parameter_vjp(_scaled(x), one, bar * (1.0 / _TURN), weight + 0.0 * x)
            for x, one, bar in zip(cell.at, moved.p, to_bar)
        ]
        if self.n == 3:
            at_bar[0] = at_bar[0] + xp.sum(p_bar[1] * moved.drift, axis=1) - weight / _floored(cell.at[0])
            p_bar[1:] = [p_bar[1] * one[:, None, ...] for one in _chebyshev(cell.at[0], self.degree)[0]]
        back = [bar - one for bar, one in zip(_from_coordinates(at_bar, cell.at), pull)]
        return _unsorted(back, cell), xp.concat(p_bar, axis=1)

    def solve(self, theta: Array, p: Array, theta_bar: Array, l_bar: Array) -> Array:
        """The cotangent of theta', of sum 0, whose `vjp` differs from theta_bar by a constant at most."""
        xp, cell = namespace(theta), self._cell(theta)
        moved = self._moved(cell, p)
        rest = theta_bar - self.vjp(theta, p, 0.0 * theta_bar, l_bar)[0]
        bars = _to_coordinates(_sorted(rest, cell), cell.at)
        if self.n == 3:
            bars[1] = bars[1] / moved.slope[1]
            x = _scaled(cell.at[1])
            p_bar = self.map.parameter_vjp(x, moved.p[1], bars[1] * (1.0 / _TURN), 0.0 * x)
            bars[0] = bars[0] - xp.sum(p_bar * moved.drift, axis=1)
        bars[0] = bars[0] / moved.slope[0]
        return _unsorted(_from_coordinates(bars, moved.to), cell)

    def _cell(self, theta: Array) -> Cell:
        """Coordinates of the shortest phases."""
        xp, n, phases = namespace(theta), self.n, shortest(theta)
        order = ordered(phases)
        low = [xp.sum(order[:, :, a, ...] * phases, axis=1) for a in range(n)]
        at = [xp.clip((low[0] - low[n - 1]) * (1.0 / _TURN), 0.0, 1.0)]
        if n == 3:
            at.append(xp.clip((low[0] - low[1]) / _floored(_TURN * at[0]), 0.0, 1.0))
        return Cell(phases, order, at)

    def _moved(self, cell: Cell, p: Array) -> Moved:
        """The maps of the coordinates with their slopes."""
        size = self.map.size
        given = [_first(p, size)]
        drift = 0.0 * given[0]
        if self.n == 3:
            mixed, drift = _mixed(cell.at[0], p[:, size:, ...], size)
            given.append(mixed)
        x = [_scaled(one) for one in cell.at]
        to = [_unscaled(self.map.apply(one, q)[0]) for one, q in zip(x, given)]
        slopes = [self.map.slopes(one, q) for one, q in zip(x, given)]
        return Moved(to, [s[0] for s in slopes], [s[1] for s in slopes], given, drift)

    def _sorted_ratios(self, cell: Cell, moved: Moved) -> dict[tuple[int, int], Array]:
        """sin(gap'/2)/sin(gap/2) of the sorted phases a < b, positive."""
        xp, old, new = namespace(cell.phases), _phases(cell.at), _phases(moved.to)
        grow = _quotient(moved.to[0], cell.at[0], moved.slope[0])
        close = {(0, self.n - 1): grow}
        if self.n == 3:
            v, w, slope = cell.at[1], moved.to[1], moved.slope[1]
            close[0, 1], close[1, 2] = grow * _quotient(w, v, slope), grow * _quotient(1.0 - w, 1.0 - v, slope)
        found = {}
        for (a, b), limit in close.items():
            gap, image = 0.5 * (old[a] - old[b]), 0.5 * (new[a] - new[b])
            below, above = xp.sin(gap), xp.sin(image)
            around = _quotient(1.0 - moved.to[0], 1.0 - cell.at[0], moved.slope[0])
            near, one = below < _near(below), xp.ones_like(below)
            edge = xp.where(gap < 1.0, limit, around)
            found[a, b] = xp.where(near, edge, xp.where(near, one, above) / xp.where(near, one, below))
        return found

    def _gaps(self, phases: list[Array], weight: Array) -> list[Array]:
        """weight sum_b cot(gap_ab/2) of the sorted phases, without those that are too near."""
        xp = namespace(weight)
        total = [0.0 * one for one in phases]
        for a, b in pairs(self.n):
            half = 0.5 * (phases[a] - phases[b])
            sine, one = xp.sin(half), xp.ones_like(half)
            near = xp.abs(sine) < _near(sine)
            cotangent = weight * xp.where(near, 0.0 * one, xp.cos(half) / xp.where(near, one, sine))
            total[a], total[b] = total[a] + cotangent, total[b] - cotangent
        return total


def _sorted(values: Array, cell: Cell) -> list[Array]:
    """(chain, N, *n) -> N times (chain, *n), in the order of the phases"""
    return [namespace(values).sum(cell.order[:, :, a, ...] * values, axis=1) for a in range(values.shape[1])]


def _unsorted(values: list[Array], cell: Cell) -> Array:
    """The inverse of `_sorted`."""
    xp = namespace(cell.order)
    return xp.sum(cell.order * xp.stack(values, axis=1)[:, None, ...], axis=2)


def _phases(at: list[Array]) -> list[Array]:
    """Sorted phases of coordinates."""
    if len(at) == 1:
        return [math.pi * at[0], -math.pi * at[0]]
    first, second = _TURN * at[0] * at[1], _TURN * at[0] * (1.0 - at[1])
    return [(2.0 * first + second) / 3.0, (second - first) / 3.0, -(first + 2.0 * second) / 3.0]


def _to_coordinates(bars: list[Array], at: list[Array]) -> list[Array]:
    """Cotangents of the coordinates from those of sorted phases."""
    if len(at) == 1:
        return [math.pi * (bars[0] - bars[1])]
    first, second = (2.0 * bars[0] - bars[1] - bars[2]) / 3.0, (bars[0] + bars[1] - 2.0 * bars[2]) / 3.0
    return [_TURN * (at[1] * first + (1.0 - at[1]) * second), _TURN * at[0] * (first - second)]


def _from_coordinates(bars: list[Array], at: list[Array]) -> list[Array]:
    """Cotangents of sorted phases, of sum 0, from those of the coordinates."""
    each = bars[0] * (1.0 / _TURN)
    if len(at) == 1:
        return [each, -each]
    across = bars[1] / _floored(_TURN * at[0])
    first, second = each + across * (1.0 - at[1]), each - across * at[1]
    return [first, second - first, -second]


def _mixed(u: Array, p: Array, size: int) -> tuple[Array, Array]:
    """Parameters of the second map and their derivatives by u.  (chain, *n), (chain, k size, *n)"""
    parts = [p[:, i : i + size, ...] for i in range(0, p.shape[1], size)]
    values, slopes = _chebyshev(u, len(parts) - 1)
    mixed = sum(part * one[:, None, ...] for part, one in zip(parts, values))
    return mixed, sum(part * one[:, None, ...] for part, one in zip(parts, slopes))


def _first(p: Array, size: int) -> Array:
    """The parameters of the first map, side by side as kernels want them."""
    return namespace(p).asarray(p[:, :size, ...], copy=True)


def _chebyshev(u: Array, degree: int) -> tuple[list[Array], list[Array]]:
    """T_k(2u - 1) and d/du of it, k = 0, ..., degree."""
    x, one = 2.0 * u - 1.0, namespace(u).ones_like(u)
    values, slopes = [one, x], [0.0 * one, 2.0 * one]
    for _ in range(2, degree + 1):
        slopes.append(2.0 * x * slopes[-1] + 4.0 * values[-1] - slopes[-2])
        values.append(2.0 * x * values[-1] - values[-2])
    return values[: degree + 1], slopes[: degree + 1]


def _quotient(above: Array, below: Array, limit: Array) -> Array:
    """above / below, near 0 their limit."""
    xp = namespace(below)
    near, one = below < _near(below), xp.ones_like(below)
    return xp.where(near, limit, xp.where(near, one, above) / xp.where(near, one, below))


def _near(x: Array) -> float:
    """Below this, quotients of gaps and coordinates are their limits: where rounding and that error meet."""
    return float(namespace(x).finfo(x.dtype).eps) ** 0.4


def _floored(x: Array) -> Array:
    """x, but not 0."""
    xp = namespace(x)
    return xp.where(x < _near(x), xp.full_like(x, _near(x)), x)


def _scaled(u: Array) -> Array:
    """[0, 1] -> [-pi, pi]"""
    return _TURN * u - math.pi


def _unscaled(x: Array) -> Array:
    """The inverse of `_scaled`."""
    xp = namespace(x)
    return xp.clip((x + math.pi) * (1.0 / _TURN), 0.0, 1.0)
