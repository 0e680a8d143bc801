"""Gauge transformations of links and of algebra elements."""

from __future__ import annotations

from typing import Any

from latticekit.arrays import namespace
from latticekit.fields.links import group_of
from latticekit.groups import SU
from latticekit.groups.matrices import mul, mul_dagger
from latticekit.lattice import shift
from latticekit.random import Key

Array = Any


def gauge_transform(x: Array, g: Array) -> Array:
    """U_mu(x) -> g(x) U_mu(x) g(x+mu)^dagger.  field, matrices (chain, N, N, *sites) -> field

    U(1) takes the angles of g, (chain, *sites), and returns angles that are not wrapped.
    """
    xp, dim = namespace(x), x.shape[1]
    if x.ndim == 2 + dim:
        turned = [x[:, mu, ...] + g - shift(g, mu, dim=dim) for mu in range(dim)]
    else:
        turned = [mul(g, mul_dagger(x[:, mu, ...], shift(g, mu, dim=dim))) for mu in range(dim)]
    return xp.stack(turned, axis=1)


def gauge_transform_algebra(v: Array, g: Array) -> Array:
    """v -> g v g^dagger at the links' first sites: how momenta, forces and cotangents turn.  algebra -> algebra

    g as in gauge_transform; elements of U(1) stay.
    """
    xp = namespace(v)
    if g.ndim == v.ndim - 1:  # angles: U(1)
        return v + xp.zeros_like(v)
    group = SU(g.shape[1])
    return xp.stack(
        [group.components(mul(g, mul_dagger(group.algebra(v[:, mu, ...]), g))) for mu in range(v.shape[1])], axis=1
    )


def random_transform(key: Key, x: Array) -> Array:
    """Haar-distributed g for `gauge_transform` of x.  -> (chain, N, N, *sites), or angles (chain, *sites)"""
    group = group_of(x)
    shape = (x.shape[0], 1, *x.shape[2:])
    return group.random(key, shape, x)[:, 0, ...]
