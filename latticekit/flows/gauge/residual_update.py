"""One residual update of active links, its inverse, and its vjp.

Weights of staples are functions of frozen links alone: w_i = reach/S tanh z_i over the S staples C_i of a link,
z_i = theta_i + sum_j phi_ij rho_ij, rho_ij = Re tr(C_i C_j^dagger)/N over the plaquette staples j != i, averaged.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np

from latticekit.arrays import accelerated, namespace
from latticekit.fields.links import group_of
from latticekit.flows.base import sum_chains
from latticekit.flows.gauge.residual_jacobian import exponent, jacobian, linear_maps, log_det, matrices_of, pull, rows
from latticekit.flows.gauge.residual_links import ActiveLinks, put, take
from latticekit.flows.gauge.residual_staples import staples, staples_vjp
from latticekit.groups import SU, GaugeGroup
from latticekit.groups.matrices import dagger, mul

Array = Any


class Move(NamedTuple):
    """Which links move, by which loops, and the bound of the sum of their weights."""

    links: ActiveLinks
    loops: tuple[str, ...] = ("plaquette",)
    reach: float = 0.9

    def tables(self, n: int) -> Callable[[], Any]:
        """What makes q, H and ad_Q linear maps, for kernels; the same object for the same N."""
        return _tables_of(n)


@lru_cache
def _tables_of(n: int) -> Callable[[], Any]:
    return partial(linear_maps, SU(n))


class Staples(NamedTuple):
    """What the frozen links say about every active one."""

    c: Array
    """Rows of staples.  (chain, A, S, 2 N^2)"""
    rho: Array | None
    """Their invariants.  (chain, A, S, P)"""
    t: Array
    """tanh z.  (chain, A, S)"""
    v: Array
    """V = sum_i w_i C_i.  (chain, N, N, A)"""


@accelerated(numpy="latticekit.kernels.cpu.residual:apply")
def residual_apply(x: Array, move: Move, theta: Array, phi: Array | None) -> tuple[Array, Array]:
    """U' = exp(Q) U on active links, Q = i q_a T_a, q = -Im tr(T U V)/index; log_det (chain,).

    field, (chain, S), (chain, S, P) -> field, (chain,)
    """
    group, seen = group_of(x), look(x, move, theta, phi)
    own = _active(x, move)
    m = rows(mul(_matrices(own, group), seen.v))
    q = exponent(m, group)
    return _placed(x, move, _translated(own, q, group)), sum_chains(log_det(jacobian(m, q, group)))


def look(x: Array, move: Move, theta: Array, phi: Array | None) -> Staples:
    """Staples, their weights and V; nothing here depends on active links."""
    xp, group = namespace(x), group_of(x)
    c = staples(group.matrices(x), move.links, move.loops)
    rho, z = None, theta[:, None, :]
    if phi is not None:
        rho = _invariants(c, phi, group.n)
        z = z + xp.sum(phi[:, None, :, :] * rho, axis=-1)
    t = xp.tanh(z + 0.0 * c[:, :, :, 0])
    v = xp.sum(t[..., None] * c, axis=2) * (move.reach / c.shape[2])
    return Staples(c, rho, t, matrices_of(v, group.n))


def solve(y: Array, move: Move, seen: Staples, iterations: int) -> tuple[Array, int, float]:
    """The links that move to y, by U <- exp(-Q(U)) U': a contraction.  -> field, iterations, last change of q"""
    xp, group, own = namespace(y), group_of(y), _active(y, move)
    u, q, change, enough = own, None, np.inf, 32 * float(xp.finfo(seen.c.dtype).eps)
    for n in range(1, iterations + 1):
        new = exponent(rows(mul(_matrices(u, group), seen.v)), group)
        u = _translated(own, -new, group)
        change = np.inf if q is None else float(xp.max(xp.abs(new - q)))
        if change <= enough:
            return _placed(y, move, u), n, change
        q = new
    raise RuntimeError(
        f"the fixed point of a residual layer was not reached: after {iterations} iterations q still changes by "
        f"{change:.2g}; the links are not on the group or hold numbers that are not finite"
    )


@accelerated(numpy="latticekit.kernels.cpu.residual:vjp")
def residual_vjp(
    x: Array, move: Move, theta: Array, phi: Array | None, y_bar: Array, weight: Array
) -> tuple[Array, Array, Array | None]:
    """Back to links and weights.  -> algebra, (chain, S), (chain, S, P)"""
    group, seen = group_of(x), look(x, move, theta, phi)
    u = _matrices(_active(x, move), group)
    m = rows(mul(u, seen.v))
    one = jacobian(m, exponent(m, group), group)
    g = _vectors(y_bar, move, group)
    m_bar = pull(one, _apply(one.psi, g), weight, group)
    own = _apply(one.turn, g) + _own(u, seen, m_bar, group)
    c_bar, theta_bar, phi_bar = _weights_vjp(u, move, seen, phi, m_bar)
    x_bar = _with_vectors(y_bar, move, own)
    return x_bar + staples_vjp(group.matrices(x), move.links, move.loops, c_bar, group), theta_bar, phi_bar


