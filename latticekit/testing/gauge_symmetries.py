"""Is an action of links invariant, and does its force turn as it should, under gauge and lattice symmetries?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from typing import Any, NamedTuple

from latticekit.arrays import namespace
from latticekit.lattice import shift
from latticekit.random import Key
from latticekit.testing.report import judge

Array = Any
KINDS = ("gauge", "translation", "reflection", "exchange", "conjugation")
"""All symmetries of a uniform action; for one with couplings per plaquette take those it has."""


class Symmetry(NamedTuple):
    """A map of link fields, and of the algebra elements that displace them: g(exp(v) x) = exp(v') g(x)."""

    field: Callable[[Array], Array]
    """field -> field"""
    algebra: Callable[[Array, Array], Array]
    """v, x -> v'"""


def gauge_symmetries(
    group: Any,
    sites: Sequence[int],
    kinds: Iterable[str] = KINDS,
    *,
    axes: Iterable[int] | None = None,
    key: Key | None = None,
) -> dict[str, Symmetry]:
    """Symmetries of a gauge theory on these sites by name; lattice symmetries along `axes` only, by default all.

    A random gauge transformation, U_mu(x) -> g(x) U_mu(x) g(x+mu)^dagger; translations by one site; reflections
    x_mu -> -x_mu, which turn U_mu(x) into U_mu(-x-mu)^dagger; exchanges of axes of equal extent with their directions;
    charge conjugation U -> U*.  group: a gauge group of the library.
    """
    axes = tuple(range(len(sites)) if axes is None else axes)
    swaps = [(mu, nu) for mu, nu in combinations(axes, 2) if sites[mu] == sites[nu]]
    makers: dict[str, dict[str, Symmetry]] = {
        "gauge": {"gauge": _gauge(group, (key or Key(0)).fold("test"))},
        "translation": {f"translation {mu}": _both(group, _translated(mu)) for mu in axes},
        "reflection": {f"reflection {mu}": _reflection(group, mu) for mu in axes},
        "exchange": {f"exchange {mu},{nu}": _both(group, _exchanged(mu, nu)) for mu, nu in swaps},
        "conjugation": {"conjugation": _both(group, lambda m: namespace(m).conj(m))},
    }
    return {name: one for kind in kinds for name, one in makers[kind].items()}


def check_gauge_symmetries(
    action: Any, x: Array, kinds: Iterable[str] = KINDS, *, axes: Iterable[int] | None = None, tolerance: float = 1e-13
) -> float:
    """Worst relative error of S(g x) = S(x) and F(g x) = g F(x) over symmetries g.  field -> number

    S in units of |S|, F in units of its largest component.
    """
    xp, sites = namespace(x), x.shape[-x.shape[1] :]
    value, force = action.value(x), action.force(x)
    size, largest = float(xp.max(xp.abs(value))) or 1.0, float(xp.max(xp.abs(force))) or 1.0
    worst = 0.0
    for name, one in gauge_symmetries(action.group, sites, kinds, axes=axes).items():
        y = one.field(x)
        errors = {
            "value": float(xp.max(xp.abs(action.value(y) - value))) / size,
            "force": float(xp.max(xp.abs(action.force(y) - one.algebra(force, x)))) / largest,
        }
        for what, error in errors.items():
            hint = "Leave it out if it is no symmetry here."
            worst = max(worst, judge(error, tolerance, f"{what} of {action} under {name!r}, relative error", hint))
    return worst


def _mul(a: Array, b: Array) -> Array:
    """(chain, mu, N, N, *sites) matrix products, all rows and columns at once."""
    return namespace(a).sum(a[:, :, :, :, None, ...] * b[:, :, None, :, :, ...], axis=3)


def _dagger(a: Array) -> Array:
    xp = namespace(a)
    return xp.conj(xp.permute_dims(a, (0, 1, 3, 2, *range(4, a.ndim))))


def _matrices(group: Any, v: Array) -> Array:
    """i v_a T_a.  algebra -> (chain, mu, N, N, *sites)"""
    return namespace(v).stack([group.algebra(v[:, mu, ...]) for mu in range(v.shape[1])], axis=1)


def _components(group: Any, m: Array) -> Array:
    return namespace(m).stack([group.components(m[:, mu, ...]) for mu in range(m.shape[1])], axis=1)


def _both(group: Any, f: Callable[[Array], Array]) -> Symmetry:
    """A map that does the same to links and to the matrices of algebra elements."""
    return Symmetry(
        lambda x: group.links(f(group.matrices(x))), lambda v, x: _components(group, f(_matrices(group, v)))
    )


def _translated(mu: int) -> Callable[[Array], Array]:
    return lambda m: shift(m, mu, dim=m.shape[1])


def _exchanged(mu: int, nu: int) -> Callable[[Array], Array]:
    def exchanged(m: Array) -> Array:
        axes, dim = list(range(m.ndim)), m.shape[1]
        a, b = m.ndim - dim + mu, m.ndim - dim + nu
        axes[a], axes[b] = b, a
        m = namespace(m).permute_dims(m, tuple(axes))
        order = [nu if d == mu else mu if d == nu else d for d in range(dim)]
        return namespace(m).stack([m[:, d, ...] for d in order], axis=1)

    return exchanged


def _reflection(group: Any, axis: int) -> Symmetry:
    """U_axis(x) -> U_axis(y)^dagger, y = Rx - axis; exp(v) U becomes exp(-U^dagger v U) U^dagger there."""

    def mirrored(m: Array, turned: Array) -> Array:
        """m reflected, but the links along the axis from `turned`, which begin where they ended."""
        xp, dim = namespace(m), m.shape[1]
        flipped, ends = (xp.flip(a, axis=a.ndim - dim + axis) for a in (m, turned))
        ends = shift(ends[:, axis, ...], axis, dim=dim)
        return xp.stack([ends if mu == axis else flipped[:, mu, ...] for mu in range(dim)], axis=1)

    def field(x: Array) -> Array:
        m = group.matrices(x)
        return group.links(mirrored(m, _dagger(m)))

    def algebra(v: Array, x: Array) -> Array:
        m, u = _matrices(group, v), group.matrices(x)
        return _components(group, mirrored(m, _mul(_dagger(u), _mul(m, u)) * -1.0))

    return Symmetry(field, algebra)


def _gauge(group: Any, key: Key) -> Symmetry:
    def rotation(x: Array) -> Array:
        """g(x) from the links of one direction of a random field.  -> (chain, 1, N, N, *sites)"""
        return group.matrices(group.random(key, tuple(x.shape), x))[:, 0:1, ...]

    def field(x: Array) -> Array:
        xp, g, m, dim = namespace(x), rotation(x), group.matrices(x), x.shape[1]
        ahead = xp.concat([shift(g, mu, dim=dim) for mu in range(dim)], axis=1)
        return group.links(_mul(g, _mul(m, _dagger(ahead))))

    def algebra(v: Array, x: Array) -> Array:
        g = rotation(x)
        return _components(group, _mul(g, _mul(_matrices(group, v), _dagger(g))))

    return Symmetry(field, algebra)
