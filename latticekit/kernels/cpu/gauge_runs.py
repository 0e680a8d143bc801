"""The kernels of SU(N) gauge fields: block after block, pack, work, unpack.

Arguments shared by all: `work`, a row per thread that has a block of its own, each with room for copies of links or
momenta; `geometry` and `plan` of `gauge_slabs`; `tables` of `gauge_md`; `pack_tables` and `shape` of `gauge_packing`.
"""

from __future__ import annotations

import types
from functools import lru_cache
from typing import Any

from latticekit.kernels.cpu import gauge_lanes, gauge_md, gauge_rectangles, gauge_slabs, sums
from latticekit.kernels.cpu.checkerboard import borrowed
from latticekit.kernels.cpu.gauge_lanes import LINKS
from latticekit.kernels.cpu.gauge_packing import packing
from latticekit.kernels.cpu.target import inlined, kernel, loop, parallel_range, thread_of
from latticekit.kernels.site import su, su_exp, su_project

Array = Any
Ints = tuple[int, ...]
N = 3
each: Any = None
thread: Any = None
take_links: Any = None
take_algebra: Any = None
give_links: Any = None
give_algebra: Any = None
kick: Any = None
drift: Any = None
settle: Any = None
add_up: Any = None
clear: Any = None
trajectory: Any = None


def _trajectory(
    u: Array,
    p: Array,
    temp: Array,
    weights: Array,
    pitch: int,
    schedule: Array,
    geometry: Ints,
    plan: Any,
    tables: Any,
) -> None:
    """Every (drift, kick, gradient) of a schedule; rows of u and p: the field, and copies for gradients."""
    for n in range(schedule.shape[0]):
        d, e, g = schedule[n, 0], schedule[n, 1], schedule[n, 2]
        if d != 0.0:
            drift(u[0], u[0], p[0], temp, d, geometry, plan)
        pulled = 1 if e != 0.0 and g != 0.0 else 0
        if pulled == 1:
            clear(p[1], geometry, plan)
            kick(p[1], u[0], temp, weights, pitch, g, geometry, plan, tables)
            drift(u[1], u[0], p[1], temp, 1.0, geometry, plan)
        if e != 0.0:
            kick(p[0], u[pulled], temp, weights, pitch, e, geometry, plan, tables)


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
    plan: Any,
    tables: Any,
    pack_tables: Any,
    shape: Ints,
) -> None:
    for block in each(geometry[1]):
        me = thread()
        u, q, temp = borrowed(work[0][me]), borrowed(work[1][me]), borrowed(work[2][me])
        take_links(u[0], x, block, pack_tables, shape, geometry, plan)
        clear(q[0], geometry, plan)
        take_algebra(q[0], p, block, pack_tables, shape, geometry, plan)
        trajectory(u, q, temp, weights, pitch, schedule, geometry, plan, tables)
        settle(u[0], temp, geometry, plan)
        give_links(x_out, u[0], block, pack_tables, shape, geometry, plan)
        give_algebra(p_out, q[0], block, pack_tables, shape, geometry, plan)


def _force(
    x: Array,
    out: Array,
    work: Any,
    weights: Array,
    pitch: int,
    geometry: Ints,
    plan: Any,
    tables: Any,
    pack_tables: Any,
    shape: Ints,
) -> None:
    for block in each(geometry[1]):
        me = thread()
        u, q, temp = borrowed(work[0][me]), borrowed(work[1][me]), borrowed(work[2][me])
        take_links(u[0], x, block, pack_tables, shape, geometry, plan)
        clear(q[0], geometry, plan)
        kick(q[0], u[0], temp, weights, pitch, 1.0, geometry, plan, tables)
        give_algebra(out, q[0], block, pack_tables, shape, geometry, plan)


def _sums(
    x: Array,
    out: Array,
    work: Any,
    weights: Array,
    pitch: int,
    geometry: Ints,
    plan: Any,
    tables: Any,
    pack_tables: Any,
    shape: Ints,
) -> None:
    lane_chain, _, _, filled = pack_tables
    w = lane_chain.size // geometry[1]
    for block in each(geometry[1]):
        me = thread()
        u, sums, temp = borrowed(work[0][me]), borrowed(work[1][me]), borrowed(work[2][me])
        take_links(u[0], x, block, pack_tables, shape, geometry, plan)
        sums[:] = 0.0
        add_up(sums, u[0], temp, weights, pitch, geometry, plan, tables)
        for lane in range(filled[block]):
            for plane in range(out.shape[1]):
                out[lane_chain[block * w + lane], plane] += sums[plane * w + lane]


def _translate(
    x: Array, v: Array, x_out: Array, work: Any, geometry: Ints, plan: Any, pack_tables: Any, shape: Ints
) -> None:
    for block in each(geometry[1]):
        me = thread()
        u, q, temp = borrowed(work[0][me]), borrowed(work[1][me]), borrowed(work[2][me])
        take_links(u[0], x, block, pack_tables, shape, geometry, plan)
        take_algebra(q[0], v, block, pack_tables, shape, geometry, plan)
        drift(u[0], u[0], q[0], temp, 1.0, geometry, plan)
        give_links(x_out, u[0], block, pack_tables, shape, geometry, plan)


def _project(
    x: Array, x_out: Array, far: Array, work: Any, geometry: Ints, plan: Any, pack_tables: Any, shape: Ints
) -> None:
    for block in each(geometry[1]):
        me = thread()
        u, temp = borrowed(work[0][me]), borrowed(work[1][me])
        take_links(u[0], x, block, pack_tables, shape, geometry, plan)
        far[block] = settle(u[0], temp, geometry, plan)
        give_links(x_out, u[0], block, pack_tables, shape, geometry, plan)


