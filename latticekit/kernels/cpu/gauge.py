"""SU(N) gauge fields on NumPy arrays: action, force, trajectories, plaquettes (references: `latticekit.actions.gauge`).

U(1) angles are passed on to `u1_gauge`.
"""

from __future__ import annotations

import itertools
import math
from functools import lru_cache
from typing import Any

import numpy as np

from latticekit.kernels.cpu import u1_gauge
from latticekit.kernels.cpu.blocks import CACHE, MEMORY, aligned
from latticekit.kernels.cpu.gauge_rectangles import PLACES
from latticekit.kernels.cpu.gauge_runs import run
from latticekit.kernels.cpu.gauge_slabs import plan_of
from latticekit.kernels.cpu.links import Layout, layout
from latticekit.kernels.cpu.phi4 import flat, frozen, plain, table
from latticekit.kernels.cpu.target import threads_for

Array = Any
LARGEST = 6
"""Colours up to which kernels are compiled."""
SLABS = 16
"""Pieces of a large block at most."""


def supported(x: Array) -> bool:
    """Whether the kernels take these links: complex (chain, mu, N, N, *sites), 2 to 4 dimensions."""
    if x.ndim < 6 or x.ndim > 8 or x.dtype.char not in "FD" or not plain(x, x.dtype) or not x.size:
        return False
    return x.shape[1] == x.ndim - 4 and x.shape[2] == x.shape[3] and 2 <= x.shape[2] <= LARGEST


def algebra_of(x: Array, p: Array) -> bool:
    """Whether p is an algebra field for these links."""
    return plain(p, x.real.dtype) and p.shape == (*x.shape[:2], x.shape[2] ** 2 - 1, *x.shape[4:])


def covered(x: Array, action: Any) -> bool:
    """Whether the kernels know this action on these links."""
    return supported(x) and action.group.n == x.shape[2]


def row_of(one: Layout, shared: bool) -> int:
    """Outer sites in a row of the field: as many as can be, within a slice if it is shared, rows even in number."""
    row = one.outer[-1]
    for d in range(one.dim - 2, -1 + shared, -1):
        if one.splits[d + 1] > 1:
            break
        row *= one.outer[d]
    return row // 2 if one.volume // row % 2 and row % 2 == 0 else row


