"""What one CUDA thread does for SU(N) links; the same text runs as plain Python (see `bodies`).

u is flat (chain, mu, N, N, t, z, y, x) with re and im in turn, p flat (chain, mu, N^2 - 1, t, z, y, x): neighbouring
threads read neighbouring numbers.  A thread copies the matrices it needs into numbers of its own, as `site.su` wants
them.  Weights as in `u1_bodies`.
"""

from __future__ import annotations

from typing import Any

from latticekit.kernels.cuda.links import REAL, cuda, down, plane_of, up
from latticekit.kernels.site import Constant, Site
from latticekit.kernels.site.angles import atan2, direction_of
from latticekit.kernels.site.primitives import double, fma, power_of_two, sqrt
from latticekit.kernels.site.su import add_components, dagger_mul, dot, ld, mul, mul_dagger, product_trace, st
from latticekit.kernels.site.su_exp import exp3, halvings
from latticekit.kernels.site.su_project import determinant3, polar_step

Array = Any
Number = Any
N, SIZE, ROOM, A = (
    3,
    18,
    54,
    8,
)  # compile-time constants: the group; numbers of a matrix, of three, of an algebra element
exponential, determinant = exp3, determinant3
INVERSE = 1 / 3
ENOUGH = Constant(5e-29, single=1.5e-11)
"""|U^dagger U - 1|^2 that rounding leaves."""


@Site
def fetch(to: Array, u: Array, link: int, s: int, n: int, volume: int) -> None:
    """A matrix of a field; link = (chain dim + mu) of it."""
    start = 2 * (link * n * n * volume + s)
    for k in range(n * n):
        to[2 * k], to[2 * k + 1] = u[start + 2 * k * volume], u[start + 2 * k * volume + 1]


@Site
def keep(u: Array, link: int, s: int, a: Array, n: int, volume: int) -> None:
    """A matrix back into a field."""
    start = 2 * (link * n * n * volume + s)
    for k in range(n * n):
        u[start + 2 * k * volume], u[start + 2 * k * volume + 1] = a[2 * k], a[2 * k + 1]


@Site
def add_mul_dagger(out: Array, weight: Number, a: Array, b: Array, n: int) -> None:
    """out += weight A B^dagger."""
    for r in range(n):
        for c in range(n):
            re, im = dot(a, 0, n * r, 1, 1.0, b, 0, n * c, 1, -1.0, n)
            k = 2 * (n * r + c)
            st(out, 0, k, fma(weight, re, ld(out, 0, k)))
            st(out, 0, k + 1, fma(weight, im, ld(out, 0, k + 1)))


@Site
def add_dagger_mul(out: Array, weight: Number, a: Array, b: Array, n: int) -> None:
    """out += weight A^dagger B."""
    for r in range(n):
        for c in range(n):
            re, im = dot(a, 0, r, n, -1.0, b, 0, c, n, 1.0, n)
            k = 2 * (n * r + c)
            st(out, 0, k, fma(weight, re, ld(out, 0, k)))
            st(out, 0, k + 1, fma(weight, im, ld(out, 0, k + 1)))


@Site
def staple(
    v: Array,
    a: Array,
    b: Array,
    product: Array,
    u: Array,
    weights: Array,
    pitch: int,
    vary: int,
    chain: int,
    s: int,
    mu: int,
    n: int,
    dim: int,
    t: int,
    z: int,
    y: int,
    x: int,
) -> None:
    """v = V, the weighted sum of the staples of the link; a, b, product: room."""
    volume, ahead = t * z * y * x, up(s, mu, dim, t, z, y, x)
    for k in range(2 * n * n):
        v[k] = 0.0 * weights[0]
    for nu in range(dim):
        if nu != mu:
            above, below = up(s, nu, dim, t, z, y, x), down(s, nu, dim, t, z, y, x)
            corner, plane = up(below, mu, dim, t, z, y, x), plane_of(mu, nu, dim) * pitch
            along, across = chain * dim + mu, chain * dim + nu
            fetch(a, u, across, ahead, n, volume)
            fetch(b, u, along, above, n, volume)
            mul_dagger(product, 0, a, 0, b, 0, n)
            fetch(a, u, across, s, n, volume)
            add_mul_dagger(v, weights[plane + vary * s], product, a, n)
            fetch(a, u, along, below, n, volume)
            fetch(b, u, across, corner, n, volume)
            mul(product, 0, a, 0, b, 0, n)
            fetch(a, u, across, below, n, volume)
            add_dagger_mul(v, weights[plane + vary * below], product, a, n)


