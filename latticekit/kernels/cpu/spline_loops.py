"""Loops of rational-quadratic splines: vectors of sites, knot by knot from the left.

`span` = lower and upper end of the interval, least length of a piece, what the shares divide, offset and least value of
slopes, then the open interval outside of which the map is the identity.  `work` has a vector per length of a piece,
widths before heights.  The last vector of a row overlaps the one before, which computes a few numbers twice.
"""

from __future__ import annotations

from typing import Any

from latticekit.kernels.cpu.lanes import keep_apart, lanes, like, vld, vst
from latticekit.kernels.site.activations import sigmoid, softplus
from latticekit.kernels.site.elementary import exp
from latticekit.kernels.site.primitives import choose, whole
from latticekit.kernels.site.rational_quadratic import log_slope, parts, place_of, pull, slope_bend, within

Array = Any
Number = Any
piece: Any = None  # compile-time constants: what a row becomes, and whether places are sought by y
INVERSE = False


def lengths(work: Array, p: Array, at: int, bins: int, pitch: int, span: Array) -> None:
    """Widths and heights of all pieces, by softmax."""
    keep_apart()
    w = lanes(work)
    for part in range(2):
        row, first = at + part * bins * pitch, part * bins * w
        top = vld(p, row)
        for k in range(1, bins):
            raw = vld(p, row + k * pitch)
            top = choose(top, raw, raw, top)
        total = like(0.0, top)
        for k in range(bins):
            share = exp(vld(p, row + k * pitch) - top)
            vst(work, first + k * w, share)
            total = total + share
        scale = span[3] / total
        for k in range(bins):
            vst(work, first + k * w, span[2] + scale * vld(work, first + k * w))


def found(
    work: Array, x: Number, p: Array, at: int, bins: int, pitch: int, periodic: bool, span: Array, inverse: bool
) -> tuple[Number, Number, Number, Number, Number, Number, Number]:
    """The piece of every lane: its number, lower corner, lengths, and the parameters of the slopes at its ends."""
    w, slopes = lanes(work), at + 2 * bins * pitch
    left = low = corner = corner_y = like(span[0], x)
    width, height = vld(work, 0), vld(work, bins * w)
    knot = first = second = like(0.0, x)
    if periodic:
        first = vld(p, slopes)
    after = first
    for n in range(1, bins):
        corner, corner_y = corner + vld(work, (n - 1) * w), corner_y + vld(work, (bins + n - 1) * w)
        raw = vld(p, slopes + (n if periodic else n - 1) * pitch)
        if n == 1:
            second = raw
        edge = corner_y if inverse else corner
        left, low = choose(x, edge, left, corner), choose(x, edge, low, corner_y)
        width = choose(x, edge, width, vld(work, n * w))
        height = choose(x, edge, height, vld(work, (bins + n) * w))
        knot, first = choose(x, edge, knot, like(whole(n), x)), choose(x, edge, first, raw)
        following = after
        if n + 1 < bins:
            following = vld(p, slopes + (n + 1 if periodic else n) * pitch)
        second = choose(x, edge, second, following)
    return knot, left, low, width, height, first + span[4], second + span[4]


def row_map(
    work: Array, x: Array, p: Array, first: Array, second: Array, cut: Any, span: Array, row: int, at: int
) -> None:
    """What `piece` makes of a row: two numbers per site."""
    keep_apart()
    cells, bins, periodic = cut
    w = lanes(work)
    for j in range(0, cells, w):
        i = min(j, cells - w)
        lengths(work, p, at + i, bins, cells, span)
        u = vld(x, row + i)
        v, zero = within(u, span[6], span[7], u, like(span[0], u)), like(0.0, u)
        _, left, low, width, height, r0, r1 = found(work, v, p, at + i, bins, cells, periodic, span, INVERSE)
        one, other = piece(v, left, low, width, height, span[5] + softplus(r0), span[5] + softplus(r1))
        vst(first, row + i, within(u, span[6], span[7], one, u))
        vst(second, row + i, within(u, span[6], span[7], other, zero))


def forward(
    x: Number, left: Number, low: Number, width: Number, height: Number, d0: Number, d1: Number
) -> tuple[Number, Number]:
    """y and log y'."""
    slope = height / width
    n, d, a = parts((x - left) / width, slope, d0, d1)
    return low + height * n / d, log_slope(slope, d, a)


