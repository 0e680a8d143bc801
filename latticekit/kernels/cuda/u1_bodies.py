"""What one CUDA thread does for U(1) links; the same text runs as plain Python (see `bodies`).

theta is flat (chain, mu, t, z, y, x); weights hold a number per plane (pitch 1, vary 0) or per plaquette (pitch V,
vary 1).  A thread finds the 2 (dim - 1) sines of its own link: reading costs more than computing them anew.
"""

from __future__ import annotations

from typing import Any

from latticekit.kernels.cuda.links import down, plane_of, up
from latticekit.kernels.site import Site
from latticekit.kernels.site.angles import direction_of
from latticekit.kernels.site.primitives import double, fma
from latticekit.kernels.site.u1 import density, plaquette, pull, wrap

Array = Any
Number = Any


@Site
def moved(theta: Array, p: Array, step: Number, i: int) -> Number:
    """An angle after a drift."""
    return theta[i] + step * p[i]


@Site
def corner(
    theta: Array, p: Array, step: Number, base: int, s: int, mu: int, nu: int, dim: int, t: int, z: int, y: int, x: int
) -> Number:
    """Angle of the plaquette (mu, nu) at site s, after a drift; base: where the chain begins."""
    volume = t * z * y * x
    first, second = base + mu * volume, base + nu * volume
    right, above = up(s, mu, dim, t, z, y, x), up(s, nu, dim, t, z, y, x)
    return plaquette(
        moved(theta, p, step, first + s),
        moved(theta, p, step, second + right),
        moved(theta, p, step, first + above),
        moved(theta, p, step, second + s),
    )


@Site
def force(
    i: int,
    theta: Array,
    p: Array,
    weights: Array,
    pitch: int,
    vary: int,
    dim: int,
    t: int,
    z: int,
    y: int,
    x: int,
    step: Number,
) -> Number:
    """F of link i after a drift: -dS/dtheta."""
    volume = t * z * y * x
    s, mu = i % volume, i // volume % dim
    base = i - s - mu * volume
    total = 0.0 * theta[i]
    for nu in range(dim):
        if nu != mu:
            below, plane = down(s, nu, dim, t, z, y, x), plane_of(mu, nu, dim) * pitch
            here = corner(theta, p, step, base, s, mu, nu, dim, t, z, y, x)
            there = corner(theta, p, step, base, below, mu, nu, dim, t, z, y, x)
            total = total + pull(there, weights[plane + vary * below]) - pull(here, weights[plane + vary * s])
    return total


@Site
def stage(
    i: int,
    theta: Array,
    p: Array,
    theta_out: Array,
    p_out: Array,
    weights: Array,
    pitch: int,
    vary: int,
    dim: int,
    t: int,
    z: int,
    y: int,
    x: int,
    step: Number,
    kick: Number,
) -> None:
    """Drift and kick in one pass: neighbours drift on the fly.  Out of place."""
    theta_out[i] = moved(theta, p, step, i)
    p_out[i] = p[i] + kick * force(i, theta, p, weights, pitch, vary, dim, t, z, y, x, step)


@Site
def add_force(
    i: int,
    theta: Array,
    base: Array,
    out: Array,
    weights: Array,
    pitch: int,
    vary: int,
    dim: int,
    t: int,
    z: int,
    y: int,
    x: int,
    kick: Number,
) -> None:
    """out = base + kick F(theta); out may be base."""
    out[i] = base[i] + kick * force(i, theta, theta, weights, pitch, vary, dim, t, z, y, x, 0.0)


@Site
def project(i: int, theta: Array, out: Array) -> None:
    """Angles into [-pi, pi); out may be theta."""
    out[i] = wrap(theta[i])


@Site
def sums(
    i: int,
    theta: Array,
    out: Array,
    weights: Array,
    pitch: int,
    vary: int,
    planes: int,
    pieces: int,
    dim: int,
    t: int,
    z: int,
    y: int,
    x: int,
) -> None:
    """out[chain, plane, piece] = the float64 sum of weight cos(plaquette) over every pieces-th site of a chain."""
    volume = t * z * y * x
    piece, plane, chain = i % pieces, i // pieces % planes, i // (pieces * planes)
    base, total, n = chain * dim * volume, 0.0, 0
    for mu in range(dim):
        for nu in range(mu + 1, dim):
            if n == plane:
                for s in range(piece, volume, pieces):
                    first, second = base + mu * volume, base + nu * volume
                    right, above = up(s, mu, dim, t, z, y, x), up(s, nu, dim, t, z, y, x)
                    angle = plaquette(
                        double(theta[first + s]),
                        double(theta[second + right]),
                        double(theta[first + above]),
                        double(theta[second + s]),
                    )
                    total = total + density(angle, double(weights[plane * pitch + vary * s]))
            n += 1
    out[i] = total


@Site
def staple(
    theta: Array,
    weights: Array,
    pitch: int,
    vary: int,
    base: int,
    s: int,
    mu: int,
    dim: int,
    t: int,
    z: int,
    y: int,
    x: int,
) -> tuple[Number, Number]:
    """V with Re(U V) = sum of weight cos(plaquette) through the link.  -> re, im"""
    volume = t * z * y * x
    re, im = 0.0 * theta[base], 0.0 * theta[base]
    ahead = up(s, mu, dim, t, z, y, x)
    for nu in range(dim):
        if nu != mu:
            above, below = up(s, nu, dim, t, z, y, x), down(s, nu, dim, t, z, y, x)
            corner, plane = up(below, mu, dim, t, z, y, x), plane_of(mu, nu, dim) * pitch
            first, second = base + mu * volume, base + nu * volume
            c, d = direction_of(theta[second + ahead] - theta[first + above] - theta[second + s])
            re, im = fma(weights[plane + vary * s], c, re), fma(weights[plane + vary * s], d, im)
            c, d = direction_of(theta[second + below] - theta[first + below] - theta[second + corner])
            re, im = fma(weights[plane + vary * below], c, re), fma(weights[plane + vary * below], d, im)
    return re, im
