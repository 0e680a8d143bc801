"""Is an action invariant, a force or a layer equivariant?"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from latticekit.arrays import namespace
from latticekit.lattice import shift
from latticekit.testing.report import judge

Array = Any
Transform = Callable[[Array], Array]


def scalar_symmetries(
    sites: Sequence[int],
    kinds: Iterable[str] = ("translation", "reflection", "permutation", "sign"),
) -> dict[str, Transform]:
    """Symmetries of a scalar theory on these sites by name; each acts on the last axes.  (..., *sites) -> the same

    Translations by one site, reflections x_mu -> -x_mu, exchanges of axes of equal extent, phi -> -phi: these
    generate the whole symmetry group of the periodic box times Z2.
    """
    dim = len(sites)
    makers: dict[str, dict[str, Transform]] = {
        "translation": {f"translation {mu}": partial(shift, mu=mu, step=1, dim=dim) for mu in range(dim)},
        "reflection": {f"reflection {mu}": partial(_reflected, axis=mu - dim) for mu in range(dim)},
        "permutation": {
            f"exchange {mu},{nu}": partial(_exchanged, a=mu - dim, b=nu - dim)
            for mu, nu in itertools.combinations(range(dim), 2)
            if sites[mu] == sites[nu]
        },
        "sign": {"sign": lambda x: -x},
    }
    return {name: f for kind in kinds for name, f in makers[kind].items()}


def _reflected(x: Array, axis: int) -> Array:
    return namespace(x).flip(x, axis=axis)


def _exchanged(x: Array, a: int, b: int) -> Array:
    axes = list(range(x.ndim))
    axes[a], axes[b] = axes[b], axes[a]
    return namespace(x).permute_dims(x, tuple(axes))


def check_equivariance(
    f: Transform,
    x: Array,
    transforms: Mapping[str, Transform],
    *,
    after: Mapping[str, Transform] | None = None,
    tolerance: float = 1e-13,
) -> float:
    """Worst |f(g x) - g f(x)| / max |f(x)| over symmetries g.  field -> number

    `after` names the symmetries that act in another way on results than on x.
    """
    xp, y, after = namespace(x), f(x), {**transforms, **(after or {})}
    scale = float(xp.max(xp.abs(y))) or 1.0
    errors = {name: float(xp.max(xp.abs(f(g(x)) - after[name](y)))) / scale for name, g in transforms.items()}
    return _worst(errors, tolerance, f"equivariance of {f} broken by")


def check_symmetries(
    action: Any,
    x: Array,
    transforms: Mapping[str, Transform] | None = None,
    *,
    on_algebra: Mapping[str, Transform] | None = None,
    tolerance: float = 1e-13,
) -> float:
    """Worst relative error of S(g x) = S(x) and F(g x) = g F(x) over symmetries g.  field -> number

    `transforms` of the field by name, by default all of `scalar_symmetries`; `on_algebra` names those that act in
    another way on algebra elements (phi -> -phi: a sign on the real line, none on a circle).
    """
    xp = namespace(x)
    transforms = scalar_symmetries(x.shape[1:]) if transforms is None else transforms
    value = action.value(x)
    scale = float(xp.max(xp.abs(value))) or 1.0
    errors = {name: float(xp.max(xp.abs(action.value(g(x)) - value))) / scale for name, g in transforms.items()}
    invariance = _worst(errors, tolerance, f"invariance of {action} broken by")
    return max(invariance, check_equivariance(action.force, x, transforms, after=on_algebra, tolerance=tolerance))


def _worst(errors: dict[str, float], tolerance: float, what: str) -> float:
    name = max(errors, key=lambda n: errors[n] if errors[n] == errors[n] else float("inf"))
    return judge(errors[name], tolerance, f"{what} {name!r}, relative error", "Leave it out if it is no symmetry here.")