RUNS = {"evolve": _evolve, "force": _force, "sums": _sums, "translate": _translate, "project": _project}
EXPONENTIALS = {2: su_exp.exp2, 3: su_exp.exp3}
DETERMINANTS = {2: su_project.determinant2, 3: su_project.determinant3}


def _loop(function: Any, n: int, **names: Any) -> Any:
    return loop(function, LINKS, N=n, **names)


@lru_cache
def _loops(n: int) -> dict[str, Any]:
    """The loops of one N over sites and links."""
    moves = {name: loop(getattr(gauge_lanes, name)) for name in ("carry", "carry_back")}
    ahead = {
        "fetch_ahead": _loop(gauge_md.fetch_links, n, carry=moves["carry"]),
        "look_ahead": loop(gauge_md.ask_for),
    }
    back = _loop(gauge_md.return_momenta, n, carry_back=moves["carry_back"])
    exponential = EXPONENTIALS.get(n, su_exp.exp_any).build(LINKS)
    determinant = DETERMINANTS.get(n, su_project.determinant).build(LINKS)
    return {
        **moves,
        "kick": _loop(gauge_md.kick, n, **ahead, return_ahead=back),
        "plaquettes": _loop(gauge_md.plaquettes, n, **ahead),
        "drift": _loop(gauge_md.drift, n, exponential=exponential, squarings=_loop(gauge_md._squarings, n)),
        "settle": _loop(gauge_md.settle, n, determinant=determinant),
        "zero": loop(gauge_md.clear),
    }


@lru_cache
def _rectangle_loops(n: int) -> dict[str, Any]:
    """Those that know rectangles; they replace plaquettes' own."""
    moves = {name: _loops(n)[name] for name in ("carry", "carry_back")}
    sides = {"mul": (1.0, 1.0), "mul_dagger": (1.0, -1.0), "dagger_mul": (-1.0, 1.0)}
    plain = {name: _loop(gauge_rectangles.product, n, formula=getattr(su, name).build(LINKS)) for name in sides}
    added = {
        f"add_{name}": _loop(gauge_rectangles.add_product, n, LEFT=left, RIGHT=right)
        for name, (left, right) in sides.items()
    }
    pulls = {
        "add_components": _loop(gauge_rectangles.add_pull, n, formula=su.add_components.build(LINKS)),
        "add_components_twice": _loop(gauge_rectangles.add_pull_twice, n, formula=su.add_components_twice.build(LINKS)),
    }
    known = {**moves, **plain, **added, **pulls, "zero": _loops(n)["zero"], "ask": loop(gauge_md.ask_for)}
    for name in ("near", "corner", "look_ahead", "first_order", "pull", "dress", "kick", "halves", "add_traces"):
        one = getattr(gauge_rectangles, name)
        known[name] = _loop(one, n, **_used(one, known))
    return {name: known[name] for name in ("dress", "kick", "halves", "add_traces")}


def _used(function: Any, names: dict[str, Any]) -> dict[str, Any]:
    """Those that a function mentions."""
    return {name: one for name, one in names.items() if name in function.__code__.co_names}


SLABS = {
    False: {"kick": gauge_slabs.kicked, "add_up": gauge_slabs.summed},
    True: {"kick": gauge_slabs.kicked_by_both, "add_up": gauge_slabs.summed_of_both},
}


@lru_cache
def _passes(n: int, rectangles: bool, shared: bool) -> dict[str, Any]:
    """Passes over a block; shared: by all threads."""
    inner = _loops(n) | (_rectangle_loops(n) if rectangles else {})
    around = {"each": parallel_range(shared), "N": n, "total": loop(sums.total)}
    around["sheet"] = inlined(gauge_slabs.sheet_of)
    found: dict[str, Any] = {}

    def add(name: str, function: Any, **names: Any) -> None:
        bound = _used(function, {**around, **inner, **names})
        found[name] = kernel(function, shared, **bound) if shared else inlined(function, **bound)

    for kind, parts, planes in (("links", 2, n * n), ("algebra", 1, n * n - 1)):
        one = packing(parts)
        for name, move, adapter in (("take", one.pack, gauge_slabs.into), ("give", one.unpack, gauge_slabs.out_of)):
            adapted = inlined(adapter, move=move, COEFFICIENTS=planes)
            add(f"{name}_{kind}", gauge_slabs.moved, move=adapted, NUMBERS=parts * planes)
    add("clear", gauge_slabs.cleared)
    add("drift", gauge_slabs.drifted)
    add("settle", gauge_slabs.settled)
    for name, function in SLABS[rectangles].items():
        add(name, function)
    return found


def _itself(a: Array) -> Array:
    return a


def _spoken(function: Any, **names: Any) -> Any:
    """A copy of a run for Python itself: passes that threads share last long, and need not be compiled once more."""
    scope = {**function.__globals__, **names, "borrowed": _itself, "thread": int}  # the one thread here is number 0
    return types.FunctionType(function.__code__, scope, function.__name__)


@lru_cache
def run(kind: str, n: int, rectangles: bool, shared: bool, parallel: bool) -> Any:
    """A kernel for N colours; shared: threads work on one block together, parallel: each on its own."""
    around = {"each": parallel_range(parallel), "thread": thread_of(parallel), "N": n}
    names = {**_passes(n, rectangles, shared), **around}
    copy = _spoken if shared else inlined
    if kind == "evolve":
        names["trajectory"] = copy(_trajectory, **_used(_trajectory, names))
    if shared:
        return _spoken(RUNS[kind], **names)
    return kernel(RUNS[kind], parallel, **_used(RUNS[kind], names))
