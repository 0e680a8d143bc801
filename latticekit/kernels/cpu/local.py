"""Local updates of phi^4 on a list of sites of one parity, given the sums over their neighbours.

Every update has the same arguments: the field of a chain, its whole-lattice numbers (first the sums over neighbours,
then random numbers), the sites, lists to work in, the constants of `sweeps.constants`, hits or attempts, the counter
words, the chain.  It returns two counts.
"""

from __future__ import annotations

import math
from typing import Any

from latticekit.kernels.cpu.checkerboard import choose
from latticekit.kernels.cpu.lanes import first_lanes, keep_apart, lane_sum, lanes, like, vld, vst, wide
from latticekit.kernels.site import conditional
from latticekit.kernels.site.elementary import log
from latticekit.kernels.site.primitives import sqrt

Array = Any
Counts = tuple[float, float]
value, precision, change = conditional.value, conditional.precision, conditional.change
one_sided_accept, two_sided_accept = conditional.one_sided_accept, conditional.two_sided_accept
two_sided_radius, upper = conditional.two_sided_radius, conditional.upper
INFINITY = math.inf
hit: Any = None
reflect: Any = None
gather: Any = None
scatter: Any = None


def metropolis(
    field: Array,
    numbers: Array,
    sites: Array,
    work: Array,
    waiting: Array,
    constants: Array,
    repeats: int,
    words: Array,
    chain: int,
) -> Counts:
    """`repeats` proposals per site.  -> accepted, 0"""
    linear, phi, noise, u = work[0], work[1], work[2], work[3]
    gather(linear, numbers[0], sites)
    gather(phi, field, sites)
    accepted = 0.0
    for n in range(repeats):
        gather(noise, numbers[1 + n], sites)
        gather(u, numbers[1 + repeats + n], sites)
        accepted += hit(phi, linear, noise, u, sites.size, constants)
    scatter(field, phi, sites)
    return accepted, 0.0


def metropolis_hit(phi: Array, linear: Array, noise: Array, u: Array, count: int, constants: Array) -> float:
    """One proposal per site of the list.  -> accepted"""
    keep_apart()
    a, lam, size, w = constants[0], constants[1], constants[2], lanes(phi)
    one, zero = like(1.0, vld(phi, 0)), like(0.0, vld(phi, 0))
    total = wide(zero)
    for n in range(0, count, w):
        x, b, log_u = vld(phi, n), 2.0 * vld(linear, n), log(vld(u, n))
        y = x + size * vld(noise, n)
        gain = value(x, a, lam, b) - value(y, a, lam, b)
        vst(phi, n, choose(log_u, gain, y, x))
        total = total + wide(first_lanes(choose(log_u, gain, one, zero), count - n))
    return lane_sum(total)


def overrelaxation(
    field: Array,
    numbers: Array,
    sites: Array,
    work: Array,
    waiting: Array,
    constants: Array,
    repeats: int,
    words: Array,
    chain: int,
) -> Counts:
    """One reflection per site.  -> accepted, 0"""
    linear, phi, u = work[0], work[1], work[2]
    gather(linear, numbers[0], sites)
    gather(phi, field, sites)
    gather(u, numbers[1], sites)
    accepted = reflect(phi, linear, u, sites.size, constants)
    scatter(field, phi, sites)
    return accepted, 0.0


def reflection(phi: Array, linear: Array, u: Array, count: int, constants: Array) -> float:
    """phi -> b/A - phi at the sites of the list.  -> accepted"""
    keep_apart()
    a, lam, start, inverse, w = constants[0], constants[1], constants[3], constants[4], lanes(phi)
    one, zero = like(1.0, vld(phi, 0)), like(0.0, vld(phi, 0))
    total = wide(zero)
    for n in range(0, count, w):
        x, b, log_u = vld(phi, n), 2.0 * vld(linear, n), log(vld(u, n))
        root = precision(a, lam, b, start)
        y = b / root - x
        gain = -change(x, y, lam, (root - a) * inverse)
        vst(phi, n, choose(log_u, gain, y, x))
        total = total + wide(first_lanes(choose(log_u, gain, one, zero), count - n))
    return lane_sum(total)


prepare: Any = None
propose: Any = None
settle: Any = None
normals: Any = None
uniforms: Any = None
SIDES = 0


