"""Symmetries of link fields, for any group; U(1) links are angles."""

from itertools import combinations

import numpy as np

from latticekit.fields import gauge_transform, random_transform
from latticekit.lattice import shift
from latticekit.random import Key


def inverse(links):
    """U^dagger of links (chain, *sites) or (chain, N, N, *sites), by whether they are complex."""
    return links.conj().swapaxes(1, 2) if np.iscomplexobj(links) else -links


def conjugated(x):
    """Charge conjugation."""
    return x.conj() if np.iscomplexobj(x) else -x


def translated(x, mu):
    return shift(x, mu, 1, dim=x.shape[1])


def reflected(x, mu):
    """x_mu -> -x_mu: the link along mu from x becomes the reverse of the one from Rx - mu."""
    dim = x.shape[1]
    y = np.flip(x, axis=x.ndim - dim + mu).copy()
    y[:, mu] = inverse(shift(y[:, mu], mu, 1, dim=dim))
    return y


def exchanged(x, mu, nu):
    dim = x.shape[1]
    y = x.swapaxes(x.ndim - dim + mu, x.ndim - dim + nu).copy()
    y[:, [mu, nu]] = y[:, [nu, mu]]
    return y


def transformed(x, seed=5):
    return gauge_transform(x, random_transform(Key(seed), x))


def link_symmetries(sites, kinds):
    """Name -> map of fields (chain, mu, ..., *sites) of these kinds."""
    dim = len(sites)
    equal = [(mu, nu) for mu, nu in combinations(range(dim), 2) if sites[mu] == sites[nu]]
    makers = {
        "translation": {f"translation {mu}": lambda x, mu=mu: translated(x, mu) for mu in range(dim)},
        "gauge": {"gauge": transformed},
        "conjugation": {"conjugation": conjugated},
        "reflection of time": {"reflection 0": lambda x: reflected(x, 0)},
        "reflection of space": {f"reflection {mu}": lambda x, mu=mu: reflected(x, mu) for mu in range(1, dim)},
        "exchange with time": {f"exchange {p}": lambda x, p=p: exchanged(x, *p) for p in equal if p[0] == 0},
        "exchange in space": {f"exchange {p}": lambda x, p=p: exchanged(x, *p) for p in equal if p[0] > 0},
    }
    return {name: f for kind in kinds for name, f in makers[kind].items()}


def links(group, sites, chains=2, dtype="float64", seed=3, scale=None):
    """A read-only generic field: Haar, or exp of normal algebra elements of a scale about 1."""
    like, shape = np.zeros(0, dtype), group.shape(chains, sites)
    x = group.random(Key(seed), shape, like)
    if scale is not None:
        cold = group.identity(shape, like)
        x = group.translate(cold, group.random_algebra(Key(seed), cold) * scale)
    x.flags.writeable = False
    return x
