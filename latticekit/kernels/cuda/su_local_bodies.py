"""Local updates of SU(N) links, one CUDA thread per link of a colour; see `su_bodies`."""

from __future__ import annotations

from typing import Any

from latticekit.kernels.cuda.links import REAL, coloured, cuda
from latticekit.kernels.cuda.su_bodies import fetch, keep, staple
from latticekit.kernels.site import Site
from latticekit.kernels.site.elementary import log, turn
from latticekit.kernels.site.philox import normals_double, uniforms_double
from latticekit.kernels.site.primitives import power_of_two, sqrt, word
from latticekit.kernels.site.su import mul, product_trace
from latticekit.kernels.site.su_exp import exp3, halvings
from latticekit.kernels.site.subgroup import (
    CROSSOVER,
    completed,
    creutz,
    kennedy_pendleton,
    norm_squared,
    over,
    part,
    reflection,
    rotated,
)
from latticekit.kernels.site.subgroup import exponential as exponential_number

Array = Any
Number = Any
N, SIZE, ROOM, A, EVEN, PAIRS = 3, 18, 54, 8, 8, 3  # compile-time constants; EVEN: A rounded up; PAIRS: subgroups
exponential = exp3
uniforms, normals = uniforms_double, normals_double


@Site
def block(m: Array, i: int, j: int, n: int) -> tuple[Number, Number, Number, Number]:
    """The quaternion of rows and columns i, j."""
    ii, ij, ji, jj = 2 * (n * i + i), 2 * (n * i + j), 2 * (n * j + i), 2 * (n * j + j)
    return part(m[ii], m[ii + 1], m[ij], m[ij + 1], m[ji], m[ji + 1], m[jj], m[jj + 1])


@Site
def turn_rows(a: Array, i: int, j: int, g0: Number, g1: Number, g2: Number, g3: Number, n: int) -> None:
    """g times rows i, j."""
    for k in range(n):
        p, q = 2 * (n * i + k), 2 * (n * j + k)
        a[p], a[p + 1], a[q], a[q + 1] = rotated(g0, g1, g2, g3, a[p], a[p + 1], a[q], a[q + 1])


@Site
def overrelaxation(
    i: int,
    u: Array,
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
    """Reflections in all subgroups, for a link of direction mu and a colour."""
    volume = t * z * y * x
    chain, s = i // (volume // 2), coloured(i % (volume // 2), colour, t, z, y, x)
    v, a, b, m = (
        cuda.local.array(SIZE, REAL),
        cuda.local.array(SIZE, REAL),
        cuda.local.array(SIZE, REAL),
        cuda.local.array(SIZE, REAL),
    )
    staple(v, a, b, m, u, weights, pitch, vary, chain, s, mu, N, dim, t, z, y, x)
    fetch(a, u, chain * dim + mu, s, N, volume)
    mul(m, 0, a, 0, v, 0, N)
    for j in range(N - 1):
        for k in range(j + 1, N):
            w0, w1, w2, w3 = block(m, j, k, N)
            g0, g1, g2, g3 = reflection(w0, w1, w2, w3)
            turn_rows(a, j, k, g0, g1, g2, g3, N)
            turn_rows(m, j, k, g0, g1, g2, g3, N)
    keep(u, chain * dim + mu, s, a, N, volume)


@Site
def heatbath(
    i: int,
    u: Array,
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
    direction: int,
    step: int,
    k0: int,
    k1: int,
) -> None:
    """Draws in all subgroups, for a link of direction mu and a colour; counts are added up."""
    volume = t * z * y * x
    chain, s = i // (volume // 2), coloured(i % (volume // 2), colour, t, z, y, x)
    v, a, b, m = (
        cuda.local.array(SIZE, REAL),
        cuda.local.array(SIZE, REAL),
        cuda.local.array(SIZE, REAL),
        cuda.local.array(SIZE, REAL),
    )
    staple(v, a, b, m, u, weights, pitch, vary, chain, s, mu, N, dim, t, z, y, x)
    fetch(a, u, chain * dim + mu, s, N, volume)
    mul(m, 0, a, 0, v, 0, N)
    number = mu * PAIRS
    for j in range(N - 1):
        for k in range(j + 1, N):
            w0, w1, w2, w3 = block(m, j, k, N)
            alpha, failed = 2.0 * sqrt(norm_squared(w0, w1, w2, w3)), 1
            for attempt in range(attempts):
                draw = word(number * attempts + attempt)
                r1, r3 = uniforms(word(s), draw, word(step), word(stream + chain), word(k0), word(k1))
                r2, r4 = uniforms(word(volume + s), draw, word(step), word(stream + chain), word(k0), word(k1))
                if alpha < CROSSOVER:
                    delta, bound = creutz(r1, alpha)
                else:
                    delta, bound = kennedy_pendleton(exponential_number(r1, r2, r3), alpha)
                tries[i] += 1
                if r4 * r4 <= bound:
                    q, r = uniforms(word(s), word(number), word(step), word(direction + chain), word(k0), word(k1))
                    c, d = turn(r)
                    g0, g1, g2, g3 = completed(delta, q, c, d)
                    g0, g1, g2, g3 = over(g0, g1, g2, g3, w0, w1, w2, w3)
                    turn_rows(a, j, k, g0, g1, g2, g3, N)
                    turn_rows(m, j, k, g0, g1, g2, g3, N)
                    failed = 0
                    break
            failures[i] += failed
            number += 1
    keep(u, chain * dim + mu, s, a, N, volume)


@Site
def metropolis(
    i: int,
    u: Array,
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
    """`hits` proposals exp(size v) U for a link of direction mu and a colour; acceptances are added up."""
    volume, half = t * z * y * x, (A + 1) // 2
    chain, s = i // (volume // 2), coloured(i % (volume // 2), colour, t, z, y, x)
    v, a, b, e, q = (
        cuda.local.array(SIZE, REAL),
        cuda.local.array(SIZE, REAL),
        cuda.local.array(SIZE, REAL),
        cuda.local.array(ROOM, REAL),
        cuda.local.array(EVEN, REAL),
    )
    staple(v, a, b, e, u, weights, pitch, vary, chain, s, mu, N, dim, t, z, y, x)
    fetch(a, u, chain * dim + mu, s, N, volume)
    old = product_trace(a, 0, v, 0, N)
    for hit in range(hits):
        for k in range(half):
            counter, draw = word(k * volume + s), word(mu * hits + hit)
            q[k], q[k + half] = normals(counter, draw, word(step), word(stream + chain), word(k0), word(k1))
        twice = halvings(q, 0, size, N)
        exponential(e, 0, SIZE, 2 * SIZE, q, 0, size * power_of_two(-twice), N)
        for _ in range(int(twice)):
            mul(e, SIZE, e, 0, e, 0, N)
            for k in range(SIZE):
                e[k] = e[SIZE + k]
        mul(b, 0, e, 0, a, 0, N)
        new, draw = product_trace(b, 0, v, 0, N), word(mu * ((hits + 1) // 2) + hit // 2)
        first, second = uniforms(word(s), draw, word(step), word(accept + chain), word(k0), word(k1))
        if log(first if hit % 2 == 0 else second) < new - old:
            old = new
            accepted[i] += 1
            for k in range(SIZE):
                a[k] = b[k]
    keep(u, chain * dim + mu, s, a, N, volume)
