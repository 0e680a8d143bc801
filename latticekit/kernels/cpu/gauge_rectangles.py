"""Rectangles of SU(N) links in a block of work, plane by plane, in two passes.

A rectangle is two plaquettes that share a link l.  So with T(l) = the coupling of that rectangle times the sum of the
two staples of l in the plane, the sum of all rectangles is the sum over plaquettes of the four products in which one
link l is replaced by T(l), each rectangle counted twice.  `dress` finds T for both directions of a plane, `kick` then
pulls at plaquettes whose links are U + epsilon T, to first order in epsilon.  Terms that pull at a link by its own T
cancel between its two plaquettes, because T (S_1 + S_2)^dagger is Hermitian.

A plane is worked on in sheets, what its two directions mu < nu reach from a site: `sheet` = (first site, extents,
strides between sites, mu, nu, dim).  `room`, in the array of the links: A, A', B, B' of a plaquette, four copies after
lane moves, and T of both directions at the sites of the sheet.  Couplings of a plane: the plaquette, and those of the
four rectangles that share its links at the left, right, low and high side.
"""

from __future__ import annotations

from typing import Any

from latticekit.kernels.cpu.lanes import keep_apart, lanes, like, vld, vld_as, vst, wide
from latticekit.kernels.site import Site
from latticekit.kernels.site.primitives import fma
from latticekit.kernels.site.su import dot, ld, st

Array = Any
Ints = tuple[int, ...]
N = 3  # compile-time constants: colours, and which factor of a product is a dagger
LEFT, RIGHT = 1.0, -1.0
COUPLINGS = 5
"""Numbers per plane: of the plaquette, and of the rectangles across its left, right, low and high side."""
PLACES = 8
"""Matrices in `room` besides T."""
formula: Any = None
carry: Any = None
carry_back: Any = None
zero: Any = None
ask: Any = None
mul: Any = None
mul_dagger: Any = None
dagger_mul: Any = None
add_mul: Any = None
add_mul_dagger: Any = None
add_dagger_mul: Any = None
add_components: Any = None
add_components_twice: Any = None


@Site
def overlap(a: Array, i: int, b: Array, j: int, n: int) -> Any:
    """Re tr(A B^dagger)."""
    total = ld(a, i, 0) * ld(b, j, 0)
    for k in range(1, 2 * n * n):
        total = fma(ld(a, i, k), ld(b, j, k), total)
    return total


def product(u: Array, out: int, a: int, b: int) -> None:
    """A product of matrices in one array."""
    keep_apart()
    formula(u, out, u, a, u, b, N)


def add_product(u: Array, out: int, weight: Any, a: int, b: int) -> None:
    """out += weight times a product of matrices in one array."""
    keep_apart()
    row, along = (N, 1) if LEFT > 0.0 else (1, N)
    column, down = (1, N) if RIGHT > 0.0 else (N, 1)
    for r in range(N):
        for c in range(N):
            re, im = dot(u, a, row * r, along, LEFT, u, b, column * c, down, RIGHT, N)
            at = 2 * (N * r + c)
            st(u, out, at, fma(weight, re, ld(u, out, at)))
            st(u, out, at + 1, fma(weight, im, ld(u, out, at + 1)))


def add_pull(p: Array, at: int, weight: Any, u: Array, a: int, b: int) -> None:
    """p += weight Im tr(T_a A B)/index."""
    keep_apart()
    formula(p, at, weight, u, a, u, b, N)


def add_pull_twice(p: Array, at: int, minus: int, weight: Any, u: Array, a: int, b: int) -> None:
    """The same, and with the other sign at `minus`."""
    keep_apart()
    formula(p, at, minus, weight, u, a, u, b, N)


def near(u: Array, at: int, code: int, place: int, moves: Array) -> int:
    """Where the matrix at `at` is found after a lane move: a copy at `place` if there is one."""
    if code == 0:
        return at
    carry(u, place, u, at, 2 * N * N, moves, code)
    return place


