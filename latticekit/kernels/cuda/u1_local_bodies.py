"""Local updates of U(1) links, one CUDA thread per link of a colour; see `u1_bodies`."""

from __future__ import annotations

from typing import Any

from latticekit.kernels.cuda.links import coloured
from latticekit.kernels.cuda.u1_bodies import staple
from latticekit.kernels.site import Site
from latticekit.kernels.site.angles import atan2, direction_of
from latticekit.kernels.site.elementary import log, turn
from latticekit.kernels.site.philox import normals_double, uniforms_double
from latticekit.kernels.site.primitives import fma, sqrt, word
from latticekit.kernels.site.u1 import wrap
from latticekit.kernels.site.von_mises import log_accept, proposal

Array = Any
Number = Any
uniforms, normals = uniforms_double, normals_double


@Site
def overrelaxation(
    i: int,
    theta: Array,
    weights: Array,
    pitch: int,
    vary: int,
    mu: int,
    colour: int,
    dim: int,
    t: int,
    z: int,
    y: int,
    x: int,
) -> None:
    """theta <- -2 arg V - theta for a link of direction mu and a colour; as it is where V = 0."""
    volume = t * z * y * x
    chain, s = i // (volume // 2), coloured(i % (volume // 2), colour, t, z, y, x)
    base = chain * dim * volume
    re, im = staple(theta, weights, pitch, vary, base, s, mu, dim, t, z, y, x)
    if fma(im, im, re * re) > 0.0:
        link = base + mu * volume + s
        theta[link] = wrap(-2.0 * atan2(im, re) - theta[link])


@Site
def heatbath(
    i: int,
    theta: Array,
    tries: Array,
    failures: Array,
    weights: Array,
    pitch: int,
    vary: int,
    mu: int,
    colour: int,
    dim: int,
    t: int,
    z: int,
    y: int,
    x: int,
    attempts: int,
    stream: int,
    step: int,
    k0: int,
    k1: int,
) -> None:
    """theta from exp(Re(U V)) for a link of direction mu and a colour, by Best and Fisher; counts are added up."""
    volume = t * z * y * x
    chain, s = i // (volume // 2), coloured(i % (volume // 2), colour, t, z, y, x)
    base = chain * dim * volume
    re, im = staple(theta, weights, pitch, vary, base, s, mu, dim, t, z, y, x)
    k, failed = sqrt(fma(im, im, re * re)), 1
    for n in range(attempts):
        u, v = uniforms(word(s), word(mu * attempts + n), word(step), word(stream + chain), word(k0), word(k1))
        c, d = turn(u)
        c, d, bound = proposal(k, c, d)
        tries[i] += 1
        if log_accept(bound, v) >= 0.0:
            theta[base + mu * volume + s] = wrap(atan2(d, c) - atan2(im, re))
            failed = 0
            break
    failures[i] += failed


@Site
def metropolis(
    i: int,
    theta: Array,
    accepted: Array,
    weights: Array,
    pitch: int,
    vary: int,
    mu: int,
    colour: int,
    dim: int,
    t: int,
    z: int,
    y: int,
    x: int,
    size: Number,
    hits: int,
    stream: int,
    accept: int,
    step: int,
    k0: int,
    k1: int,
) -> None:
    """`hits` proposals theta + size * normal for a link of direction mu and a colour; acceptances are added up."""
    volume = t * z * y * x
    chain, s = i // (volume // 2), coloured(i % (volume // 2), colour, t, z, y, x)
    base = chain * dim * volume
    link = base + mu * volume + s
    re, im = staple(theta, weights, pitch, vary, base, s, mu, dim, t, z, y, x)
    here = theta[link]
    c, d = direction_of(here)
    old = fma(-d, im, c * re)
    for hit in range(hits):
        v, _ = normals(word(s), word(mu * hits + hit), word(step), word(stream + chain), word(k0), word(k1))
        draw = mu * ((hits + 1) // 2) + hit // 2
        a, b = uniforms(word(s), word(draw), word(step), word(accept + chain), word(k0), word(k1))
        there = here + size * v
        c, d = direction_of(there)
        new = fma(-d, im, c * re)
        if log(a if hit % 2 == 0 else b) < new - old:
            here, old = there, new
            accepted[i] += 1
    theta[link] = wrap(here)
