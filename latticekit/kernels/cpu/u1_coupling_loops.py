"""Loops of U(1) couplings: angles of closed paths, mixtures of maps of the circle and their derivatives.

`work` has three segments of cells + lanes numbers: angles, then two for results.  The last vector of a row overlaps the
one before, which computes a few numbers twice.
"""

from __future__ import annotations

from typing import Any

from latticekit.kernels.cpu.lanes import keep_apart, lanes, like, vld, vst
from latticekit.kernels.site.angles import atan2, direction_of
from latticekit.kernels.site.circular import bending, projection, widening
from latticekit.kernels.site.elementary import exp, log
from latticekit.kernels.site.primitives import choose
from latticekit.kernels.site.u1 import wrap

Array = Any
Table = tuple[Array, Array, Array]


def gather(work: Array, theta: Array, at: int, table: Table, place: int, cells: int) -> None:
    """Angles of one closed path in all cells, those of its links added in turn."""
    keep_apart()
    first, sign, index = table
    for j in range(cells):
        work[j] = 0.0
    for n in range(first[place], first[place + 1]):
        for j in range(cells):
            work[j] += sign[n] * theta[at + index[n, j]]


def spread(out: Array, at: int, work: Array, segment: int, table: Table, place: int, cells: int) -> None:
    """Back from the angles of a path to its links."""
    keep_apart()
    first, sign, index = table
    for n in range(first[place], first[place + 1]):
        for j in range(cells):
            out[at + index[n, j]] += sign[n] * work[segment + j]


def phases(out: Array, at: int, sines: int, work: Array, cells: int) -> None:
    """Cosines and sines of the angles of a row."""
    keep_apart()
    w = lanes(work)
    for j in range(0, cells, w):
        i = min(j, cells - w)
        cosine, sine = direction_of(vld(work, i))
        vst(out, at + i, cosine)
        vst(out, at + sines + i, sine)


def phases_vjp(work: Array, bar: Array, at: int, sines: int, cells: int) -> None:
    """Cotangents of the angles, in the second segment."""
    keep_apart()
    w = lanes(work)
    for j in range(0, cells, w):
        i = min(j, cells - w)
        cosine, sine = direction_of(vld(work, i))
        vst(work, cells + w + i, cosine * vld(bar, at + sines + i) - sine * vld(bar, at + i))


def mix(work: Array, p: Array, at: int, components: int, cells: int) -> None:
    """log h' and h - x of a mixture of projections with a turn, in the second and third segment."""
    keep_apart()
    w = lanes(work)
    segment = cells + w
    for j in range(0, cells, w):
        i = min(j, cells - w)
        angle = vld(work, i)
        c, s = direction_of(0.5 * wrap(angle))
        top = vld(p, at + i)
        for k in range(1, components):
            rho = vld(p, at + k * cells + i)
            top = choose(top, rho, rho, top)
        total = like(0.0, s)
        mean, slope = total, total
        for k in range(components):
            weight = exp(vld(p, at + k * cells + i) - top)
            h, h_slope = projection(s, c, exp(vld(p, at + (components + k) * cells + i)))
            total, mean, slope = total + weight, mean + weight * h, slope + weight * h_slope
        turn = at + 2 * components * cells + i
        y = wrap(mean / total + atan2(vld(p, turn + cells), 1.0 + vld(p, turn)))
        vst(work, segment + i, log(slope / total))
        vst(work, 2 * segment + i, y - angle)


def mix_vjp(work: Array, p: Array, p_bar: Array, at: int, components: int, cells: int, log_det_bar: float) -> None:
    """Back through `mix`: cotangents of y in the second segment become those of x - y in the third, and p_bar.

    The rows of p_bar keep weights and images between the two passes over the components.
    """
    keep_apart()
    w = lanes(work)
    segment = cells + w
    for j in range(0, cells, w):
        i = min(j, cells - w)
        y_bar = vld(work, segment + i)
        c, s = direction_of(0.5 * wrap(vld(work, i)))
        top = vld(p, at + i)
        for k in range(1, components):
            rho = vld(p, at + k * cells + i)
            top = choose(top, rho, rho, top)
        total = like(0.0, s)
        mean, slope, bend = total, total, total
        for k in range(components):
            row = at + k * cells + i
            weight, a = exp(vld(p, row) - top), exp(vld(p, row + components * cells))
            h, h_slope = projection(s, c, a)
            vst(p_bar, row, weight)
            vst(p_bar, row + components * cells, h)
            total, mean, slope = total + weight, mean + weight * h, slope + weight * h_slope
            bend = bend + weight * bending(s, c, a, h_slope)
        one = 1.0 / total
        mean, slope, ratio = mean * one, slope * one, log_det_bar * total / slope
        vst(work, 2 * segment + i, y_bar * (slope - 1.0) + ratio * bend * one)
        for k in range(components):
            row = at + k * cells + i
            weight, h, a = (
                vld(p_bar, row) * one,
                vld(p_bar, row + components * cells),
                exp(vld(p, row + components * cells)),
            )
            h_slope = a / (c * c + (a * s) * (a * s))
            vst(p_bar, row, weight * (y_bar * (h - mean) + ratio * (h_slope - slope)))
            vst(p_bar, row + components * cells, weight * widening(s, c, a, h_slope, y_bar, ratio))
        turn = at + 2 * components * cells + i
        across, up = 1.0 + vld(p, turn), vld(p, turn + cells)
        inverse = y_bar / (across * across + up * up)
        vst(p_bar, turn, -up * inverse)
        vst(p_bar, turn + cells, across * inverse)


def turned(out: Array, at: int, work: Array, table: Table, cells: int) -> None:
    """Active links, the first of their plaquette, by the third segment and within [-pi, pi)."""
    keep_apart()
    index, w = table[2], lanes(work)
    segment = cells + w
    for j in range(cells):
        work[segment + j] = out[at + index[0, j]]
    for j in range(0, cells, w):
        vst(work, segment + j, wrap(vld(work, segment + j) + vld(work, 2 * segment + j)))
    for j in range(cells):
        out[at + index[0, j]] = work[segment + j]