def corner(u: Array, room: int, i: int, j: int, sheet: Ints, tables: Any) -> tuple[Ints, Ints, Ints, Ints]:
    """The plaquette at site (i, j) of a sheet.

    -> its site, those to the right and above, their lane moves; links low, left, side, top; T of the low and the left
    link; T of the side and the top link, lanes not moved.
    """
    hops, codes, _, moves = tables
    first, across, along, stride, step, mu, nu, dim = sheet
    m = 2 * N * N * lanes(u)
    x, start = first + i * stride + j * step, room + PLACES * m
    right, up = 2 * (x * dim + mu), 2 * (x * dim + nu)
    side = near(u, (hops[right] * dim + nu) * m, codes[right], room + 4 * m, moves)
    top = near(u, (hops[up] * dim + mu) * m, codes[up], room + 5 * m, moves)
    here, there = start + 2 * (i * along + j) * m, start + (2 * ((i + 1) % across * along + j) + 1) * m
    above = start + 2 * (i * along + (j + 1) % along) * m
    sites = (x, hops[right], hops[up], codes[right], codes[up])
    return sites, ((x * dim + mu) * m, (x * dim + nu) * m, side, top), (here, here + m), (there, above)


def look_ahead(p: Array, u: Array, x: int, step: int, mu: int, nu: int, dim: int) -> None:
    """Ask for the links at x + step, and for the momenta at x."""
    m, q = 2 * N * N * lanes(u), (N * N - 1) * lanes(u)
    for d in (mu, nu):
        ask(u, ((x + step) * dim + d) * m, m)
        ask(p, (x * dim + d) * q, q)


def dress(p: Array, u: Array, room: int, weights: Array, at: int, pitch: int, sheet: Ints, tables: Any) -> None:
    """T of both directions at all sites of a sheet."""
    keep_apart()
    _, across, along, _, step, mu, nu, dim = sheet
    _, _, undo, moves = tables
    w = lanes(u)
    m = 2 * N * N * w
    a, b, spare = room, room + m, room + 6 * m
    zero(u, spare, (PLACES - 6 + 2 * across * along) * 2 * N * N)
    for i in range(across):
        for j in range(along):
            (x, _, _, right, up), (low, left, side, top), bars, ahead = corner(u, room, i, j, sheet, tables)
            look_ahead(p, u, x, step if j + 1 < along else 0, mu, nu, dim)
            to_side, to_top = spare if right != 0 else ahead[0], spare + m if up != 0 else ahead[1]
            mul_dagger(u, a, top, side)
            dagger_mul(u, b, low, left)
            k = at + x * pitch * w
            add_mul_dagger(u, bars[1], vld(weights, k + w), low, a)
            add_mul(u, to_side, vld(weights, k + 2 * w), b, top)
            add_mul(u, bars[0], vld(weights, k + 3 * w), left, a)
            add_dagger_mul(u, to_top, vld(weights, k + 4 * w), b, side)
            if right != 0:
                carry_back(u, ahead[0], to_side, 2 * N * N, moves, undo[right])
            if up != 0:
                carry_back(u, ahead[1], to_top, 2 * N * N, moves, undo[up])


def first_order(u: Array, room: int, weight: Any, links: Ints, bars: Ints, ahead: Ints) -> None:
    """A = top side^dagger, A' = its change + weight A, B = low^dagger left, B' = its change, one after the other."""
    keep_apart()
    low, left, side, top = links
    m = 2 * N * N * lanes(u)
    one = like(1.0, weight)
    a, a_bar, b, b_bar = room, room + m, room + 2 * m, room + 3 * m
    mul_dagger(u, a, top, side)
    mul_dagger(u, a_bar, ahead[1], side)
    add_mul_dagger(u, a_bar, one, top, ahead[0])
    for k in range(0, m, lanes(u)):
        vst(u, a_bar + k, vld(u, a_bar + k) + weight * vld(u, a + k))
    dagger_mul(u, b, low, left)
    dagger_mul(u, b_bar, bars[0], left)
    add_dagger_mul(u, b_bar, one, low, bars[1])