def heatbath(
    field: Array,
    numbers: Array,
    sites: Array,
    work: Array,
    waiting: Array,
    constants: Array,
    repeats: int,
    words: Array,
    chain: int,
) -> Counts:
    """Draws of at most `repeats` attempts per site.  -> tries, failures"""
    linear, normal, u, side, volume, count = work[0], work[3], work[4], work[5], field.size, sites.size
    gather(linear, numbers[0], sites)
    gather(normal, numbers[1], sites)
    gather(u, numbers[2], sites)
    if SIDES:
        gather(side, numbers[3], sites)
    for n in range(count):
        waiting[n] = sites[n]
    prepare(work, count, constants)
    tries, key, stream = 0.0, words[0], words[0, 4] + chain
    for n in range(repeats):
        if n > 0:  # the first attempt reads the numbers that were drawn for the whole lattice
            normals(normal, waiting, count, volume, key, 3 * n, stream)
            uniforms(u, waiting, count, volume, key, 3 * n + 2, stream)
            if SIDES:
                uniforms(side, waiting, count, volume, key, 3 * n + 1, stream)
        propose(work, count, constants)
        tries += count
        count = settle(field, waiting, work, count)
        if count == 0:
            break
    return tries, float(count)


def settled(field: Array, waiting: Array, work: Array, count: int) -> int:
    """Store the successes, move the rest of the list to its start.  -> how many still wait"""
    proposal, success, kept = work[6], work[7], 0
    for n in range(count):  # without branches, which would be mispredicted
        i, done = waiting[n], success[n] > 0
        field[i] = proposal[n] if done else field[i]
        waiting[kept] = i
        for k in range(3):
            work[k, kept] = work[k, n]
        kept += not done
    return kept


def one_sided_prepare(work: Array, count: int, constants: Array) -> None:
    """work[0]: sum over neighbours -> mean, work[1]: width, work[2]: square c."""
    keep_apart()
    a, lam, start, inverse, phi = constants[0], constants[1], constants[3], constants[4], work[0]
    for n in range(0, count, lanes(phi)):
        b = 2.0 * vld(phi, n)
        root = precision(a, lam, b, start)
        vst(work[0], n, b / (2.0 * root))
        vst(work[1], n, 1.0 / sqrt(2.0 * root))
        vst(work[2], n, (root - a) * inverse)


def one_sided_propose(work: Array, count: int, constants: Array) -> None:
    """work[6], work[7] = proposal, success (0 or 1) of each site of the list."""
    keep_apart()
    lam, mean = constants[1], work[0]
    one, zero = like(1.0, vld(mean, 0)), like(0.0, vld(mean, 0))
    for n in range(0, count, lanes(mean)):
        phi = vld(mean, n) + vld(work[1], n) * vld(work[3], n)
        accept = one_sided_accept(phi, lam, vld(work[2], n))
        vst(work[6], n, phi)
        vst(work[7], n, choose(log(vld(work[4], n)), accept, one, zero))


def two_sided_prepare(work: Array, count: int, constants: Array) -> None:
    """work[0]: sum over neighbours -> b, work[1]: rho, work[2]: probability of the upper side."""
    keep_apart()
    a, lam, start, inverse, phi = constants[0], constants[1], constants[3], constants[4], work[0]
    for n in range(0, count, lanes(phi)):
        b = 2.0 * vld(phi, n)
        rho = sqrt((precision(a, lam, b, start) - a) * inverse)
        vst(work[0], n, b)
        vst(work[1], n, rho)
        vst(work[2], n, upper(a, lam, b, rho))


def two_sided_propose(work: Array, count: int, constants: Array) -> None:
    """work[6], work[7] = proposal, success (0 or 1) of each site of the list."""
    keep_apart()
    a, lam, linear = constants[0], constants[1], work[0]
    one, zero = like(1.0, vld(linear, 0)), like(0.0, vld(linear, 0))
    never = like(-INFINITY, one)
    for n in range(0, count, lanes(linear)):
        sign, rho = choose(vld(work[5], n), vld(work[2], n), one, -one), vld(work[1], n)
        r = two_sided_radius(a, lam, sign * vld(linear, n), rho, vld(work[3], n))
        accept = choose(r, zero, never, two_sided_accept(r, lam, rho))
        vst(work[6], n, sign * r)
        vst(work[7], n, choose(log(vld(work[4], n)), accept, one, zero))
