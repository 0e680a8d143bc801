"""The inner loops of convolutions: sums over terms, and sums over sites, in register blocks.

A term is a channel at a displacement, found at position + where[term].  A tile of four channels times three vectors
needs twelve accumulators, three inputs and a weight: what sixteen registers hold, and enough to hide the latency of
a multiply-add.
"""

from __future__ import annotations

from typing import Any

from latticekit.kernels.cpu.lanes import keep_apart, lanes, like, vld, vst

Array = Any
four: Any = None
two: Any = None


def mix_four(
    out: Array, to: int, size: int, u: Array, at: int, weights: Array, k: int, where: Array, m: int, terms: int
) -> None:
    """Three vectors of four channels of sum_m W_m u[at + where_m]."""
    w = lanes(u)
    a0 = a1 = a2 = b0 = b1 = b2 = c0 = c1 = c2 = d0 = d1 = d2 = like(0.0, vld(u, at))
    for n in range(terms):
        i = at + where[m + n]
        x, y, z = vld(u, i), vld(u, i + w), vld(u, i + 2 * w)
        q = weights[k + 4 * n]
        a0, a1, a2 = a0 + q * x, a1 + q * y, a2 + q * z
        q = weights[k + 4 * n + 1]
        b0, b1, b2 = b0 + q * x, b1 + q * y, b2 + q * z
        q = weights[k + 4 * n + 2]
        c0, c1, c2 = c0 + q * x, c1 + q * y, c2 + q * z
        q = weights[k + 4 * n + 3]
        d0, d1, d2 = d0 + q * x, d1 + q * y, d2 + q * z
    vst(out, to, a0)
    vst(out, to + w, a1)
    vst(out, to + 2 * w, a2)
    vst(out, to + size, b0)
    vst(out, to + size + w, b1)
    vst(out, to + size + 2 * w, b2)
    vst(out, to + 2 * size, c0)
    vst(out, to + 2 * size + w, c1)
    vst(out, to + 2 * size + 2 * w, c2)
    vst(out, to + 3 * size, d0)
    vst(out, to + 3 * size + w, d1)
    vst(out, to + 3 * size + 2 * w, d2)


def mix_two(
    out: Array, to: int, size: int, u: Array, at: int, weights: Array, k: int, where: Array, m: int, terms: int
) -> None:
    """The same for two channels."""
    w = lanes(u)
    a0 = a1 = a2 = b0 = b1 = b2 = like(0.0, vld(u, at))
    for n in range(terms):
        i = at + where[m + n]
        x, y, z = vld(u, i), vld(u, i + w), vld(u, i + 2 * w)
        q = weights[k + 2 * n]
        a0, a1, a2 = a0 + q * x, a1 + q * y, a2 + q * z
        q = weights[k + 2 * n + 1]
        b0, b1, b2 = b0 + q * x, b1 + q * y, b2 + q * z
    vst(out, to, a0)
    vst(out, to + w, a1)
    vst(out, to + 2 * w, a2)
    vst(out, to + size, b0)
    vst(out, to + size + w, b1)
    vst(out, to + size + 2 * w, b2)


def mix(out: Array, size: int, u: Array, weights: Array, where: Array, part: Array, starts: Array, run: int) -> None:
    """Planes of `out` = sums over terms.  part: terms, places in where and weights, outputs."""
    keep_apart()
    terms, m, k, outputs = part[0], part[1], part[2], part[3]
    for s in range(starts.size):
        for at in range(starts[s], starts[s] + run, 3 * lanes(u)):
            o = 0
            while outputs - o > 2:
                four(out, at + o * size, size, u, at, weights, k + o * terms, where, m, terms)
                o += 4
            if o < outputs:
                two(out, at + o * size, size, u, at, weights, k + o * terms, where, m, terms)


def add(table: Array, k: int, v: Any) -> None:
    """table[k ...] += v."""
    vst(table, k, vld(table, k) + v)


