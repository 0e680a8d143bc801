"""Loops of U(1) over the sites of a block (layout: `links`, with one number per link): drift, kick, sums.

A kick has two passes.  `sines` finds weight * sin of every plaquette once, `kick` collects them for the links: the
plaquette (mu, nu) at x pulls U_mu(x) and U_nu(x+mu) one way, U_mu(x+nu) and U_nu(x) the other.  The second pass does
not read the angles, so it moves them on by the drift of the next stage.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.np.arrayobj import make_array

from latticekit.kernels.cpu.gauge_lanes import permute
from latticekit.kernels.cpu.lanes import keep_apart, lanes, like, vld, vld_as, vst, wide
from latticekit.kernels.cpu.vector import intrinsic
from latticekit.kernels.site import u1

Array = Any
Tables = tuple[Array, Array, Array]
D = 2  # compile-time constants: the dimension
UNIFORM = True  # whether all plaquettes of a plane have one weight
angle, pull, density, wrapped = u1.plaquette, u1.pull, u1.density, u1.wrap
neighbour: Any = None


@intrinsic
def entry(typingctx: Any, a: Any, i: Any) -> Any:
    """a[i] of an int32 table, i >= 0."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = make_array(sig.args[0])(context, builder, args[0]).data
        return builder.sext(builder.load(builder.gep(data, [args[1]])), ir.IntType(64))

    return types.intp(a, types.intp), codegen


def neighbour_of(field: Array, x: int, d: int, k: int, numbers: int, tables: Tables) -> Any:
    """Number k of the site that is one step d away from x."""
    hops, codes, moves = tables
    w = lanes(field)
    at = x * 2 * D + d
    return permute(vld(field, (entry(hops, at) * numbers + k) * w), moves, entry(codes, at) * w)


def sines(out: Array, theta: Array, first: int, last: int, tables: Tables, weights: Array, scale: float) -> None:
    """out = scale * weight * sin(plaquette) at the sites first .. last, plane by plane."""
    keep_apart()
    w = lanes(theta)
    for x in range(first, last):
        at = x * (D * (D - 1) // 2)
        for mu in range(D - 1):
            for nu in range(mu + 1, D):
                plane = mu * (2 * D - mu - 1) // 2 + nu - mu - 1
                ahead = neighbour(theta, x, 2 * mu, nu, D, tables), neighbour(theta, x, 2 * nu, mu, D, tables)
                a = angle(vld(theta, (x * D + mu) * w), ahead[0], ahead[1], vld(theta, (x * D + nu) * w))
                if UNIFORM:
                    s = pull(a, like(weights[plane] * scale, a))
                else:
                    s = pull(a, vld(weights, (at + plane) * w) * scale)
                vst(out, (at + plane) * w, s)


def kick(out: Array, p: Array, s: Array, first: int, last: int, tables: Tables, theta: Array, drift: float) -> None:
    """out = p + force, from the sines times minus the step; then theta += drift * out.  out may be p."""
    keep_apart()
    w = lanes(p)
    for x in range(first, last):
        for mu in range(D):
            link = (x * D + mu) * w
            total = vld(p, link)
            for nu in range(D):
                if nu != mu:
                    low, high = min(mu, nu), max(mu, nu)
                    plane = low * (2 * D - low - 1) // 2 + high - low - 1
                    here = vld(s, (x * (D * (D - 1) // 2) + plane) * w)
                    behind = neighbour(s, x, 2 * nu + 1, plane, D * (D - 1) // 2, tables)
                    total = total + (here - behind) if mu < nu else total + (behind - here)
            vst(out, link, total)
            if drift != 0.0:
                vst(theta, link, vld(theta, link) + drift * total)


def move(theta: Array, p: Array, first: int, last: int, drift: float) -> None:
    """theta += drift p."""
    keep_apart()
    w = lanes(p)
    for i in range(first * D * w, last * D * w, w):
        vst(theta, i, vld(theta, i) + drift * vld(p, i))


def wrap(theta: Array, first: int, last: int) -> None:
    """Angles into [-pi, pi)."""
    keep_apart()
    w = lanes(theta)
    for i in range(first * D * w, last * D * w, w):
        vst(theta, i, wrapped(vld(theta, i)))


def cosines(table: Array, at: int, theta: Array, first: int, last: int, tables: Tables, weights: Array) -> None:
    """table[at ...] = sum of weight * cos(plaquette) over the sites first .. last, in float64, per plane and lane."""
    keep_apart()
    w, planes = lanes(theta), D * (D - 1) // 2
    for i in range(at, at + planes * w):
        table[i] = 0.0
    for x in range(first, last):
        for mu in range(D - 1):
            for nu in range(mu + 1, D):
                plane = mu * (2 * D - mu - 1) // 2 + nu - mu - 1
                ahead = neighbour(theta, x, 2 * mu, nu, D, tables), neighbour(theta, x, 2 * nu, mu, D, tables)
                here = wide(vld(theta, (x * D + mu) * w)), wide(vld(theta, (x * D + nu) * w))
                a = angle(here[0], wide(ahead[0]), wide(ahead[1]), here[1])
                if UNIFORM:
                    c = density(a, like(weights[plane], a))
                else:
                    c = density(a, wide(vld(weights, (x * planes + plane) * w)))
                i = at + plane * w
                vst(table, i, c + vld_as(table, i, c))


def squares(table: Array, at: int, p: Array, first: int, last: int) -> None:
    """table[at ...] = sum of p^2 over the sites first .. last, in float64, per lane."""
    keep_apart()
    w = lanes(p)
    total = like(0.0, wide(vld(p, 0)))
    for i in range(first * D * w, last * D * w, w):
        v = wide(vld(p, i))
        total = total + v * v
    vst(table, at, total)