@Site
def kick(
    i: int,
    u: Array,
    p: Array,
    weights: Array,
    pitch: int,
    vary: int,
    dim: int,
    t: int,
    z: int,
    y: int,
    x: int,
    e: Number,
) -> None:
    """p += e F(u)."""
    volume = t * z * y * x
    s, mu, chain = i % volume, i // volume % dim, i // (volume * dim)
    v, a, b, product, q = (
        cuda.local.array(SIZE, REAL),
        cuda.local.array(SIZE, REAL),
        cuda.local.array(SIZE, REAL),
        cuda.local.array(SIZE, REAL),
        cuda.local.array(A, REAL),
    )
    staple(v, a, b, product, u, weights, pitch, vary, chain, s, mu, N, dim, t, z, y, x)
    fetch(a, u, chain * dim + mu, s, N, volume)
    start = (chain * dim + mu) * A * volume + s
    for k in range(A):
        q[k] = p[start + k * volume]
    add_components(q, 0, -0.5 * e, a, 0, v, 0, N)
    for k in range(A):
        p[start + k * volume] = q[k]


@Site
def drift(i: int, u: Array, p: Array, out: Array, volume: int, step: Number) -> None:
    """out = exp(step p) u; out may be u."""
    s, link = i % volume, i // volume
    e, q, a = cuda.local.array(ROOM, REAL), cuda.local.array(A, REAL), cuda.local.array(SIZE, REAL)
    for k in range(A):
        q[k] = p[link * A * volume + s + k * volume]
    twice = halvings(q, 0, step, N)
    exponential(e, 0, SIZE, 2 * SIZE, q, 0, step * power_of_two(-twice), N)
    for _ in range(int(twice)):
        mul(e, SIZE, e, 0, e, 0, N)
        for k in range(SIZE):
            e[k] = e[SIZE + k]
    fetch(a, u, link, s, N, volume)
    mul(e, SIZE, e, 0, a, 0, N)
    for k in range(SIZE):
        a[k] = e[SIZE + k]
    keep(out, link, s, a, N, volume)


@Site
def project(i: int, u: Array, out: Array, volume: int) -> None:
    """Nearest special unitary matrix: the polar factor, by as many of Newton's steps as it takes, over det^(1/N).

    out may be u.
    """
    s, link = i % volume, i // volume
    a, room = cuda.local.array(SIZE, REAL), cuda.local.array(ROOM, REAL)
    fetch(a, u, link, s, N, volume)
    for tries in range(100):
        error = polar_step(room, 0, SIZE, a, 0, N)
        if error < ENOUGH:
            break
        square = a[0] * a[0]
        for k in range(1, SIZE):
            square = fma(a[k], a[k], square)
        scale, near = 1.0 / sqrt(square), tries > 0 or error < 1.0
        for k in range(SIZE):
            a[k] = room[k] if near else scale * a[k]  # from afar; singular values below 1 stay there
    re, im = determinant(room, 0, SIZE, a, 0, N)
    c, d = direction_of(INVERSE * atan2(-im, re))
    for k in range(N * N):
        re, im = a[2 * k], a[2 * k + 1]
        a[2 * k], a[2 * k + 1] = fma(-d, im, c * re), fma(d, re, c * im)
    keep(out, link, s, a, N, volume)


@Site
def sums(
    i: int,
    u: Array,
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
    """out[chain, plane, piece] = the float64 sum of weight Re tr P over every pieces-th site of a chain."""
    volume = t * z * y * x
    piece, plane, chain = i % pieces, i // pieces % planes, i // (pieces * planes)
    a, b, above, below = (
        cuda.local.array(SIZE, REAL),
        cuda.local.array(SIZE, REAL),
        cuda.local.array(SIZE, REAL),
        cuda.local.array(SIZE, REAL),
    )
    total, n = 0.0, 0
    for mu in range(dim):
        for nu in range(mu + 1, dim):
            if n == plane:
                for s in range(piece, volume, pieces):
                    fetch(a, u, chain * dim + nu, up(s, mu, dim, t, z, y, x), N, volume)
                    fetch(b, u, chain * dim + mu, up(s, nu, dim, t, z, y, x), N, volume)
                    mul_dagger(above, 0, a, 0, b, 0, N)
                    fetch(a, u, chain * dim + nu, s, N, volume)
                    fetch(b, u, chain * dim + mu, s, N, volume)
                    dagger_mul(below, 0, a, 0, b, 0, N)
                    weight = double(weights[plane * pitch + vary * s])
                    total = total + weight * product_trace(above, 0, below, 0, N)
            n += 1
    out[i] = total
