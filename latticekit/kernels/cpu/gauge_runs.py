"""The kernels of SU(N) gauge fields: block after block, pack, work, unpack.

Arguments shared by all: `work`, a row per thread, each with room for copies of links or momenta; `geometry` =
(outer sites, blocks, dim); `tables` of `gauge_md`, `pack_tables` and `shape` of `gauge_packing`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from latticekit.kernels.cpu import gauge_lanes, gauge_md
from latticekit.kernels.cpu.checkerboard import borrowed
from latticekit.kernels.cpu.gauge_lanes import LINKS
from latticekit.kernels.cpu.gauge_packing import packing
from latticekit.kernels.cpu.lanes import lanes
from latticekit.kernels.cpu.target import kernel, loop, parallel_range, thread_of
from latticekit.kernels.site import su_exp, su_project

Array = Any
Ints = tuple[int, ...]
N = 3
each: Any = None
thread: Any = None
pack_links: Any = None
unpack_links: Any = None
pack_algebra: Any = None
unpack_algebra: Any = None
kick: Any = None
drift: Any = None
settle: Any = None
plaquettes: Any = None
clear: Any = None
trajectory: Any = None


def _trajectory(
    u: Array, p: Array, temp: Array, weights: Array, pitch: int, schedule: Array, geometry: Ints, tables: Any
) -> None:
    """Every (drift, kick, gradient) of a schedule; rows of u and p: the field, and copies for gradients."""
    volume, _, dim = geometry
    every = (0, volume)
    for n in range(schedule.shape[0]):
        d, e, g = schedule[n, 0], schedule[n, 1], schedule[n, 2]
        if d != 0.0:
            drift(u[0], u[0], p[0], temp, d, 0, volume * dim)
        if e != 0.0 and g != 0.0:
            clear(p[1], 0, (volume + dim) * dim * (N * N - 1))
            kick(p[1], u[0], temp, weights, pitch, g, every, volume, dim, tables)
            drift(u[1], u[0], p[1], temp, 1.0, 0, volume * dim)
            kick(p[0], u[1], temp, weights, pitch, e, every, volume, dim, tables)
        elif e != 0.0:
            kick(p[0], u[0], temp, weights, pitch, e, every, volume, dim, tables)


def _evolve(
    x: Array,
    p: Array,
    x_out: Array,
    p_out: Array,
    work: Any,
    weights: Array,
    pitch: int,
    schedule: Array,
    geometry: Ints,
    tables: Any,
    pack_tables: Any,
    shape: Ints,
) -> None:
    volume, blocks, dim = geometry
    for block in each(blocks):
        me = thread()
        u, q, temp = borrowed(work[0][me]), borrowed(work[1][me]), borrowed(work[2][me])
        pack_links(u[0], 0, x, block, pack_tables, shape, N * N)
        pack_algebra(q[0], 0, p, block, pack_tables, shape, N * N - 1)
        clear(q[0], volume * dim * (N * N - 1) * lanes(x), dim * dim * (N * N - 1))
        trajectory(u, q, temp, weights, pitch, schedule, geometry, tables)
        settle(u[0], temp, 0, volume * dim)
        unpack_links(x_out, u[0], 0, block, pack_tables, shape, N * N)
        unpack_algebra(p_out, q[0], 0, block, pack_tables, shape, N * N - 1)


def _force(
    x: Array,
    out: Array,
    work: Any,
    weights: Array,
    pitch: int,
    geometry: Ints,
    tables: Any,
    pack_tables: Any,
    shape: Ints,
) -> None:
    volume, blocks, dim = geometry
    for block in each(blocks):
        me = thread()
        u, q, temp = borrowed(work[0][me]), borrowed(work[1][me]), borrowed(work[2][me])
        pack_links(u[0], 0, x, block, pack_tables, shape, N * N)
        clear(q[0], 0, (volume + dim) * dim * (N * N - 1))
        kick(q[0], u[0], temp, weights, pitch, 1.0, (0, volume), volume, dim, tables)
        unpack_algebra(out, q[0], 0, block, pack_tables, shape, N * N - 1)


def _sums(
    x: Array,
    out: Array,
    work: Any,
    weights: Array,
    pitch: int,
    geometry: Ints,
    tables: Any,
    pack_tables: Any,
    shape: Ints,
) -> None:
    volume, blocks, dim = geometry
    lane_chain, _, _, filled = pack_tables
    w = lanes(x)
    for block in each(blocks):
        me = thread()
        u, sums, temp = borrowed(work[0][me]), borrowed(work[1][me]), borrowed(work[2][me])
        pack_links(u[0], 0, x, block, pack_tables, shape, N * N)
        sums[:] = 0.0
        plaquettes(sums, 0, u[0], temp, weights, pitch, (0, volume), volume, dim, tables)
        for lane in range(filled[block]):
            for plane in range(out.shape[1]):
                out[lane_chain[block * w + lane], plane] += sums[plane * w + lane]


def _translate(x: Array, v: Array, x_out: Array, work: Any, geometry: Ints, pack_tables: Any, shape: Ints) -> None:
    volume, blocks, dim = geometry
    for block in each(blocks):
        me = thread()
        u, q, temp = borrowed(work[0][me]), borrowed(work[1][me]), borrowed(work[2][me])
        pack_links(u[0], 0, x, block, pack_tables, shape, N * N)
        pack_algebra(q[0], 0, v, block, pack_tables, shape, N * N - 1)
        drift(u[0], u[0], q[0], temp, 1.0, 0, volume * dim)
        unpack_links(x_out, u[0], 0, block, pack_tables, shape, N * N)


def _project(x: Array, x_out: Array, far: Array, work: Any, geometry: Ints, pack_tables: Any, shape: Ints) -> None:
    volume, blocks, dim = geometry
    for block in each(blocks):
        me = thread()
        u, temp = borrowed(work[0][me]), borrowed(work[1][me])
        pack_links(u[0], 0, x, block, pack_tables, shape, N * N)
        far[block] = settle(u[0], temp, 0, volume * dim)
        unpack_links(x_out, u[0], 0, block, pack_tables, shape, N * N)


RUNS = {"evolve": _evolve, "force": _force, "sums": _sums, "translate": _translate, "project": _project}
EXPONENTIALS = {2: su_exp.exp2, 3: su_exp.exp3}
DETERMINANTS = {2: su_project.determinant2, 3: su_project.determinant3}


def _loop(function: Any, n: int, **names: Any) -> Any:
    return loop(function, LINKS, N=n, **names)


@lru_cache
def _loops(n: int) -> dict[str, Any]:
    """The loops of one N."""
    ahead = {
        "fetch_ahead": _loop(gauge_md.fetch_links, n, carry=loop(gauge_lanes.carry)),
        "return_ahead": _loop(gauge_md.return_momenta, n),
        "look_ahead": loop(gauge_md.ask_for),
    }
    exponential = EXPONENTIALS.get(n, su_exp.exp_any).build(LINKS)
    squarings = _loop(gauge_md._squarings, n)
    found = {
        "kick": _loop(gauge_md.kick, n, **ahead),
        "plaquettes": _loop(
            gauge_md.plaquettes, n, **{name: one for name, one in ahead.items() if name != "return_ahead"}
        ),
        "drift": _loop(gauge_md.drift, n, exponential=exponential, squarings=squarings),
        "settle": _loop(gauge_md.settle, n, determinant=DETERMINANTS.get(n, su_project.determinant).build(LINKS)),
        "clear": loop(gauge_md.clear),
    }
    parts = {name: found[name] for name in ("kick", "drift", "clear")}
    return {**found, "trajectory": _loop(_trajectory, n, **parts)}


@lru_cache
def run(kind: str, n: int, parallel: bool) -> Any:
    """A kernel for N colours."""
    moves = {"links": packing(2), "algebra": packing(1)}
    packs = {f"pack_{name}": one.pack for name, one in moves.items()}
    unpacks = {f"unpack_{name}": one.unpack for name, one in moves.items()}
    names = {**_loops(n), **packs, **unpacks, "each": parallel_range(parallel), "thread": thread_of(parallel)}
    used = set(RUNS[kind].__code__.co_names)
    return kernel(RUNS[kind], parallel, N=n, **{name: one for name, one in names.items() if name in used})
