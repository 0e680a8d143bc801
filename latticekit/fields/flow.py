"""Gradient flow: links driven down the slope of an action in a fictitious time t of dimension length squared."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from latticekit.arrays import accelerated, namespace
from latticekit.fields.links import group_of, matrices, real_dtype
from latticekit.fields.loops import Path, planes, plaquette_path, rectangle_path, staple
from latticekit.groups.matrices import dagger_mul, mul, mul_dagger
from latticekit.lattice import shift

Array = Any
LUSCHER_WEISZ = -1 / 12
_SAFETY, _LEAST, _MOST, _TINY, _SHORTEST = 0.95, 0.2, 2.0, 1e-30, 1e-9


def _loops(dim: int, c1: float) -> list[tuple[Path, float]]:
    found: list[tuple[Path, float]] = [(plaquette_path(*plane), 1 - 8 * c1) for plane in planes(dim)]
    if c1:
        for mu, nu in planes(dim):
            found += [(rectangle_path(mu, nu, 2, 1), c1), (rectangle_path(mu, nu, 1, 2), c1)]
    return found


@accelerated(numpy="latticekit.kernels.cpu.flow:slope")
def slope(x: Array, c1: float = 0.0) -> Array:
    """-comp_a(U V): steepest descent of g^2 S, S with (1 - 8 c1) plaquettes and c1 rectangles.  field -> algebra

    The force of an action with beta = N / index, that is 2N for SU(N) and 1 for U(1).
    """
    group, u = group_of(x), matrices(x)
    loops = _loops(u.shape[1], c1)
    turned = [group.components(mul(u[:, mu, ...], staple(u, mu, loops))) * -1.0 for mu in range(u.shape[1])]
    return namespace(x).stack(turned, axis=1)


def wilson(x: Array) -> Array:
    """Velocity of the Wilson flow, dU/dt = -g^2 (dS_W) U (1006.4518, eq. 1.4).  field -> algebra"""
    return slope(x)


def zeuthen(x: Array) -> Array:
    """Velocity without errors of order a^2: (1 + D*_mu D_mu / 12) on the Luescher-Weisz slope (1508.05552).

    D_mu and D*_mu are the covariant differences along the link's own direction, forward and back.  field -> algebra
    """
    group, u, v = group_of(x), matrices(x), slope(x, LUSCHER_WEISZ)
    smoothed = [_second_difference(group, u[:, mu, ...], v[:, mu, ...], mu) for mu in range(u.shape[1])]
    return v + namespace(x).stack(smoothed, axis=1) * (1 / 12)


def _second_difference(group: Any, link: Array, v: Array, mu: int) -> Array:
    """U_mu v(x+mu) U_mu^dagger + [U_mu^dagger v U_mu](x-mu) - 2 v.  -> algebra of a direction"""
    dim, m = link.ndim - 3, group.algebra(v)
    ahead = mul(link, mul_dagger(shift(m, mu, dim=dim), link))
    behind = shift(dagger_mul(link, mul(m, link)), mu, -1, dim=dim)
    return group.components(ahead + behind) - 2.0 * v


def runge_kutta(x: Array, step: Any, velocity: Callable[[Array], Array]) -> tuple[Array, Array, Array]:
    """The field after a step, to third order, and Z_0, Z_1 (1006.4518, appendix C).  field -> field, two algebras

    W_1 = exp(Z_0/4) x, W_2 = exp(8/9 Z_1 - 17/36 Z_0) W_1, exp(3/4 Z_2 - 8/9 Z_1 + 17/36 Z_0) W_2; Z_i = step v(W_i).
    """
    move, z0 = group_of(x).translate, velocity(x) * step
    w1 = move(x, z0 * 0.25)
    z1 = velocity(w1) * step
    part = z1 * (8 / 9) - z0 * (17 / 36)
    w2 = move(w1, part)
    return move(w2, velocity(w2) * step * 0.75 - part), z0, z1


@accelerated(numpy="latticekit.kernels.cpu.flow:wilson_step")
def wilson_step(x: Array, step: float) -> Array:
    """One step of the Wilson flow, projected onto the group.  field -> field"""
    return group_of(x).project(runge_kutta(x, step, wilson)[0])


VELOCITIES: dict[str, Callable[[Array], Array]] = {"wilson": wilson, "zeuthen": zeuthen}
_WHOLE_STEPS: dict[str, Callable[[Array, float], Array]] = {"wilson": wilson_step}


@dataclass(frozen=True)
class GradientFlow:
    """dU/dt = Z(U) U by the third-order Runge-Kutta method of 1006.4518, appendix C.

    kind: "wilson" or "zeuthen".  step: of every step; with `tolerance`, of the first one: steps then follow the
    distance max |V - V'| from the second-order result V' (1301.4388, appendix D), chain by chain.
    """

    kind: str = "wilson"
    step: float = 0.05
    tolerance: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in VELOCITIES:
            raise ValueError(f"GradientFlow: kind must be one of {', '.join(VELOCITIES)}, got {self.kind!r}")
        if not 0 < self.step < math.inf:
            raise ValueError(f"GradientFlow: step must be positive, got {self.step}")
        if self.tolerance is not None and not 0 < self.tolerance < math.inf:
            raise ValueError(f"GradientFlow: tolerance must be positive or None, got {self.tolerance}")

    def velocity(self, x: Array) -> Array:
        """Z.  field -> algebra"""
        return VELOCITIES[self.kind](x)

    def at(self, x: Array, times: Sequence[float]) -> Iterator[Array]:
        """The field at each of these flow times, in order; x is that of time 0."""
        now, step = 0.0, self._first(x)
        for t in times:
            if not t >= now:
                raise ValueError(f"flow times must be 0 or more and not decrease, got {list(times)}")
            x, step = self._moved(x, t - now, step)
            now = t
            yield x

    def advance(self, x: Array, duration: float) -> Array:
        """The field later by `duration`, projected onto the group.  field -> field"""
        return next(self.at(x, [duration]))

    def _first(self, x: Array) -> Array:
        xp = namespace(x)
        return xp.full((x.shape[0],), self.step, dtype=real_dtype(x), device=x.device)

    def _moved(self, x: Array, duration: float, step: Array) -> tuple[Array, Array]:
        """After a duration, and the step that the tolerance asks for now.  field, (chain,) -> the same"""
        if duration == 0:
            return x, step
        if self.tolerance is not None:
            x, step = self._adapted(x, duration, step)
        else:
            steps = max(1, math.ceil(duration / self.step - 1e-9))
            for _ in range(steps):
                x = self._step(x, duration / steps)
        return group_of(x).project(x), step

    def _step(self, x: Array, step: float) -> Array:
        """One step of fixed length, whole in one kernel where there is one."""
        whole = _WHOLE_STEPS.get(self.kind)
        return whole(x, step) if whole else runge_kutta(x, step, self.velocity)[0]

    def _adapted(self, x: Array, duration: float, step: Array) -> tuple[Array, Array]:
        """Steps of each chain's own size until every chain has arrived; those that have stay as they are."""
        xp, tolerance = namespace(x), self.tolerance or 0.0
        left, algebra_ndim = xp.full_like(step, duration), x.ndim - (1 if x.ndim > 2 + x.shape[1] else 0)
        while bool(xp.any(left > 0.0)):
            h = xp.minimum(step, left)
            y, z0, z1 = runge_kutta(x, _spread(h, algebra_ndim), self.velocity)
            error = _distance(y, group_of(x).translate(x, z1 * 2.0 - z0))  # from the second-order result
            fine = error <= tolerance
            x = xp.where(_spread(xp.logical_and(fine, h > 0.0), x.ndim), y, x)
            left = xp.where(fine, left - h, left)
            proposed = h * xp.clip(_SAFETY * (tolerance / (error + _TINY)) ** (1 / 3), _LEAST, _MOST)
            cut_short = xp.logical_and(fine, h < step)  # by arriving, which says nothing against the step
            step = xp.where(cut_short, xp.maximum(step, proposed), proposed)
            if not bool(xp.all(step > _SHORTEST * duration)):
                raise RuntimeError(
                    f"gradient flow cannot meet the tolerance {tolerance:g}: the step has shrunk to nothing; the field "
                    "holds numbers that are not finite, or single precision asks for a larger tolerance"
                )
        return x, step


def _spread(per_chain: Array, ndim: int) -> Array:
    """(chain,) -> (chain, 1, ..., 1)"""
    return namespace(per_chain).reshape(per_chain, (-1, *[1] * (ndim - 1)))


def _distance(x: Array, y: Array) -> Array:
    """max over links of |U - V| / N^2, Frobenius norm.  two fields -> (chain,)"""
    xp, difference = namespace(x), matrices(x) - matrices(y)
    squares = xp.sum(xp.abs(difference) ** 2.0, axis=(2, 3))
    worst = xp.max(xp.reshape(squares, (x.shape[0], -1)), axis=1)
    return xp.sqrt(worst) * (1.0 / difference.shape[2] ** 2)