@accelerated(numpy="latticekit.kernels.cpu.residual:solve")
def residual_solve(x: Array, move: Move, theta: Array, phi: Array | None, zeta: Array, weight: Array) -> Array:
    """zeta with those of active links carried forward: exp(ad_Q) (1 + Psi H)^-T (zeta - weight d log_det)."""
    xp, group, seen = namespace(x), group_of(x), look(x, move, theta, phi)
    u = _matrices(_active(x, move), group)
    m = rows(mul(u, seen.v))
    one = jacobian(m, exponent(m, group), group)
    v = _vectors(zeta, move, group)
    v = v - _own(u, seen, pull(one, 0.0 * v, weight, group), group)
    solved = xp.linalg.solve(xp.matrix_transpose(one.whole), v[..., None])
    return _with_vectors(zeta, move, (xp.matrix_transpose(one.turn) @ solved)[..., 0])


def _own(u: Array, seen: Staples, m_bar: Array, group: GaugeGroup) -> Array:
    """Cotangent of U in M = U V: -Im tr(T M m_bar).  -> (chain, A, n)"""
    return exponent(rows(mul(mul(u, seen.v), dagger(matrices_of(m_bar, group.n)))), group) * group.index


def _weights_vjp(
    u: Array, move: Move, seen: Staples, phi: Array | None, m_bar: Array
) -> tuple[Array, Array, Array | None]:
    """From the cotangent of M to those of the staples, theta and phi."""
    xp, scale, n = namespace(u), move.reach / seen.c.shape[2], u.shape[1]
    v_bar = rows(mul(dagger(u), matrices_of(m_bar, n)))
    z_bar = xp.sum(seen.c * v_bar[:, :, None, :], axis=-1) * (1.0 - seen.t * seen.t) * scale
    c_bar = (seen.t * scale)[..., None] * v_bar[:, :, None, :]
    if phi is None or seen.rho is None:
        return c_bar, xp.sum(z_bar, axis=1), None
    phi_bar = xp.sum(z_bar[..., None] * seen.rho, axis=1)
    rho_bar = z_bar[..., None] * phi[:, None, :, :] * _others(phi, n)
    first = phi.shape[2]
    c_bar = c_bar + rho_bar @ seen.c[:, :, :first, :]
    back = xp.matrix_transpose(rho_bar) @ seen.c
    c_bar = xp.concat([c_bar[:, :, :first, :] + back, c_bar[:, :, first:, :]], axis=2)
    return c_bar, xp.sum(z_bar, axis=1), phi_bar


def _invariants(c: Array, phi: Array, n: int) -> Array:
    """rho_ij over the number of j.  (chain, A, S, 2 N^2) -> (chain, A, S, P)"""
    return (c @ namespace(c).matrix_transpose(c[:, :, : phi.shape[2], :])) * _others(phi, n)


def _others(phi: Array, n: int) -> Array:
    """1/N over the number of plaquette staples j != i, 0 for j = i.  -> (S, P)"""
    xp, (size, first) = namespace(phi), phi.shape[1:]
    return xp.asarray((1.0 - np.eye(size, first)) / (n * (first - 1)), dtype=phi.dtype, device=phi.device)


def _active(x: Array, move: Move) -> Array:
    """Active links as a field on a line.  field -> (chain, 1, ..., A)"""
    mu, sites = move.links.mu, tuple(x.shape[x.ndim - x.shape[1] :])
    return take(x[:, mu : mu + 1, ...], move.links, sites)


def _placed(x: Array, move: Move, own: Array) -> Array:
    """The field with other active links."""
    mu, sites = move.links.mu, tuple(x.shape[x.ndim - x.shape[1] :])
    new = put(x[:, mu : mu + 1, ...], own, move.links, sites)
    return namespace(x).concat([x[:, :mu, ...], new, x[:, mu + 1 :, ...]], axis=1)


def _matrices(own: Array, group: GaugeGroup) -> Array:
    """(chain, 1, ..., A) -> (chain, N, N, A)"""
    return group.matrices(own)[:, 0, ...]


def _translated(own: Array, q: Array, group: GaugeGroup) -> Array:
    """exp(i q_a T_a) U.  (chain, 1, ..., A), (chain, A, n) -> (chain, 1, ..., A)"""
    xp = namespace(q)
    return group.translate(own, xp.reshape(xp.matrix_transpose(q), group.algebra_shape(tuple(own.shape))))


def _vectors(v: Array, move: Move, group: GaugeGroup) -> Array:
    """Algebra elements of active links.  algebra -> (chain, A, n)"""
    xp, own = namespace(v), _active(v, move)
    return xp.matrix_transpose(xp.reshape(own, (v.shape[0], group.algebra_size, -1)))


def _with_vectors(v: Array, move: Move, own: Array) -> Array:
    """An algebra field with others at active links."""
    xp, like = namespace(v), _active(v, move)
    return _placed(v, move, xp.reshape(xp.matrix_transpose(own), like.shape))


def _apply(a: Array, v: Array) -> Array:
    """Matrices times vectors.  (chain, A, n, n), (chain, A, n) -> (chain, A, n)"""
    return (a @ v[..., None])[..., 0]
