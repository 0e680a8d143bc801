"""The kernels of residual updates: block after block, pack, visit the active links, unpack."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from latticekit.kernels.cpu import residual_algebra as algebra
from latticekit.kernels.cpu import residual_back as back
from latticekit.kernels.cpu import residual_links as links
from latticekit.kernels.cpu.gauge_lanes import carry
from latticekit.kernels.cpu.gauge_local_lanes import TARGETS, lent
from latticekit.kernels.cpu.gauge_local_staple import near
from latticekit.kernels.cpu.gauge_packing import packing
from latticekit.kernels.cpu.lanes import lanes, vld, vld_as, vst, wide
from latticekit.kernels.cpu.target import kernel, loop, parallel_range, thread_of
from latticekit.kernels.site import su_exp

Array = Any
Ints = tuple[int, ...]
N = 0
each: Any = None
thread: Any = None
pack_links: Any = None
unpack_links: Any = None
pack_algebra: Any = None
unpack_algebra: Any = None
visit: Any = None
EXPONENTIALS = {2: su_exp.exp2, 3: su_exp.exp3}


def places(n: int) -> dict[str, int]:
    """Where everything is in the room to work in, in vectors, and the size of that room (ROOM)."""
    link, square, size = 2 * n * n, (n * n - 1) ** 2, n * n - 1
    sizes = {
        "NEAR": 3 * link, "C": links.MOST * link, "C_BAR": links.MOST * link, "RHO": links.MOST**2, "T": links.MOST,
        "V": link, "M": link, "BAR": link, "Q": size, "G": size, "OWN": size, "H": square, "AD": square, "K": square,
        "A1": max(square, link), "A2": square, "SUMS": 25 * square, "TEMP": 80 + 4 * link,
    }  # fmt: skip
    found, total = {}, 0
    for name, numbers in sizes.items():
        found[name], total = total, total + numbers
    return found | {"ROOM": total}


def _apply(
    x: Array, out: Array, log_det: Array, work: Array, starts: Ints, task: Ints, order: Array, tables: Any, maps: Any,
    coefficients: Array, scale: float, pack_tables: Any, shape: Ints,
) -> None:  # fmt: skip
    blocks, dim, mu = task
    work, order, tables, maps, coefficients = lent((work, order, tables, maps, coefficients))
    for block in each(blocks):
        w, first = lanes(work), thread() * starts[3]
        at = (first, first + starts[1], first + starts[2])
        pack_links(work, at[0], x, block, pack_tables, shape, N * N)
        for n in range(order.size):
            own = wide(visit(work, at, order[n], mu, dim, tables, maps, coefficients, block * starts[4], scale))
            vst(log_det, block * w, vld_as(log_det, block * w, own) + own)
        unpack_links(out, work, at[0], block, pack_tables, shape, N * N)


def _back(
    x: Array, bar: Array, out: Array, weight: Array, bars: Array, work: Array, starts: Ints, task: Ints, order: Array,
    tables: Any, maps: Any, coefficients: Array, scale: float, pack_tables: Any, shape: Ints,
) -> None:  # fmt: skip
    blocks, dim, mu = task
    work, order, tables, maps, coefficients = lent((work, order, tables, maps, coefficients))
    for block in each(blocks):
        w, first = lanes(work), thread() * starts[3]
        at = (first, first + starts[1], first + starts[2])
        pack_links(work, at[0], x, block, pack_tables, shape, N * N)
        pack_algebra(work, at[1], bar, block, pack_tables, shape, N * N - 1)
        own = vld(weight, block * w)
        for n in range(order.size):
            visit(work, at, order[n], mu, dim, tables, maps, coefficients, block * starts[4], scale, own, bars)
        unpack_algebra(out, work, at[1], block, pack_tables, shape, N * N - 1)


@lru_cache
def _loops(n: int, char: str) -> dict[str, Any]:
    """What the visit of one link is made of."""

    def made(function: Any, **names: Any) -> Any:
        return loop(function, TARGETS[char], N=n, **names)

    at = places(n)
    near_link = made(near, carry=loop(carry))
    sparse, clear, plus = made(algebra.sparse), made(algebra.zeros), made(algebra.add_one)
    row = made(algebra.row_product)
    product, turn_over = made(algebra.full_product, times_row=row), made(algebra.transposed)
    series = made(algebra.series, product=product, plus=plus)
    around = made(links.neighbours, near=near_link, NEAR=at["NEAR"])
    overlap = made(links.overlap_of)
    room = {name: at[name] for name in at if name != "ROOM"}
    weigh = made(links.weighed, clear=clear, overlap=overlap, **room)
    tools = {
        "clear": clear,
        "sparse": sparse,
        "product": product,
        "add_one": plus,
        "series": series,
        "turn_over": turn_over,
    }
    see = made(
        links.seen, around=around, one_staple=made(links.staple_of), weigh=weigh, clear=clear, sparse=sparse, **room
    )
    times_vector = made(algebra.times_vector)
    series_vjp = made(algebra.series_vjp, product=product, turn_over=turn_over, clear=clear)
    inverted = made(algebra.inverted)
    pull = made(back.pulled, **tools, inverted=inverted, times_vector=times_vector, series_vjp=series_vjp, **room)
    exponential = EXPONENTIALS.get(n, su_exp.exp_any).build(TARGETS[char])
    scatter = made(back.staples_back, around=around, give=made(back.given, clear=clear), **room)
    return {
        **tools, **room, "see": see, "pull": pull, "scatter": scatter, "times_vector": times_vector,
        "spread": made(back.weights_back, overlap=overlap, **room),
        "move_by": made(links.moved, exponential=exponential, **room), "eliminated": made(algebra.eliminated),
    }  # fmt: skip


_KINDS = {"apply": (_apply, links.applied), "vjp": (_back, back.backward), "solve": (_back, back.forward)}


@lru_cache
def run(kind: str, n: int, char: str, parallel: bool) -> Any:
    """A kernel for N colours in one precision."""
    whole, link = _KINDS[kind]
    names = {name: found for name, found in _loops(n, char).items() if name in link.__code__.co_names}
    visit = loop(link, TARGETS[char], N=n, **names)
    moves = {"links": packing(2), "algebra": packing(1)}
    packs = {f"pack_{name}": one.pack for name, one in moves.items()}
    unpacks = {f"unpack_{name}": one.unpack for name, one in moves.items()}
    around = {**packs, **unpacks, "each": parallel_range(parallel), "thread": thread_of(parallel), "visit": visit}
    used = whole.__code__.co_names
    return kernel(whole, parallel, N=n, **{name: found for name, found in around.items() if name in used})
