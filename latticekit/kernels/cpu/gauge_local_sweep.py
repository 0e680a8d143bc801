"""Sweeps of a local update over all links: direction by direction, parity by parity."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from latticekit.kernels.cpu import gauge_local_staple as staples
from latticekit.kernels.cpu import gauge_local_su as su
from latticekit.kernels.cpu import gauge_local_u1 as u1
from latticekit.kernels.cpu.gauge_lanes import carry
from latticekit.kernels.cpu.gauge_local_draws import drawing
from latticekit.kernels.cpu.gauge_local_lanes import TARGETS, lent
from latticekit.kernels.cpu.gauge_packing import packing
from latticekit.kernels.cpu.lanes import keep_apart, lanes, like, vld, vst
from latticekit.kernels.cpu.target import kernel, loop, parallel_range, thread_of
from latticekit.kernels.site import su_exp

Array = Any
Ints = tuple[int, ...]
each: Any = None
thread: Any = None
into: Any = None
out_of: Any = None
update: Any = None
visit: Any = None
do: Any = None
look_ahead: Any = None
directions: Any = None
N = 0
FAR = 1 << 19
"""Numbers in a block from which the links of the next site are asked for in advance: more than the caches hold."""
EXPONENTIALS = {2: su_exp.exp2, 3: su_exp.exp3}


def visited(
    work: Array,
    links: int,
    aside: int,
    task: Ints,
    dim: int,
    block: int,
    around: Any,
    numbers: Array,
    counts: Array,
    row: int,
) -> None:
    """Update the links (order[start], mu) ... of one colour, and add what was counted to counts[row, 2, lane]."""
    keep_apart()
    mu, start, stop = task
    order, tables, randoms = around
    w = lanes(work)
    at, zero = aside + staples.PLACES * 2 * N * N * w, like(0.0, vld(work, links))
    vst(work, at, zero)
    vst(work, at + w, zero)
    for n in range(start, stop):
        if aside - links > FAR:
            look_ahead(work, links, order[min(n + 1, stop - 1)], mu, dim, tables[0])
        update(work, links, aside, order[n], mu, dim, block, tables, randoms, numbers)
    for lane in range(2 * w):
        counts[row * 2 * w + lane] += work[at + lane]


def done(
    work: Array,
    links: int,
    aside: int,
    task: Ints,
    dim: int,
    block: int,
    fields: tuple[Array, Array],
    packing: Any,
    around: Any,
    numbers: Array,
    counts: Array,
    row: int,
) -> None:
    """One task (see `gauge_local_plan`): an update of links, or sites start .. stop into the block or out of it."""
    kind, start, stop = task
    (lane_chain, lane_site, first_site, filled), shape = packing
    link = 2 * N * N * lanes(work)
    count = first_site.size * dim
    place = links + start * dim * link
    if N == 1:
        place = links + count * link + start * dim * lanes(work)
    if kind < 0:
        into(work, place, fields[1], block, (lane_chain, lane_site, first_site[start:stop], filled), shape, N * N)
        if N == 1:
            directions(work, links + start * dim * link, place, (stop - start) * dim)
    elif kind < dim:
        visit(work, links, aside, task, dim, block, around, numbers, counts, row)
    else:
        out_of(fields[0], work, place, block, (lane_chain, lane_site, first_site[start:stop], filled), shape, N * N)


def _blocks(
    fields: tuple[Array, Array],
    work: Array,
    sizes: Ints,
    tasks: Array,
    steps: Array,
    shape: Ints,
    pack_tables: Any,
    pack_shape: Ints,
    order: Array,
    tables: Any,
    randoms: Any,
    numbers: Array,
    counts: Array,
) -> None:
    """Blocks of chains, each by one thread."""
    work, tasks, order, counts, numbers = lent((work, tasks, order, counts, numbers))
    fields, pack_tables, tables, randoms = lent(fields), lent(pack_tables), lent(tables), lent(randoms)
    blocks, dim = shape
    size, space = sizes
    for block in each(blocks):
        links = thread() * (size + space)
        for n in range(steps[-1]):
            task = tasks[3 * n], tasks[3 * n + 1], tasks[3 * n + 2]
            packing, around = (pack_tables, pack_shape), (order, tables, randoms)
            do(work, links, links + size, task, dim, block, fields, packing, around, numbers, counts, block)


def _wide(
    fields: tuple[Array, Array],
    work: Array,
    sizes: Ints,
    tasks: Array,
    steps: Array,
    shape: Ints,
    pack_tables: Any,
    pack_shape: Ints,
    order: Array,
    tables: Any,
    randoms: Any,
    numbers: Array,
    counts: Array,
) -> None:
    """One block after the other, the tasks of a step on several threads."""
    work, tasks, order, counts, numbers = lent((work, tasks, order, counts, numbers))
    fields, pack_tables, tables, randoms = lent(fields), lent(pack_tables), lent(tables), lent(randoms)
    blocks, dim = shape
    size, space = sizes
    for block in range(blocks):
        for step in range(steps.size - 1):
            first, last = steps[step], steps[step + 1]
            for n in each(first, last):
                aside, row = size + thread() * space, block * tasks.size // 3 + n
                task = tasks[3 * n], tasks[3 * n + 1], tasks[3 * n + 2]
                packing, around = (pack_tables, pack_shape), (order, tables, randoms)
                do(work, 0, aside, task, dim, block, fields, packing, around, numbers, counts, row)


@lru_cache
def staple_loop(n: int, char: str) -> Any:
    """V of one link."""
    return _loop(
        staples.staple,
        n,
        char,
        near_link=_loop(staples.near, n, char, carry=loop(carry)),
        plane=loop(staples.plane_of),
        above=_loop(staples.add_above, n, char),
        below=_loop(staples.add_below, n, char),
    )


def _loop(function: Any, n: int, char: str, **names: Any) -> Any:
    return loop(function, TARGETS[char], N=n, **names)


def _parts(kind: str, n: int, char: str) -> dict[str, Any]:
    """What the update of one link calls."""
    if n == 1:
        return _phase_parts(kind, char)
    parts = {"project": _loop(su.completed_rows, n, char)}
    if kind == "metropolis":
        draws = {f"{name}s": drawing(name, char) for name in ("normal", "uniform")}
        exponential = EXPONENTIALS.get(n, su_exp.exp_any).build(TARGETS[char])
        return parts | {"propose": _loop(su.proposed, n, char, exponential=exponential, **draws)}
    tools = {"block_of": _loop(su.quaternion_of, n, char), "rotate": _loop(su.rotated_rows, n, char)}
    if kind == "overrelaxation":
        return parts | {"turn_rows": _loop(su.reflect, n, char, **tools)}
    uniforms, trial = drawing("uniform", char), _loop(su.tried, n, char)
    first = _loop(su.drawn, n, char, uniforms=uniforms)
    retry = _loop(su.retried, n, char, first=first, trial=trial)
    return parts | {
        "prepare": _loop(su.prepared, n, char, first=first, uniforms=uniforms),
        "turn_rows": _loop(su.draw_rows, n, char, **tools, trial=trial, retry=retry),
    }


def _phase_parts(kind: str, char: str) -> dict[str, Any]:
    parts = {"keep": loop(u1.kept, TARGETS[char])}
    if kind == "heatbath":
        parts["trial"] = loop(u1.tried, TARGETS[char], uniforms=drawing("uniform", char))
    if kind == "metropolis":
        parts |= {f"{name}s": drawing(name, char) for name in ("normal", "uniform")}
    return parts


@lru_cache
def sweep(kind: str, n: int, char: str, wide: bool, parallel: bool) -> Any:
    """The kernel of one update; n = 1: U(1)."""
    site = getattr(u1 if n == 1 else su, kind)
    parts = _parts(kind, n, char) | {"staple": staple_loop(n, char)}
    packed = packing(1 if n == 1 else 2)
    update, ask = _loop(site, n, char, **parts), loop(staples.ask_for)
    visit = _loop(visited, n, char, update=update, look_ahead=_loop(staples.look_ahead, n, char, ask=ask))
    names = {"directions": loop(u1.directions, TARGETS[char]), "into": packed.pack, "out_of": packed.unpack}
    around = {"each": parallel_range(parallel), "thread": thread_of(parallel)}
    return kernel(_wide if wide else _blocks, parallel, do=_loop(done, n, char, visit=visit, **names), **around)
