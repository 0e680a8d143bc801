"""What one CUDA thread does: site formulas plus memory.  The same text runs as plain Python over an emulated grid.

Fields are flat (chain, t, z, y, x) with extents 1 in front of the `dim` real ones.
"""

from __future__ import annotations

from typing import Any

from latticekit.kernels.site import Site
from latticekit.kernels.site.phi4 import bond, drift, kick, potential
from latticekit.kernels.site.philox import normals_double, normals_single, uniforms_double, uniforms_single
from latticekit.kernels.site.primitives import double, word

Array = Any
Number = Any


@Site
def ahead(i: int, extent: int, stride: int) -> int:
    """Index of the next site in the direction of this stride."""
    return i + stride if i // stride % extent + 1 < extent else i + stride - extent * stride


@Site
def behind(i: int, extent: int, stride: int) -> int:
    """Index of the previous site."""
    return i - stride if i // stride % extent > 0 else i - stride + extent * stride


@Site
def pair(phi: Array, p: Array, step: Number, i: int, extent: int, stride: int) -> Number:
    """Sum of the two neighbours in one direction, after a drift."""
    j, k = ahead(i, extent, stride), behind(i, extent, stride)
    return drift(phi[j], p[j], step) + drift(phi[k], p[k], step)


@Site
def around(phi: Array, p: Array, step: Number, i: int, dim: int, t: int, z: int, y: int, x: int) -> Number:
    """Sum of the 2 dim neighbours, after a drift."""
    total = pair(phi, p, step, i, x, 1)
    if dim > 1:
        total = total + pair(phi, p, step, i, y, x)
    if dim > 2:
        total = total + pair(phi, p, step, i, z, y * x)
    if dim > 3:
        total = total + pair(phi, p, step, i, t, z * y * x)
    return total


@Site
def stage(
    i: int,
    phi: Array,
    p: Array,
    phi_out: Array,
    p_out: Array,
    dim: int,
    t: int,
    z: int,
    y: int,
    x: int,
    step: Number,
    twice: Number,
    linear: Number,
    cubic: Number,
) -> None:
    """Drift and kick in one pass: neighbours drift on the fly, so nothing waits for them.  Out of place."""
    here = drift(phi[i], p[i], step)
    phi_out[i] = here
    p_out[i] = kick(p[i], here, around(phi, p, step, i, dim, t, z, y, x), twice, linear, cubic)


@Site
def add_force(
    i: int,
    phi: Array,
    p: Array,
    out: Array,
    dim: int,
    t: int,
    z: int,
    y: int,
    x: int,
    twice: Number,
    linear: Number,
    cubic: Number,
) -> None:
    """out = p + e F(phi); out may be p."""
    out[i] = kick(p[i], phi[i], around(phi, phi, 0.0, i, dim, t, z, y, x), twice, linear, cubic)


@Site
def action(
    i: int,
    phi: Array,
    out: Array,
    pieces: int,
    volume: int,
    dim: int,
    t: int,
    z: int,
    y: int,
    x: int,
    mass_squared: float,
    coupling: float,
) -> None:
    """out[i] = the float64 action of every pieces-th site of a chain; dim = 0, mass_squared = 1: of p, p.p."""
    first = i // pieces * volume
    total = 0.0
    for j in range(first + i % pieces, first + volume, pieces):
        here = double(phi[j])
        density = potential(here, mass_squared, coupling)
        if dim > 0:
            density = bond(density, here, double(phi[ahead(j, x, 1)]))
        if dim > 1:
            density = bond(density, here, double(phi[ahead(j, y, x)]))
        if dim > 2:
            density = bond(density, here, double(phi[ahead(j, z, y * x)]))
        if dim > 3:
            density = bond(density, here, double(phi[ahead(j, t, z * y * x)]))
        total = total + density
    out[i] = total


@Site
def store(i: int, out: Array, count: int, half: int, a: Number, b: Number) -> None:
    """The two numbers of counter i % half of chain i // half, in their places among `count` numbers."""
    start = i // half * count + i % half
    out[start] = a
    if i % half + half < count:
        out[start + half] = b


@Site
def uniform_double(
    i: int, out: Array, count: int, half: int, stream: int, draw: int, step: int, k0: int, k1: int
) -> None:
    """Uniform numbers, float64."""
    a, b = uniforms_double(word(i % half), word(draw), word(step), word(stream + i // half), word(k0), word(k1))
    store(i, out, count, half, a, b)


@Site
def uniform_single(
    i: int, out: Array, count: int, half: int, stream: int, draw: int, step: int, k0: int, k1: int
) -> None:
    """Uniform numbers, float32."""
    a, b = uniforms_single(word(i % half), word(draw), word(step), word(stream + i // half), word(k0), word(k1))
    store(i, out, count, half, a, b)


@Site
def normal_double(
    i: int, out: Array, count: int, half: int, stream: int, draw: int, step: int, k0: int, k1: int
) -> None:
    """Normal numbers, float64."""
    a, b = normals_double(word(i % half), word(draw), word(step), word(stream + i // half), word(k0), word(k1))
    store(i, out, count, half, a, b)


@Site
def normal_single(
    i: int, out: Array, count: int, half: int, stream: int, draw: int, step: int, k0: int, k1: int
) -> None:
    """Normal numbers, float32."""
    a, b = normals_single(word(i % half), word(draw), word(step), word(stream + i // half), word(k0), word(k1))
    store(i, out, count, half, a, b)