def dot_four(
    table: Array, k: int, y: Array, o: int, size: int, u: Array, p: int, q: int, r: int, starts: Array, run: int
) -> None:
    """Sums over sites of four channels of y times u seen from p, q and r: twelve vectors added to the table."""
    w = lanes(u)
    a0 = a1 = a2 = b0 = b1 = b2 = c0 = c1 = c2 = d0 = d1 = d2 = like(0.0, vld(u, p))
    for s in range(starts.size):
        for at in range(starts[s], starts[s] + run, w):
            j = o * size + at
            e, f, g = vld(u, p + at), vld(u, q + at), vld(u, r + at)
            v = vld(y, j)
            a0, a1, a2 = a0 + v * e, a1 + v * f, a2 + v * g
            v = vld(y, j + size)
            b0, b1, b2 = b0 + v * e, b1 + v * f, b2 + v * g
            v = vld(y, j + 2 * size)
            c0, c1, c2 = c0 + v * e, c1 + v * f, c2 + v * g
            v = vld(y, j + 3 * size)
            d0, d1, d2 = d0 + v * e, d1 + v * f, d2 + v * g
    add(table, k, a0)
    add(table, k + w, a1)
    add(table, k + 2 * w, a2)
    add(table, k + 3 * w, b0)
    add(table, k + 4 * w, b1)
    add(table, k + 5 * w, b2)
    add(table, k + 6 * w, c0)
    add(table, k + 7 * w, c1)
    add(table, k + 8 * w, c2)
    add(table, k + 9 * w, d0)
    add(table, k + 10 * w, d1)
    add(table, k + 11 * w, d2)


def dot_two(
    table: Array, k: int, y: Array, o: int, size: int, u: Array, where: Array, m: int, starts: Array, run: int
) -> None:
    """Sums over sites of two channels of y times u seen from six displacements."""
    w = lanes(u)
    p0, p1, p2, p3, p4, p5 = where[m], where[m + 1], where[m + 2], where[m + 3], where[m + 4], where[m + 5]
    a0 = a1 = a2 = a3 = a4 = a5 = b0 = b1 = b2 = b3 = b4 = b5 = like(0.0, vld(u, 0))
    for s in range(starts.size):
        for at in range(starts[s], starts[s] + run, w):
            v, x = vld(y, o * size + at), vld(y, (o + 1) * size + at)
            e, f, g = vld(u, p0 + at), vld(u, p1 + at), vld(u, p2 + at)
            a0, a1, a2, b0, b1, b2 = a0 + v * e, a1 + v * f, a2 + v * g, b0 + x * e, b1 + x * f, b2 + x * g
            e, f, g = vld(u, p3 + at), vld(u, p4 + at), vld(u, p5 + at)
            a3, a4, a5, b3, b4, b5 = a3 + v * e, a4 + v * f, a5 + v * g, b3 + x * e, b4 + x * f, b5 + x * g
    add(table, k, a0)
    add(table, k + w, a1)
    add(table, k + 2 * w, a2)
    add(table, k + 3 * w, b0)
    add(table, k + 4 * w, b1)
    add(table, k + 5 * w, b2)
    add(table, k + 6 * w, a3)
    add(table, k + 7 * w, a4)
    add(table, k + 8 * w, a5)
    add(table, k + 9 * w, b3)
    add(table, k + 10 * w, b4)
    add(table, k + 11 * w, b5)


def dots(
    table: Array,
    k: int,
    y: Array,
    size: int,
    u: Array,
    where: Array,
    m: int,
    terms: int,
    outputs: int,
    starts: Array,
    run: int,
) -> None:
    """table += sums over sites of every output channel times every term.

    In tiles of channels times three terms, each sum a vector: (tile of channels, tile of terms, channel, term, lane).
    """
    keep_apart()
    w, o = lanes(u), 0
    while o < outputs:
        wide = outputs - o > 2
        for n in range(m, m + (terms + 5) // 6 * 6, 3 if wide else 6):
            if wide:
                four(table, k, y, o, size, u, where[n], where[n + 1], where[n + 2], starts, run)
            else:
                two(table, k, y, o, size, u, where, n, starts, run)
            k += 12 * w
        o += 4 if wide else 2
