"""One large lattice on several threads: every stage is a parallel loop over slabs.

The loops and the slabs are those of a single thread, so results have the same bits for any number of threads.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from latticekit.kernels.cpu import sums
from latticekit.kernels.cpu.blocks import MEMORY, Blocks
from latticekit.kernels.cpu.lanes import lanes
from latticekit.kernels.cpu.loops import loops
from latticekit.kernels.cpu.random import filler
from latticekit.kernels.cpu.target import kernel, loop, parallel_range, threads_available, use_threads
from latticekit.kernels.cpu.vector import WORDS

Array = Any
Ints = tuple[int, ...]
each: Any = None
drift: Any = None
kick: Any = None
fill: Any = None
slab_sum: Any = None
total: Any = None
chain_value: Any = None
LARGE = 1 << 15


def worthwhile(b: Blocks) -> bool:
    """Whether a field has fewer blocks than threads, each large enough to be shared."""
    return b.direct and b.cut[1] >= LARGE and b.cut[6] > 1 and b.cut[2] < threads_available()


def _evolve(p: Array, phi: Array, aside: Array, cut: Ints, shape: Ints, schedule: Array, couplings: Array) -> None:
    rows, slabs, slab, linear, cubic = cut[4], cut[6], cut[7] * cut[8], couplings[2], couplings[3]
    for n in range(schedule.shape[0]):
        d, e, g = schedule[n, 0], schedule[n, 1], schedule[n, 2]
        if d != 0.0:
            for s in each(slabs):
                drift(phi, p, s * slab, min((s + 1) * slab, rows), shape, d)
        if e != 0.0 and g != 0.0:
            for s in each(slabs):
                kick(aside, phi, phi, s * slab, min((s + 1) * slab, rows), shape, g, linear, cubic)
            for s in each(slabs):
                kick(p, p, aside, s * slab, min((s + 1) * slab, rows), shape, e, linear, cubic)
        elif e != 0.0:
            for s in each(slabs):
                kick(p, p, phi, s * slab, min((s + 1) * slab, rows), shape, e, linear, cubic)


def _fill(out: Array, words: Array, stream: int, pieces: int, piece: int) -> None:
    for n in each(pieces):
        fill(out, 0, out.size, words, stream, n * piece, (n + 1) * piece)


def _sum(field: Array, table: Array, cut: Ints, shape: Ints, mass_squared: float, coupling: float) -> float:
    rows, slabs, slab, w = cut[4], cut[6], cut[7] * cut[8], lanes(field)
    for s in each(slabs):
        slab_sum(table, s * w, field, s * slab, min((s + 1) * slab, rows), shape, mass_squared, coupling)
    total(table, 0, slabs, w)
    return chain_value(table, 0, 0, 1, w)


@lru_cache
def _kernel(kind: str, dim: int, char: str) -> Any:
    use, around = loops(dim, False), {"each": parallel_range(True)}
    if kind == "evolve":
        return kernel(_evolve, True, **around, drift=use.drift, kick=use.kick)
    if kind == "momenta":
        return kernel(_fill, True, **around, fill=filler("normal", char))
    reduce = {"total": loop(sums.total), "chain_value": loop(sums.chain_value)}
    return kernel(_sum, True, **around, **reduce, slab_sum=getattr(use, kind))


class Chain:
    """One chain of a wide field: its trajectory and sums, in place."""

    def __init__(self, b: Blocks, phi: Array, p: Array) -> None:
        self.b, self.phi, self.p, self.dtype = b, phi, p, phi.dtype
        use_threads()
        work, tables = MEMORY.arrays(b, phi.dtype, 1)
        self.aside, self.table = work[0, 2], tables[0]

    def run(self, kind: str, *args: Any) -> Any:
        return _kernel(kind, self.b.dim, self.dtype.char)(*args)

    def evolve(self, schedule: Array, couplings: Array) -> None:
        """The trajectory."""
        self.run("evolve", self.p, self.phi, self.aside, self.b.cut, self.b.shape, schedule, couplings)

    def draw(self, words: Array, stream: int) -> None:
        """Momenta."""
        pieces = self.b.cut[6]
        piece = -(-self.b.cut[1] // (2 * pieces * WORDS)) * WORDS
        self.run("momenta", self.p, words, stream, pieces, piece)

    def action(self, couplings: Array) -> float:
        """S(phi)."""
        return self.run("action", self.phi, self.table, self.b.cut, self.b.shape, couplings[0], couplings[1])

    def kinetic(self) -> float:
        """p.p"""
        return self.run("kinetic", self.p, self.table, self.b.cut, self.b.shape, 1.0, 0.0)
