"""Residual updates of SU(N) links on NumPy arrays (references: `latticekit.flows.gauge.residual_update`)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from latticekit.kernels.cpu.blocks import MEMORY, aligned
from latticekit.kernels.cpu.gauge import algebra_of, supported
from latticekit.kernels.cpu.links import layout
from latticekit.kernels.cpu.phi4 import flat, frozen
from latticekit.kernels.cpu.residual_runs import places, run
from latticekit.kernels.cpu.target import threads_for

Array = Any
LARGEST = 3
"""Colours up to which kernels are compiled."""


def covered(x: Array, move: Any) -> bool:
    """Whether the kernels take this update: plaquettes, parity, no window."""
    plain = move.loops == ("plaquette",) and move.links.modulus == 2 and not move.links.window
    return plain and supported(x) and x.shape[2] <= LARGEST and not any(n % 2 for n in x.shape[4:])


@lru_cache(maxsize=16)
def _maps(tables: Any, char: str) -> Any:
    """q, H, ad as sparse maps of rows of M and q, and their transposes, that of H with its indices exchanged."""
    q, h, ad = tables()
    n, numbers = len(q), np.arange(q.shape[1]).reshape(2, -1).T.reshape(-1)  # re and im of each element together
    q, h = q[:, numbers], h[:, numbers]
    swapped = h.reshape(n, n, -1).transpose(1, 0, 2).reshape(h.shape)
    return tuple(_sparse(one, char) for one in (q, h, ad, q.T, swapped.T, ad.T))


def _sparse(dense: Array, char: str) -> tuple[Array, Array, Array]:
    """Start of every row, columns, values."""
    keep = np.abs(dense) > 1e-14
    start = np.concatenate([[0], np.cumsum(keep.sum(axis=1))])
    found = (start.astype(np.int64), np.nonzero(keep)[1].astype(np.int64), dense[keep].astype(char))
    for one in found:
        one.flags.writeable = False
    return found


class Case:
    """One call: layout, memory and tables."""

    def __init__(self, x: Array, move: Any, theta: Array, phi: Array | None) -> None:
        self.x, self.n, self.real, self.mu = x, x.shape[2], x.real.dtype, move.links.mu
        self.layout = one = layout(x.shape[0], x.shape[4:], self.real.itemsize, 2, 2 * self.n**2)
        self.staples, sites = 2 * (one.dim - 1), one.volume * one.dim
        self.order = one.coloured()[move.links.colour]
        self.scale = move.reach / self.staples
        self.others = 1.0 / (self.n * (self.staples - 1))
        algebra, room = sites * 2 * self.n**2 * one.w, sites * (self.n**2 + 2 * self.n**2 - 1) * one.w
        size = room + places(self.n)["ROOM"] * one.w + 64
        self.threads = threads_for(one.blocks, room)
        self.starts = (0, algebra, room, size, self.staples * (self.staples + 1) * one.w)
        self.work = MEMORY.empty((self.threads * size,), self.real)
        self.tables = tuple(flat(table) for table in (one.hops, one.codes, one.moves, one.undo))
        self.maps = _maps(move.tables(self.n), self.real.char)
        self.coefficients = self._coefficients(theta, phi)

    def _coefficients(self, theta: Array, phi: Array | None) -> Array:
        """theta and phi, averaged, of every lane.  -> flat (blocks, S (S + 1), w)"""
        chains, s = self.x.shape[0], self.staples
        pairs = np.zeros((chains, s, s)) if phi is None else phi * (self.others * (1.0 - np.eye(s)))
        both = np.concatenate([theta, pairs.reshape(chains, -1)], axis=1)
        return np.ascontiguousarray(both[self.layout.lane_chain].transpose(0, 2, 1), self.real).reshape(-1)

    def per_lane(self, weight: Array) -> Array:
        """(chain,) -> flat (blocks, w)"""
        return np.ascontiguousarray(weight[self.layout.lane_chain], self.real).reshape(-1)

    def by_chain(self, lanes: Array) -> Array:
        """Sums over the lanes of each chain, in float64.  (blocks, k, w) -> (chain, k)"""
        one, total = self.layout, np.zeros((self.layout.chains, lanes.shape[1]))
        for block in range(one.blocks):
            filled = one.filled(block)
            np.add.at(total, one.lane_chain[block, :filled], lanes[block, :, :filled].T)
        return total

    def run(self, kind: str, *fields: Array) -> None:
        """The kernel."""
        run(kind, self.n, self.real.char, self.threads > 1)(
            frozen(self.x.reshape(-1).view(self.real)),
            *fields,
            self.work,
            self.starts,
            (self.layout.blocks, self.layout.dim, self.mu),
            self.order,
            self.tables,
            self.maps,
            frozen(self.coefficients),
            self.scale,
            *self.layout.packing,
        )

    def back(self, kind: str, bar: Array, weight: Array) -> tuple[Array, Array]:
        """A field of algebra elements, and cotangents of the coefficients.  -> algebra, (chain, S (S + 1))"""
        out, one = MEMORY.empty(bar.shape, bar.dtype), self.layout
        bars = np.zeros((one.blocks, self.staples * (self.staples + 1), one.w), self.real)
        self.run(kind, flat(bar), out.reshape(-1), self.per_lane(weight), bars.reshape(-1))
        return out, self.by_chain(bars)


def apply(x: Array, move: Any, theta: Array, phi: Array | None) -> Any:
    """Active links moved, and log_det."""
    if not covered(x, move):
        return NotImplemented
    case, out = Case(x, move, theta, phi), MEMORY.empty(x.shape, x.dtype)
    log_det = aligned((case.layout.blocks, 1, case.layout.w), np.float64)
    log_det[...] = 0.0
    case.run("apply", out.reshape(-1).view(case.real), log_det.reshape(-1))
    return out, case.by_chain(log_det)[:, 0]


def vjp(x: Array, move: Any, theta: Array, phi: Array | None, y_bar: Array, weight: Array) -> Any:
    """Cotangents of links, theta and phi."""
    if not covered(x, move) or not algebra_of(x, y_bar):
        return NotImplemented
    case = Case(x, move, theta, phi)
    x_bar, bars = case.back("vjp", y_bar, weight)
    s = case.staples
    theta_bar, phi_bar = bars[:, :s].astype(case.real), bars[:, s:].reshape(-1, s, s) * case.others
    return x_bar, theta_bar, None if phi is None else phi_bar.astype(case.real)


def solve(x: Array, move: Any, theta: Array, phi: Array | None, zeta: Array, weight: Array) -> Any:
    """zeta carried forward at active links."""
    if not covered(x, move) or not algebra_of(x, zeta):
        return NotImplemented
    return Case(x, move, theta, phi).back("solve", zeta, weight)[0]
