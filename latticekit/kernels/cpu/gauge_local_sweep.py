"""Sweeps of a local update over all links: direction by direction, parity by parity."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from latticekit.kernels.cpu import gauge_local_staple as staples
from latticekit.kernels.cpu import gauge_local_su as su
from latticekit.kernels.cpu.gauge_lanes import carry
from latticekit.kernels.cpu.gauge_local_draws import drawing
from latticekit.kernels.cpu.gauge_local_lanes import TARGETS
from latticekit.kernels.cpu.gauge_packing import packing
from latticekit.kernels.cpu.lanes import keep_apart, lanes, like, vld, vst
from latticekit.kernels.cpu.target import kernel, loop, parallel_range, thread_of

Array = Any
each: Any = None
thread: Any = None
into: Any = None
out_of: Any = None
update: Any = None
visit: Any = None
N = 0
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
    half = order.size // 2
    for block in each(blocks):
        links = thread() * (size + space)
        into(work, links, field, block, pack_tables, pack_shape, N * N)
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
        out_of(out, work, links, block, pack_tables, pack_shape, N * N)


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
    half = order.size // 2
    chunks = -(-half // CHUNK)
    for block in range(blocks):
        into(work, 0, field, block, pack_tables, pack_shape, N * N)
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
        out_of(out, work, 0, block, pack_tables, pack_shape, N * N)


@lru_cache
def staple_loop(n: int, char: str, weighted: bool) -> Any:
    """V of one link."""
    target, given = TARGETS[char], {"N": n, "WEIGHTED": weighted}
    tools = {"scaled": loop(staples.set_scaled, target, **given), "add": loop(staples.add_to, target)}
    return loop(
        staples.staple,
        target,
        **given,
        near_link=loop(staples.near, target, N=n, carry=loop(carry)),
        plane=loop(staples.plane_of),
        above=loop(staples.add_above, target, N=n, **tools),
        below=loop(staples.add_below, target, N=n, **tools),
    )


def _su_parts(kind: str, n: int, char: str) -> dict[str, Any]:
    target = TARGETS[char]
    tools = {"block_of": loop(su.quaternion_of, target, N=n), "rotate": loop(su.rotated_rows, target, N=n)}
    parts = {"project": loop(su.orthonormal, target, N=n)}
    if kind == "overrelaxation":
        return parts | {"turn_rows": loop(su.reflect, target, **tools)}
    uniforms = drawing("uniform", char)
    first, trial = loop(su.drawn, target, uniforms=uniforms), loop(su.tried, target)
    return parts | {
        "prepare": loop(su.prepared, target, N=n, first=first, uniforms=uniforms),
        "turn_rows": loop(
            su.draw_rows, target, **tools, trial=trial, retry=loop(su.retried, target, first=first, trial=trial)
        ),
    }


@lru_cache
def sweep(kind: str, n: int, char: str, weighted: bool, wide: bool, parallel: bool) -> Any:
    """The kernel of one update."""
    staple = staple_loop(n, char, weighted)
    update = loop(getattr(su, kind), TARGETS[char], N=n, staple=staple, **_su_parts(kind, n, char))
    visit = loop(visited, TARGETS[char], N=n, update=update)
    packed = packing(2)
    around = {
        "each": parallel_range(parallel),
        "thread": thread_of(parallel),
        "into": packed.pack,
        "out_of": packed.unpack,
    }
    return kernel(_wide if wide else _blocks, parallel, N=n, visit=visit, **around)