class Case:
    """One call: layout, slabs, memory and tables of a field."""

    def __init__(self, x: Array, rectangles: bool = False) -> None:
        self.x, self.n, self.real, self.rectangles = x, x.shape[2], x.real.dtype, rectangles
        self.layout = one = layout(x.shape[0], x.shape[4:], self.real.itemsize, numbers=2 * self.n**2)
        slices = one.outer[0]
        whole = one.volume * one.dim * 2 * self.n**2 * one.w * one.itemsize < CACHE
        slab = one.volume // slices * (slices if whole else -(-slices // SLABS))
        threads = threads_for(max(one.blocks, one.volume // (2 * slab)), one.volume * one.w * 8)
        self.shared = one.blocks < threads
        self.threads, within = (1, threads) if self.shared else (threads, 1)
        sheet = math.prod(sorted(one.outer)[-2:])
        self.geometry = (one.volume, one.blocks, one.dim, within, sheet)
        self.plan = plan_of(one, slab, within)
        self.packing = one.packing[0], (math.prod(one.sites), one.dim, row_of(one, self.shared))
        self.steps = tuple(flat(table) for table in (one.hops, one.codes, one.undo, one.moves))

    def work(self, numbers: int, copies: int = 1, more: int = 0) -> Array:
        """(threads, copies, numbers per link and block), with ghost sites; cache lines do not share a set."""
        volume, _, dim, within, _ = self.geometry
        size = ((volume + dim * within) * dim * numbers + within * more) * self.layout.w
        return MEMORY.empty((self.threads, copies, size + 1088 // self.real.itemsize // 16 * 16), self.real)

    def links(self, copies: int = 1) -> Array:
        """Room for links, and for dressed ones of a sheet if there are rectangles."""
        return self.work(2 * self.n**2, copies, self.rectangles * (2 * self.geometry[-1] + PLACES) * 2 * self.n**2)

    def momenta(self, copies: int = 1) -> Array:
        """Room for algebra elements."""
        return self.work(self.n**2 - 1, copies)

    def temp(self) -> Array:
        """Room for four matrices."""
        return aligned((self.threads, self.geometry[3], 8 * self.n**2 * self.layout.w), self.real)

    def run(self, kind: str, *args: Any) -> None:
        """The kernel."""
        run(kind, self.n, self.rectangles, self.shared, self.threads > 1)(*args, *self.packing)

    def numbers(self) -> Array:
        """The links as real numbers."""
        return frozen(self.x.reshape(-1).view(self.real))


def weights(couplings: Array, factor: float, lattice: Layout, real: Any) -> tuple[Array, int]:
    """Couplings times a factor as vectors (outer site, plane, lane), and planes per site: 0 if all sites are alike."""
    planes, volume = len(couplings), math.prod(lattice.sites)
    if couplings.size == planes:
        found, pitch = np.broadcast_to(couplings.reshape(1, planes, 1), (1, planes, lattice.w)), 0
    else:
        at = (lattice.first_site[:, None] + lattice.lane_site).astype(np.int64)
        found, pitch = couplings.reshape(planes, volume)[:, at].transpose(1, 0, 2), planes
    out = aligned(found.shape, real)
    out[...] = found * factor
    return flat(out), pitch


def couplings(action: Any, lattice: Layout) -> Array:
    """Coupling / N of each plaquette and, where the action has them, of the rectangles that share its links."""
    dim = lattice.dim
    found = [one for _, one in action.loops(np.broadcast_to(np.zeros(()), (1, dim, *lattice.sites)))]
    if action.c1 == 0:
        return np.stack(found)
    rows, pairs = [], itertools.combinations(range(dim), 2)
    for plane, (mu, nu) in enumerate(pairs):
        across, along = found[math.comb(dim, 2) + 2 * plane :][:2]
        rows += [found[plane], np.roll(across, 1, mu), across, np.roll(along, 1, nu), along]
    return np.stack(rows)


@lru_cache(maxsize=16)
def _weights(action: Any, factor: float, lattice: Layout, real: Any) -> tuple[Array, int]:
    return weights(couplings(action, lattice), factor, lattice, real)


def force(x: Array, action: Any) -> Any:
    """F = -dS.  field -> algebra"""
    if x.dtype.kind == "f":
        return u1_gauge.force(x, action)
    if not covered(x, action):
        return NotImplemented
    case = Case(x, action.c1 != 0)
    out = MEMORY.empty((*x.shape[:2], case.n**2 - 1, *x.shape[4:]), case.real)
    work = (case.links(), case.momenta(), case.temp())
    factors = _weights(action, -0.5, case.layout, case.real)
    case.run("force", case.numbers(), out.reshape(-1), work, *factors, case.geometry, case.plan, case.steps)
    return out


def evolve(x: Array, p: Array, action: Any, schedule: Any) -> Any:
    """Molecular-dynamics trajectory, all links moving, which end on the group.  field, algebra -> the same"""
    if x.dtype.kind == "f":
        return u1_gauge.evolve(x, p, action, schedule)
    if not covered(x, action) or action.held or not algebra_of(x, p):
        return NotImplemented
    case, stages = Case(x, action.c1 != 0), table(schedule)
    copies = 2 if stages[:, 2].any() else 1
    out, p_out = MEMORY.empty(x.shape, x.dtype), MEMORY.empty(p.shape, p.dtype)
    work = (case.links(copies), case.momenta(copies), case.temp())
    factors = _weights(action, -0.5, case.layout, case.real)
    fields = (case.numbers(), flat(p), out.reshape(-1).view(case.real), p_out.reshape(-1))
    case.run("evolve", *fields, work, *factors, stages, case.geometry, case.plan, case.steps)
    return out, p_out


def _sums(x: Array, factors: tuple[Array, int], case: Case) -> Array:
    """Weighted sums of Re tr P.  -> float64 (chain, planes)"""
    planes = case.layout.dim * (case.layout.dim - 1) // 2
    out = np.zeros((x.shape[0], planes))
    work = (
        case.links(),
        aligned((case.threads, (case.plan[3].size - 1) * planes * case.layout.w), np.float64),
        case.temp(),
    )
    case.run("sums", case.numbers(), out, work, *factors, case.geometry, case.plan, case.steps)
    return out


def value(x: Array, action: Any) -> Any:
    """S, summed in float64.  field -> (chain,)"""
    if x.dtype.kind == "f":
        return u1_gauge.value(x, action)
    if not covered(x, action):
        return NotImplemented
    case = Case(x, action.c1 != 0)
    return _sums(x, _weights(action, -1.0, case.layout, case.real), case).sum(axis=1)


def plane_averages(x: Array) -> Any:
    """Mean of Re tr P / N over sites, per plane, float64.  field -> (chain, planes)"""
    if x.dtype.kind == "f":
        return u1_gauge.plane_averages(x)
    if not supported(x):
        return NotImplemented
    case, planes = Case(x), x.shape[1] * (x.shape[1] - 1) // 2
    ones = weights(np.ones((planes, 1)), 1.0, case.layout, case.real)
    return _sums(x, ones, case) / (case.n * math.prod(x.shape[4:]))


def translate(u: Array, v: Array, group: Any) -> Any:
    """exp(i v_a T_a) u.  field, algebra -> field"""
    if not supported(u) or not algebra_of(u, v):
        return NotImplemented
    case, out = Case(u), MEMORY.empty(u.shape, u.dtype)
    work = (case.links(), case.momenta(), case.temp())
    case.run("translate", case.numbers(), flat(v), out.reshape(-1).view(case.real), work, case.geometry, case.plan)
    return out


def project(u: Array) -> Any:
    """Nearest special unitary matrices, for links close to the group.  field -> field"""
    if not supported(u):
        return NotImplemented
    case, out = Case(u), MEMORY.empty(u.shape, u.dtype)
    far = np.zeros(case.layout.blocks)
    case.run(
        "project",
        case.numbers(),
        out.reshape(-1).view(case.real),
        far,
        (case.links(), case.temp()),
        case.geometry,
        case.plan,
    )
    return NotImplemented if far.any() else out