def backward(
    y: Number, left: Number, low: Number, width: Number, height: Number, d0: Number, d1: Number
) -> tuple[Number, Number]:
    """x and log y'."""
    slope = height / width
    xi = place_of(y - low, slope, height, d0, d1)
    _, d, a = parts(xi, slope, d0, d1)
    return left + xi * width, log_slope(slope, d, a)


def bend(
    x: Number, left: Number, low: Number, width: Number, height: Number, d0: Number, d1: Number
) -> tuple[Number, Number]:
    """x and d log y' / dx."""
    xi, slope = (x - left) / width, height / width
    _, d, a = parts(xi, slope, d0, d1)
    return x, slope_bend(xi, slope, d0, d1, d, a) / width


def vjp(
    work: Array,
    x: Array,
    p: Array,
    y_bar: Array,
    log_bar: Array,
    x_bar: Array,
    p_bar: Array,
    cut: Any,
    span: Array,
    row: int,
    at: int,
) -> None:
    """x_bar and p_bar of a row."""
    keep_apart()
    cells, bins, periodic = cut
    w = lanes(work)
    for j in range(0, cells, w):
        i = min(j, cells - w)
        lengths(work, p, at + i, bins, cells, span)
        u, bar = vld(x, row + i), vld(y_bar, row + i)
        v, zero = within(u, span[6], span[7], u, like(span[0], u)), like(0.0, u)
        knot, left, low, width, height, r0, r1 = found(work, v, p, at + i, bins, cells, periodic, span, False)
        xi, slope = (v - left) / width, height / width
        xi_bar, slope_bar, beside, d0_bar, d1_bar = pull(
            xi, slope, height, span[5] + softplus(r0), span[5] + softplus(r1), bar, vld(log_bar, row + i)
        )
        at_x, per_width = xi_bar / width, slope_bar / width
        vst(x_bar, row + i, within(u, span[6], span[7], at_x, bar))
        width_bar, height_bar = -(at_x * xi + per_width * slope), beside + per_width
        spread(p_bar, work, at + i, bins, cells, 0, u, knot, left, width, -at_x, width_bar, span)
        spread(p_bar, work, at + i, bins, cells, 1, u, knot, low, height, bar, height_bar, span)
        d0_bar, d1_bar = (
            within(u, span[6], span[7], d0_bar * sigmoid(r0), zero),
            within(u, span[6], span[7], d1_bar * sigmoid(r1), zero),
        )
        ends(p_bar, at + i + 2 * bins * cells, bins, cells, periodic, knot, d0_bar, d1_bar)


def spread(
    p_bar: Array,
    work: Array,
    at: int,
    bins: int,
    pitch: int,
    part: int,
    u: Number,
    knot: Number,
    corner: Number,
    length: Number,
    corner_bar: Number,
    length_bar: Number,
    span: Array,
) -> None:
    """From a corner, the sum of the lengths before it, and a length back through the softmax."""
    w = lanes(work)
    corner_bar, length_bar = (
        within(u, span[6], span[7], corner_bar, like(0.0, u)),
        within(u, span[6], span[7], length_bar, like(0.0, u)),
    )
    before = (corner - span[0]) - knot * span[2]
    mean = (corner_bar * before + length_bar * (length - span[2])) / span[3]
    for k in range(bins):
        number = like(whole(k), u)
        bar = choose(number, knot, corner_bar, choose(knot, number, like(0.0, u), length_bar))
        share = vld(work, (part * bins + k) * w) - span[2]
        vst(p_bar, at + (part * bins + k) * pitch, share * (bar - mean))


def ends(p_bar: Array, at: int, bins: int, pitch: int, periodic: bool, knot: Number, d0: Number, d1: Number) -> None:
    """The slope before goes to its knot, the slope behind to the next one."""
    zero = like(0.0, knot)
    for k in range(0 if periodic else 1, bins):
        here, last = like(whole(k), knot), like(whole(k - 1 if k > 0 else bins - 1), knot)
        first = choose(here, knot, zero, choose(knot, here, zero, d0))
        second = choose(last, knot, zero, choose(knot, last, zero, d1))
        vst(p_bar, at + (k if periodic else k - 1) * pitch, first + second)
