"""SU(N) gauge fields on NumPy arrays: action, force, trajectories, plaquettes (references: `latticekit.actions.gauge`).

U(1) angles are passed on to `u1_gauge`.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from latticekit.kernels.cpu import u1_gauge
from latticekit.kernels.cpu.blocks import MEMORY, aligned
from latticekit.kernels.cpu.gauge_runs import run
from latticekit.kernels.cpu.links import Layout, layout
from latticekit.kernels.cpu.phi4 import flat, frozen, plain, table
from latticekit.kernels.cpu.target import threads_for

Array = Any
LARGEST = 6
"""Colours up to which kernels are compiled."""


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
    return supported(x) and action.c1 == 0 and action.group.n == x.shape[2]


class Case:
    """One call: layout, memory and tables of a field."""

    def __init__(self, x: Array) -> None:
        self.x, self.n, self.real = x, x.shape[2], x.real.dtype
        self.layout = lattice = layout(x.shape[0], x.shape[4:], self.real.itemsize, numbers=2 * self.n**2)
        self.threads = threads_for(lattice.blocks, lattice.volume * lattice.w * 8)
        self.geometry = (lattice.volume, lattice.blocks, lattice.dim)
        self.steps = tuple(flat(one) for one in (lattice.hops, lattice.codes, lattice.undo, lattice.moves))

    def work(self, numbers: int, copies: int = 1) -> Array:
        """(threads, copies, numbers per link and block), and ghost sites; cache lines do not share a set."""
        lattice = self.layout
        size = (
            lattice.volume + lattice.dim
        ) * lattice.dim * numbers * lattice.w + 1088 // self.real.itemsize // 16 * 16
        return MEMORY.empty((self.threads, copies, size), self.real)

    def links(self, copies: int = 1) -> Array:
        """Room for links."""
        return self.work(2 * self.n**2, copies)

    def momenta(self, copies: int = 1) -> Array:
        """Room for algebra elements."""
        return self.work(self.n**2 - 1, copies)

    def temp(self) -> Array:
        """Room for four matrices."""
        return aligned((self.threads, 8 * self.n**2 * self.layout.w), self.real)

    def run(self, kind: str, *args: Any) -> None:
        """The kernel."""
        run(kind, self.n, self.threads > 1)(*args, *self.layout.packing)

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


@lru_cache(maxsize=16)
def _weights(action: Any, factor: float, lattice: Layout, real: Any) -> tuple[Array, int]:
    return weights(action.couplings(lattice.sites), factor, lattice, real)


def force(x: Array, action: Any) -> Any:
    """F = -dS.  field -> algebra"""
    if x.dtype.kind == "f":
        return u1_gauge.force(x, action)
    if not covered(x, action):
        return NotImplemented
    case = Case(x)
    out = MEMORY.empty((*x.shape[:2], case.n**2 - 1, *x.shape[4:]), case.real)
    work = (case.links(), case.momenta(), case.temp())
    factors = _weights(action, -0.5 / case.n, case.layout, case.real)
    case.run("force", case.numbers(), out.reshape(-1), work, *factors, case.geometry, case.steps)
    return out


def evolve(x: Array, p: Array, action: Any, schedule: Any) -> Any:
    """Molecular-dynamics trajectory, all links moving, which end on the group.  field, algebra -> the same"""
    if x.dtype.kind == "f":
        return u1_gauge.evolve(x, p, action, schedule)
    if not covered(x, action) or action.held or not algebra_of(x, p):
        return NotImplemented
    case, stages = Case(x), table(schedule)
    copies = 2 if stages[:, 2].any() else 1
    out, p_out = MEMORY.empty(x.shape, x.dtype), MEMORY.empty(p.shape, p.dtype)
    work = (case.links(copies), case.momenta(copies), case.temp())
    factors = _weights(action, -0.5 / case.n, case.layout, case.real)
    fields = (case.numbers(), flat(p), out.reshape(-1).view(case.real), p_out.reshape(-1))
    case.run("evolve", *fields, work, *factors, stages, case.geometry, case.steps)
    return out, p_out


def _sums(x: Array, factors: tuple[Array, int], case: Case) -> Array:
    """Weighted sums of Re tr P.  -> float64 (chain, planes)"""
    planes = case.layout.dim * (case.layout.dim - 1) // 2
    out = np.zeros((x.shape[0], planes))
    work = (case.links(), aligned((case.threads, planes * case.layout.w), np.float64), case.temp())
    case.run("sums", case.numbers(), out, work, *factors, case.geometry, case.steps)
    return out


def value(x: Array, action: Any) -> Any:
    """S, summed in float64.  field -> (chain,)"""
    if x.dtype.kind == "f":
        return u1_gauge.value(x, action)
    if not covered(x, action):
        return NotImplemented
    case = Case(x)
    return _sums(x, _weights(action, -1.0 / case.n, case.layout, case.real), case).sum(axis=1)


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
    case.run("translate", case.numbers(), flat(v), out.reshape(-1).view(case.real), work, case.geometry)
    return out


def project(u: Array) -> Any:
    """Nearest special unitary matrices, for links close to the group.  field -> field"""
    if not supported(u):
        return NotImplemented
    case, out = Case(u), MEMORY.empty(u.shape, u.dtype)
    far = np.zeros(case.layout.blocks)
    case.run(
        "project", case.numbers(), out.reshape(-1).view(case.real), far, (case.links(), case.temp()), case.geometry
    )
    return NotImplemented if far.any() else out
