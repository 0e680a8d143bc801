"""Metropolis sweep over gauge links."""

from __future__ import annotations

from functools import cache

from latticekit.actions import LinkAction
from latticekit.arrays import accelerated, namespace
from latticekit.groups.matrices import mul, product_trace
from latticekit.random import Key
from latticekit.updates.base import Array
from latticekit.updates.checkerboard import count
from latticekit.updates.colours import extents, on_links, real_like, swept


@accelerated(
    numpy="latticekit.kernels.cpu.gauge_local:metropolis", cupy="latticekit.kernels.cuda.gauge_local:metropolis"
)
def link_metropolis(x: Array, action: LinkAction, key: Key, step_size: float, hits: int) -> tuple[Array, Array]:
    """`hits` proposals exp(step_size v) U per link, v normal, accepted with min(1, exp(Re tr((U' - U) V))).

    field -> field, accepted (chain,)
    """
    xp, group, chains, sites, like = namespace(x), action.group, x.shape[0], extents(x), real_like(x)
    size, shape, pairs = group.algebra_size, group.algebra_shape(tuple(x.shape)), -(-hits // 2)

    @cache
    def direction(draw: int) -> Array:
        v = key.fold("proposal", draw).normal((chains, size + size % 2, *sites), like)
        return xp.reshape(v[:, :size, ...], (chains, *shape[2:])) * step_size

    @cache
    def log_uniform(draw: int) -> Array:
        return xp.log(key.fold("accept", draw).uniform((chains, 2, *sites), like))

    def update(mu: int, links: Array, v: Array, mask: Array) -> tuple[Array, Array]:
        u = group.matrices(links[:, None, ...])[:, 0, ...]
        weight, accepted = xp.real(product_trace(u, v)), 0.0
        for hit in range(hits):
            new = mul(group.exp(direction(mu * hits + hit)), u)
            new_weight = xp.real(product_trace(new, v))
            log_u = log_uniform(mu * pairs + hit // 2)[:, hit % 2, ...]
            move = xp.logical_and(mask, log_u < new_weight - weight)
            u, weight = xp.where(move[:, None, None, ...], new, u), xp.where(move, new_weight, weight)
            fresh = group.links(new[:, None, ...])[:, 0, ...]
            links, accepted = xp.where(on_links(move, links), fresh, links), accepted + count(move)
        return links, accepted

    return swept(x, action, update)
