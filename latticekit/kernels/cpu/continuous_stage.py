"""Loops of a continuous flow over a block: vectors of chains, site by site.

Fields are (site, lane); so are their modes, in the order of `continuous_lines.momenta` along each axis.  What is linear
is done in modes: a stage takes the field, for its sines, and the modes of the field, and gives modes.
"""

from __future__ import annotations

from typing import Any

from latticekit.kernels.cpu.continuous_lines import call_lines
from latticekit.kernels.cpu.continuous_sums import lane_products
from latticekit.kernels.cpu.lanes import first_lanes, keep_apart, lanes, like, vld, vst, wide
from latticekit.kernels.site.primitives import fma

Array = Any
Number = Any
wave: Any = None
CHUNK = 32
"""Sites that are added up in the field's own precision before they join a sum in float64."""


def transform(a: Array, axes: Array) -> None:
    """Field to modes, in place."""
    for mu in range(axes.shape[0]):
        call_lines(axes[mu, 0], a, axes[mu, 2], axes[mu, 3])


def transform_back(a: Array, axes: Array) -> None:
    """Modes to field, in place."""
    for mu in range(axes.shape[0]):
        call_lines(axes[mu, 1], a, axes[mu, 2], axes[mu, 3])


def cleared(out: Array, size: int) -> None:
    """out = 0."""
    keep_apart()
    zero = first_lanes(vld(out, 0), 0)
    for i in range(0, size, lanes(out)):
        vst(out, i, zero)


def copied(out: Array, a: Array, size: int) -> None:
    """out = a."""
    keep_apart()
    for i in range(0, size, lanes(a)):
        vst(out, i, vld(a, i))


def masked(a: Array, size: int, count: int) -> None:
    """Zeros in the lanes that have no chain."""
    keep_apart()
    for i in range(0, size, lanes(a)):
        vst(a, i, first_lanes(vld(a, i), count))


def waves(sine: Array, cosine: Array, sums: Array, phi: Array, size: int, half: Number, shift: Number) -> None:
    """sin 2(half phi + shift) and its cosine; the sum of the cosines over sites into sums."""
    keep_apart()
    w, a = lanes(phi), like(half, vld(phi, 0))
    b, total = like(shift, a), wide(a) * 0.0
    for start in range(0, size, CHUNK * w):
        part = a * 0.0
        for i in range(start, min(start + CHUNK * w, size), w):
            s, c = wave(fma(vld(phi, i), a, b))
            vst(sine, i, s)
            vst(cosine, i, c)
            part = part + c
        total = total + wide(part)
    vst(sums, 0, total)


