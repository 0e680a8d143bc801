"""Heatbath of gauge links: U(1) by Best and Fisher, SU(N) by subgroups with Kennedy and Pendleton or Creutz."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, singledispatch
from typing import Any

from latticekit.actions import LinkAction
from latticekit.arrays import accelerated, namespace
from latticekit.groups import SU, U1, Group
from latticekit.groups.u1 import wrap
from latticekit.random import Key
from latticekit.updates.base import Array
from latticekit.updates.checkerboard import count
from latticekit.updates.colours import UpdateLinks, extents, real_like, subgroups, swept
from latticekit.updates.quaternions import Quaternion, block, polar_form, rotated, times_dagger

KENNEDY_PENDLETON = 1.68
"""The alpha from which Kennedy and Pendleton accept more than Creutz: both 71 % there."""
_TINY = 1e-30
Try = Callable[[int], tuple[Any, Array]]
"""n-th try: proposals, and which of them are accepted (chain, *sites)."""


def first_success(trial: Try, mask: Array, attempts: int) -> tuple[Any, Array, Array, Array]:
    """The first accepted proposal of every masked link, where there is one, the sums of tries and of failures.

    -> proposals, success (chain, *sites), tries, failures (chain,)
    """
    proposal, accepted = trial(0)
    xp = namespace(accepted)
    success = xp.logical_and(mask, accepted)
    waiting = xp.logical_and(mask, xp.logical_not(accepted))
    tries = count(xp.logical_or(success, waiting))
    for n in range(1, attempts):
        if not bool(xp.any(waiting)):
            break
        new, accepted = trial(n)
        now = xp.logical_and(waiting, accepted)
        proposal = tuple(xp.where(now, b, a) for a, b in zip(proposal, new))
        tries, success = tries + count(waiting), xp.logical_or(success, now)
        waiting = xp.logical_and(waiting, xp.logical_not(accepted))
    return proposal, success, tries, count(waiting)


def best_fisher(kappa: Array, u1: Array, u2: Array) -> tuple[tuple[Array, Array], Array]:
    """1 - cos and sin of an angle from a wrapped Cauchy; accepted for exp(kappa cos).  (chain, *sites) -> the same

    Of a uniform angle with cosine c, cos delta = (1 + r c)/(r + c) with r = tau/(2 kappa), tau = 1 + sqrt(1 +
    4 kappa^2), accepted where ln(C/u2) + 1 - C >= 0, C = kappa (r - cos delta).  Written with e = tau - 2 kappa and
    D = e + 2 kappa (1 + c), so that nothing cancels however small or large kappa is.
    Best and Fisher, Appl. Stat. 28 (1979) 152.
    """
    xp = namespace(kappa)
    root = xp.sqrt(1.0 + 4.0 * kappa * kappa)
    e = 1.0 + 1.0 / (root + 2.0 * kappa)
    c, s = xp.cos((2.0 * math.pi) * u1), xp.sin((2.0 * math.pi) * u1)
    d = e + 2.0 * kappa * (1.0 + c)
    big_c = e * (0.5 + kappa * (1.0 - c) / d)
    accepted = xp.log(big_c / u2) + 1.0 - big_c >= 0
    return (e * (1.0 - c) / d, s * xp.sqrt(2.0 * (1.0 + root)) / d), accepted


def one_minus_a0(alpha: Array, r: tuple[Array, Array, Array, Array]) -> tuple[tuple[Array], Array]:
    """delta = 1 - a0 for the weight exp(alpha a0) sqrt(1 - a0^2), and whether it is accepted.  -> (chain, *sites)

    alpha >= 1.68: delta = -(ln r1 + cos^2(2 pi r2) ln r3)/alpha, a Gamma(3/2) number, accepted where r4^2 <= 1 -
    delta/2 (Kennedy and Pendleton, Phys. Lett. B156 (1985) 393).  Below: a0 from exp(alpha a0) on [-1, 1], accepted
    where r4^2 <= 1 - a0^2 (Creutz, Phys. Rev. D21 (1980) 2308).
    """
    xp = namespace(alpha)
    safe = xp.where(alpha > _TINY, alpha, xp.full_like(alpha, _TINY))
    cosine = xp.cos((2.0 * math.pi) * r[1])
    gamma = (xp.log(r[0]) + cosine * cosine * xp.log(r[2])) * -1.0 / safe
    flat = xp.log1p((1.0 - r[0]) * xp.expm1(-2.0 * safe)) * -1.0 / safe
    strong = alpha >= KENNEDY_PENDLETON
    bound = xp.where(strong, 1.0 - 0.5 * gamma, flat * (2.0 - flat))
    return (xp.where(strong, gamma, flat),), r[3] * r[3] <= bound


def on_sphere(delta: Array, q1: Array, q2: Array) -> Quaternion:
    """a0 = 1 - delta and a random direction of a, |a|^2 = delta (2 - delta).  (chain, *sites) -> quaternion"""
    xp = namespace(delta)
    square = delta * (2.0 - delta)
    length = xp.sqrt(xp.where(square > 0, square, xp.zeros_like(square)))
    across = 2.0 * length * xp.sqrt(q1 * (1.0 - q1))
    phase = (2.0 * math.pi) * q2
    return 1.0 - delta, across * xp.cos(phase), across * xp.sin(phase), length * (1.0 - 2.0 * q1)


@singledispatch
def drawing(group: Group, x: Array, key: Key, attempts: int) -> UpdateLinks:
    """How links of a group are drawn from exp(Re tr(U V)), with counts of tries and failures."""
    raise TypeError(f"no heatbath of links in {group!r}: it knows U1() and SU(n); use HMC or Metropolis")


@drawing.register(U1)
def _(group: U1, x: Array, key: Key, attempts: int) -> UpdateLinks:
    shape, like = (x.shape[0], 2, *extents(x)), real_like(x)

    @cache  # all colours of a direction read the same arrays, each at its own sites
    def uniform(draw: int) -> Array:
        return key.fold("heatbath", draw).uniform(shape, like)

    def update(mu: int, theta: Array, v: Array, mask: Array) -> tuple[Array, Array, Array]:
        xp, z = namespace(theta), v[:, 0, 0, ...] + 0.0  # -0 becomes 0, so that arg V = 0 where V = 0

        def trial(n: int) -> tuple[Any, Array]:
            u = uniform(mu * attempts + n)
            return best_fisher(xp.abs(z), u[:, 0, ...], u[:, 1, ...])

        (one_minus_cos, sine), success, tries, failures = first_success(trial, mask, attempts)
        angle = xp.atan2(sine, 1.0 - one_minus_cos) - xp.atan2(xp.imag(z), xp.real(z))
        return xp.where(success, wrap(angle), theta), tries, failures

    return update


@drawing.register(SU)
def _(group: SU, x: Array, key: Key, attempts: int) -> UpdateLinks:
    pairs, chains, sites, like = subgroups(group.n), x.shape[0], extents(x), real_like(x)

    @cache
    def four(draw: int) -> Any:
        r = key.fold("heatbath", draw).uniform((chains, 4, *sites), like)
        return tuple(r[:, row, ...] for row in range(4))

    @cache
    def two(draw: int) -> tuple[Array, Array]:
        q = key.fold("direction", draw).uniform((chains, 2, *sites), like)
        return q[:, 0, ...], q[:, 1, ...]

    def update(mu: int, u: Array, v: Array, mask: Array) -> tuple[Array, Array, Array]:
        xp, tries, failures = namespace(u), 0.0, 0.0
        for s, pair in enumerate(pairs):
            draw = mu * len(pairs) + s
            k, w = polar_form(block(u, v, pair))
            alpha, first = 2.0 * k, draw * attempts
            (delta,), success, more, lost = first_success(
                lambda n, alpha=alpha, first=first: one_minus_a0(alpha, four(first + n)),  # type: ignore[misc]
                mask,
                attempts,
            )
            new = rotated(u, times_dagger(on_sphere(delta, *two(draw)), w), pair)
            u = xp.where(success[:, None, None, ...], new, u)
            tries, failures = tries + more, failures + lost
        return u, tries, failures

    return update


@accelerated(numpy="latticekit.kernels.cpu.gauge_local:heatbath", cupy="latticekit.kernels.cuda.gauge_local:heatbath")
def link_heatbath(x: Array, action: LinkAction, key: Key, attempts: int) -> tuple[Array, Array, Array]:
    """New links of every direction and colour.  field -> field, tries, failures (chain,), counted per subgroup

    SU(N): M = U V, in each subgroup weight exp(alpha (R w/k)_0), alpha = 2k, and R = A (w/k)^dagger with A drawn.
    Creutz, Phys. Rev. D21 (1980) 2308; Cabibbo and Marinari, Phys. Lett. B119 (1982) 387.
    """
    return swept(x, action, drawing(action.group, x, key, attempts))