def pull(p: Array, u: Array, room: int, e: Any, links: Ints, bars: Ints, to: Ints) -> None:
    """Momenta of the low, left, side and top link += e F, from A, A', B, B'."""
    keep_apart()
    low, left = links[0], links[1]
    m = 2 * N * N * lanes(u)
    a, a_bar, b, b_bar = room, room + m, room + 2 * m, room + 3 * m
    add_components(p, to[3], e, u, a, b_bar)
    add_components(p, to[3], e, u, a_bar, b)
    add_components(p, to[2], -e, u, b_bar, a)
    add_components(p, to[2], -e, u, b, a_bar)
    mul_dagger(u, b, a_bar, low)
    add_mul_dagger(u, b, like(1.0, e), a, bars[0])
    mul_dagger(u, b_bar, a, low)
    add_components_twice(p, to[1], to[0], e, u, left, b)
    add_components_twice(p, to[1], to[0], e, u, bars[1], b_bar)


def kick(
    p: Array, u: Array, room: int, weights: Array, at: int, pitch: int, e: float, ghost: int, sheet: Ints, tables: Any
) -> None:
    """p += e F(u) of the plaquettes and rectangles of a sheet; two ghost sites of p from `ghost` on."""
    keep_apart()
    _, across, along, _, _, mu, nu, dim = sheet
    _, _, undo, moves = tables
    w = lanes(u)
    m, q = 2 * N * N * w, (N * N - 1) * w
    factor = like(e, vld(u, 0))
    for i in range(across):
        for j in range(along):
            (x, x_side, x_top, right, up), links, bars, ahead = corner(u, room, i, j, sheet, tables)
            ahead = (near(u, ahead[0], right, room + 6 * m, moves), near(u, ahead[1], up, room + 7 * m, moves))
            p_side, p_top = (x_side * dim + nu) * q, (x_top * dim + mu) * q
            to_side = (ghost * dim + nu) * q if right != 0 else p_side
            to_top = ((ghost + 1) * dim + mu) * q if up != 0 else p_top
            first_order(u, room, vld(weights, at + x * pitch * w), links, bars, ahead)
            pull(p, u, room, factor, links, bars, ((x * dim + mu) * q, (x * dim + nu) * q, to_side, to_top))
            if right != 0:
                carry_back(p, p_side, to_side, N * N - 1, moves, undo[right])
            if up != 0:
                carry_back(p, p_top, to_top, N * N - 1, moves, undo[up])


def halves(u: Array, room: int, sheet: Ints, tables: Any) -> None:
    """The staples of the low and the left link of all plaquettes of a sheet, in the place of T."""
    keep_apart()
    for i in range(sheet[1]):
        for j in range(sheet[2]):
            _, (low, left, side, top), bars, _ = corner(u, room, i, j, sheet, tables)
            mul_dagger(u, room, top, side)
            mul(u, bars[0], left, room)
            mul_dagger(u, bars[1], low, room)


def add_traces(
    sums: Array, to: int, u: Array, room: int, weights: Array, at: int, pitch: int, sheet: Ints, tables: Any
) -> None:
    """sums[to ...] += couplings times Re tr of the plaquettes and rectangles of a sheet, in float64."""
    keep_apart()
    moves, w = tables[3], lanes(u)
    m = 2 * N * N * w
    a, b = room, room + m
    for i in range(sheet[1]):
        for j in range(sheet[2]):
            (x, _, _, right, up), (low, left, side, top), bars, ahead = corner(u, room, i, j, sheet, tables)
            k = at + x * pitch * w
            trace = wide(vld(weights, k)) * wide(overlap(u, bars[1], u, left, N))
            dagger_mul(u, a, low, left)
            mul(u, b, a, top)
            across = overlap(u, b, u, near(u, ahead[0], right, room + 6 * m, moves), N)
            dagger_mul(u, b, a, side)
            along = overlap(u, b, u, near(u, ahead[1], up, room + 7 * m, moves), N)
            trace = trace + wide(vld(weights, k + 2 * w)) * wide(across) + wide(vld(weights, k + 4 * w)) * wide(along)
            vst(sums, to, vld_as(sums, to, trace) + trace)