def scaled(out: Array, spectrum: Array, modes: Array, size: int) -> None:
    """out = spectrum modes."""
    keep_apart()
    w = lanes(modes)
    for i in range(0, size, w):
        vst(out, i, vld(modes, i) * spectrum[i // w])


def add_scaled(out: Array, spectrum: Array, modes: Array, size: int) -> None:
    """out += spectrum modes."""
    keep_apart()
    w = lanes(modes)
    for i in range(0, size, w):
        at = vld(modes, i)
        vst(out, i, fma(at, like(spectrum[i // w], at), vld(out, i)))


def add_slopes(out: Array, u: Array, sine: Array, cosine: Array, size: int, omega: Number, bend: Any) -> None:
    """out += omega cos u + bend sin."""
    keep_apart()
    frequency = like(omega, bend)
    for i in range(0, size, lanes(u)):
        total = fma(vld(cosine, i) * vld(u, i), frequency, vld(out, i))
        vst(out, i, fma(vld(sine, i), bend, total))


def add_slopes_bar(
    out: Array,
    sums: Array,
    u: Array,
    sine: Array,
    cosine: Array,
    phi: Array,
    size: int,
    omega: Number,
    bend: Any,
) -> None:
    """The same; sums over sites of cos u phi and of sin phi into sums."""
    keep_apart()
    w, frequency = lanes(u), like(omega, bend)
    first, second = wide(bend) * 0.0, wide(bend) * 0.0
    for start in range(0, size, CHUNK * w):
        one, two = bend * 0.0, bend * 0.0
        for i in range(start, min(start + CHUNK * w, size), w):
            s, at, product = vld(sine, i), vld(phi, i), vld(cosine, i) * vld(u, i)
            vst(out, i, fma(s, bend, fma(product, frequency, vld(out, i))))
            one, two = fma(product, at, one), fma(s, at, two)
        first, second = first + wide(one), second + wide(two)
    vst(sums, 0, first)
    vst(sums, w, second)


def advance(
    modes: Array,
    base: Array,
    total: Array,
    slope: Array,
    spectrum: Array,
    size: int,
    share: Number,
    ahead: Number,
) -> None:
    """A Runge-Kutta stage: total += share k, modes = base + ahead k, k = slope + spectrum modes.

    ahead = 0 ends the step: modes and base are the new total.
    """
    keep_apart()
    w = lanes(modes)
    part, step = like(share, vld(modes, 0)), like(ahead, vld(modes, 0))
    if ahead != 0.0:
        for i in range(0, size, w):
            at = vld(modes, i)
            k = fma(at, like(spectrum[i // w], at), vld(slope, i))
            vst(total, i, fma(k, part, vld(total, i)))
            vst(modes, i, fma(k, step, vld(base, i)))
    else:
        for i in range(0, size, w):
            at = vld(modes, i)
            k = fma(at, like(spectrum[i // w], at), vld(slope, i))
            end = fma(k, part, vld(total, i))
            vst(total, i, end)
            vst(modes, i, end)
            vst(base, i, end)


def retreat(k: Array, total: Array, a: Array, slope: Array, spectrum: Array, size: int) -> None:
    """The adjoint of a stage with cotangent k: a = slope + spectrum k, total += a."""
    keep_apart()
    w = lanes(k)
    for i in range(0, size, w):
        at = vld(k, i)
        found = fma(at, like(spectrum[i // w], at), vld(slope, i))
        vst(a, i, found)
        vst(total, i, vld(total, i) + found)


def mixed(k: Array, y: Array, share: Number, a: Array, ahead: Number, size: int) -> None:
    """k = share y + ahead a."""
    keep_apart()
    part, step = like(share, vld(y, 0)), like(ahead, vld(y, 0))
    for i in range(0, size, lanes(k)):
        vst(k, i, fma(vld(y, i), part, vld(a, i) * step))


def correlate(out: Array, a: Array, b: Array, sites: int) -> None:
    """out[site] += sum over lanes of a b; sites in whole vectors."""
    keep_apart()
    w = lanes(a)
    for m in range(0, sites, w):
        vst(out, m, vld(out, m) + lane_products(a, m * w, b, m * w))


def add_divergence(total: Array, sums: Array, factor: float) -> None:
    """total += factor sums, lane by lane."""
    keep_apart()
    for lane in range(total.size):
        total[lane] = fma(factor, sums[lane], total[lane])


def add_bars(
    local_bar: Array,
    omega_bar: Array,
    f: int,
    weight: Array,
    cosines: Array,
    products: Array,
    share: float,
    local: float,
    omega: float,
) -> None:
    """Sums over lanes of the cotangents of W_f(0) and of omega_f, from the sums over sites."""
    keep_apart()
    w, first, second = cosines.size, 0.0, 0.0
    for lane in range(w):
        source = weight[lane] * share
        first = fma(source * omega, cosines[lane], first)
        inner = fma(-omega, products[w + lane], cosines[lane])
        second = fma(source * local, inner, second + products[lane])
    local_bar[f] += first
    omega_bar[f] += second


def add_volume(local_bar: Array, f: int, weight: Array, factor: float) -> None:
    """The cotangent of W(0) of the linear feature."""
    keep_apart()
    total = 0.0
    for lane in range(weight.size):
        total += weight[lane]
    local_bar[f] = fma(total, factor, local_bar[f])
