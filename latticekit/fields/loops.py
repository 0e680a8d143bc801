"""Products of links along paths, and the staples that are left when a link is taken out of a closed one.

A path is a tuple of steps: mu for a step forward, ~mu for a step back, as in (mu, nu, ~mu, ~nu), the plaquette.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Any

from latticekit.arrays import namespace
from latticekit.groups.matrices import dagger, dagger_mul, mul, mul_dagger
from latticekit.lattice import shift

Array = Any
Path = tuple[int, ...]


def planes(dim: int) -> list[tuple[int, int]]:
    """Pairs mu < nu in the order of every per-plane array: (0, 1), (0, 2), ..., (1, 2), ..."""
    return list(combinations(range(dim), 2))


def plaquette_path(mu: int, nu: int) -> Path:
    """Round the unit square of a plane."""
    return (mu, nu, ~mu, ~nu)


def rectangle_path(mu: int, nu: int, length: int = 1, height: int = 1) -> Path:
    """Round `length` steps along mu and `height` along nu."""
    return (mu,) * length + (nu,) * height + (~mu,) * length + (~nu,) * height


def reverse(path: Path) -> Path:
    """The same path walked back; its product is the dagger."""
    return tuple(~step for step in reversed(path))


def transporter(u: Array, path: Path) -> Array:
    """Product of the links along a path that begins at x.  (chain, mu, N, N, *sites) -> (chain, N, N, *sites)

    Built from the end: with P of the rest, U_mu(x) P(x + mu) forward and [U_mu^dagger P](x - mu) back.
    """
    dim, product = u.shape[1], None
    for step in reversed(path):
        mu, forward = (step, True) if step >= 0 else (~step, False)
        link = u[:, mu, ...]
        if forward:
            product = link if product is None else mul(link, shift(product, mu, 1, dim=dim))
        else:
            product = shift(dagger(link) if product is None else dagger_mul(link, product), mu, -1, dim=dim)
    if product is None:
        raise ValueError("transporter needs a path of at least one step, got none")
    return product


def cuts(path: Path, mu: int) -> Iterator[tuple[Path, tuple[int, ...]]]:
    """Each way to take one link U_mu(x) out of a closed path, walked in the sense that passes it forward.

    Yields the path that is left, from x + mu to x, and the steps that lead from x back to where the loop began.
    """
    for k, step in enumerate(path):
        if step == mu:
            yield path[k + 1 :] + path[:k], reverse(path[:k])
        elif step == ~mu:
            turned = reverse(path)
            at = len(path) - 1 - k
            yield turned[at + 1 :] + turned[:at], reverse(turned[:at])


def staple(u: Array, mu: int, loops: Iterable[tuple[Path, Any]]) -> Array:
    """V with Re tr(U_mu V) = sum of w(base) Re tr(loop) over the loops through the link.  -> (chain, N, N, *sites)

    `loops` are (closed path, weight); weights (*sites) or numbers belong to the site where the loop begins.
    """
    dim, total = u.shape[1], None
    for path, weight in loops:
        for rest, back in cuts(path, mu):
            v = shift(transporter(u, rest), mu, 1, dim=dim)
            at_base = _moved(weight, back, dim)
            term = v * at_base
            total = term if total is None else total + term
    return namespace(u).zeros_like(u[:, mu, ...]) if total is None else total


def _moved(weight: Any, steps: Path, dim: int) -> Any:
    """weight(x + steps) at every x."""
    if isinstance(weight, float):
        return weight
    for step in steps:
        mu, sign = (step, 1) if step >= 0 else (~step, -1)
        weight = shift(weight, mu, sign, dim=dim)
    return weight


def transporter_vjp(u: Array, path: Path, c: Array, c_bar: Array) -> tuple[Array, list[tuple[int, Array]]]:
    """Back from a cotangent of c = transporter(u, path) to the links.  -> (chain, N, N, *sites), [(mu, the same), ...]

    Given delta L = Re tr(c_bar delta c), delta U_mu = X_mu U_mu changes L by the sum of Re tr(K X_mu) over the pairs
    (mu, K): K is c c_bar, the first result, carried along the path to the link, with a minus for a step back.
    """
    dim, found = u.shape[1], []
    first = t = mul(c, c_bar)
    for k, step in enumerate(path):
        mu, forward = (step, True) if step >= 0 else (~step, False)
        link = u[:, mu, ...]
        if forward:
            found.append((mu, t))
            if k < len(path) - 1:
                t = shift(dagger_mul(link, mul(t, link)), mu, -1, dim=dim)
        else:
            t = mul(link, mul_dagger(shift(t, mu, 1, dim=dim), link))
            found.append((mu, t * -1.0))
    return first, found
