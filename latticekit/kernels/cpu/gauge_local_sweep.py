"""Sweeps of a local update over all links: direction by direction, parity by parity."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from latticekit.kernels.cpu import gauge_local_staple as staples
from latticekit.kernels.cpu import gauge_local_su as su
from latticekit.kernels.cpu import gauge_local_u1 as u1
from latticekit.kernels.cpu.gauge_lanes import carry
from latticekit.kernels.cpu.gauge_local_draws import drawing
from latticekit.kernels.cpu.gauge_local_lanes import TARGETS
from latticekit.kernels.cpu.gauge_packing import packing
from latticekit.kernels.cpu.lanes import keep_apart, lanes, like, vld, vst
from latticekit.kernels.cpu.target import kernel, loop, parallel_range, thread_of
from latticekit.kernels.site import su_exp

Array = Any
each: Any = None
thread: Any = None
into: Any = None
out_of: Any = None
update: Any = None
visit: Any = None
directions: Any = None
N = 0
EXPONENTIALS = {2: su_exp.exp2, 3: su_exp.exp3}
CHUNK = 32
"""Outer sites of one colour that a thread works on at a time."""


def visited(
    work: Array,
    links: int,
    aside: int,
    order: Array,
    start: int,
    stop: int,
    mu: int,
    dim: int,
    block: int,
    tables: Any,
    randoms: Any,
    numbers: Array,
    counts: Array,
    row: int,
) -> None:
    """Update the links (order[start], mu) ... of one colour, and add what was counted to counts[row, 2, lane]."""
    keep_apart()
    w = lanes(work)
    at, zero = aside + staples.PLACES * 2 * N * N * w, like(0.0, vld(work, links))
    vst(work, at, zero)
    vst(work, at + w, zero)
    for n in range(start, stop):
        update(work, links, aside, order[n], mu, dim, block, tables, randoms, numbers)
    for lane in range(2 * w):
        counts[row * 2 * w + lane] += work[at + lane]


def _blocks(
    out: Array,
    field: Array,
    work: Array,
    size: int,
    space: int,
    order: Array,
    dim: int,
    blocks: int,
    pack_tables: Any,
    pack_shape: Any,
    tables: Any,
    randoms: Any,
    numbers: Array,
    counts: Array,
) -> None:
    """Blocks of chains, each by one thread."""
    half, phases = order.size // 2, size // 3 * 2 if N == 1 else 0
    for block in each(blocks):
        links = thread() * (size + space)
        into(work, links + phases, field, block, pack_tables, pack_shape, N * N)
        if phases > 0:
            directions(work, links, size // (3 * lanes(work)))
        for step in range(2 * dim):
            start = step % 2 * half
            visit(
                work,
                links,
                links + size,
                order,
                start,
                start + half,
                step // 2,
                dim,
                block,
                tables,
                randoms,
                numbers,
                counts,
                block,
            )
        out_of(out, work, links + phases, block, pack_tables, pack_shape, N * N)


def _wide(
    out: Array,
    field: Array,
    work: Array,
    size: int,
    space: int,
    order: Array,
    dim: int,
    blocks: int,
    pack_tables: Any,
    pack_shape: Any,
    tables: Any,
    randoms: Any,
    numbers: Array,
    counts: Array,
) -> None:
    """One block after the other, the outer sites of a colour on several threads."""
    half, phases = order.size // 2, size // 3 * 2 if N == 1 else 0
    chunks = -(-half // CHUNK)
    for block in range(blocks):
        into(work, phases, field, block, pack_tables, pack_shape, N * N)
        if phases > 0:
            directions(work, 0, size // (3 * lanes(work)))
        for step in range(2 * dim):
            for chunk in each(chunks):
                start = step % 2 * half + chunk * CHUNK
                stop = min(start + CHUNK, (step % 2 + 1) * half)
                visit(
                    work,
                    0,
                    size + thread() * space,
                    order,
                    start,
                    stop,
                    step // 2,
                    dim,
                    block,
                    tables,
                    randoms,
                    numbers,
                    counts,
                    block * chunks + chunk,
                )
        out_of(out, work, phases, block, pack_tables, pack_shape, N * N)


@lru_cache
def staple_loop(n: int, char: str, weighted: bool) -> Any:
    """V of one link."""
    target, given = TARGETS[char], {"N": n, "WEIGHTED": weighted}
    scaled = loop(staples.scale, target, N=n)
    return loop(
        staples.staple,
        target,
        **given,
        near_link=loop(staples.near, target, N=n, carry=loop(carry)),
        plane=loop(staples.plane_of),
        above=loop(staples.add_above, target, **given, scaled=scaled),
        below=loop(staples.add_below, target, **given, scaled=scaled),
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
def sweep(kind: str, n: int, char: str, weighted: bool, wide: bool, parallel: bool) -> Any:
    """The kernel of one update; n = 1: U(1)."""
    site = getattr(u1 if n == 1 else su, kind)
    parts = _parts(kind, n, char) | {"staple": staple_loop(n, char, weighted)}
    packed, visit = packing(1 if n == 1 else 2), _loop(visited, n, char, update=_loop(site, n, char, **parts))
    names = {"directions": loop(u1.directions, TARGETS[char]), "into": packed.pack, "out_of": packed.unpack}
    around = {"each": parallel_range(parallel), "thread": thread_of(parallel)}
    return kernel(_wide if wide else _blocks, parallel, N=n, visit=visit, **names, **around)
