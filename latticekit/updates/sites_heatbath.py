"""Heatbath of sites, for the phi^4 family: exact draws from exp(-(a phi^2 + lambda phi^4 - b phi)) by rejection."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from latticekit.actions import Conditional
from latticekit.arrays import accelerated, namespace
from latticekit.random import Key
from latticekit.updates.base import Array
from latticekit.updates.checkerboard import count, parities

_NEWTON = 6
Propose = Callable[[Array, Array], tuple[Array, Array]]


class Gaussian(NamedTuple):
    """Gaussian bound of a conditional: a phi^2 + lambda phi^4 = A phi^2 + lambda (phi^2 - c)^2 - lambda c^2."""

    precision: Array
    """A > 0, (chain, *sites); the Gaussian exp(-A phi^2 + b phi) has mean b/(2A) and variance 1/(2A)."""
    square: Array
    """c, (chain, *sites)."""


def isolated_precision(a: float, lam: float) -> float:
    """A of `best_gaussian` at b = 0: the positive root of A^2 - a A - lambda, in the form without cancellation."""
    width = math.hypot(a, 2.0 * math.sqrt(lam))
    return 0.5 * (width + a) if a > 0 else 2.0 * lam / (width - a)


def best_gaussian(weight: Conditional) -> Gaussian:
    """The Gaussian bound that rejects least.  Conditional -> A, c (chain, *sites)

    The identity of `Gaussian` holds for every c with A = a + 2 lambda c.  The norm of the bound is least where c is
    the Gaussian's own <phi^2> = b^2/(4 A^2) + 1/(2A), the one positive root of A^3 - a A^2 - lambda A - lambda b^2/2.
    Newton's method falls onto it from above, from the root at b = 0 plus (lambda b^2/2)^(1/3); where it stops touches
    efficiency, never exactness.
    """
    a, lam = weight.quadratic, weight.quartic
    last = 0.5 * lam * weight.linear * weight.linear
    root = last ** (1.0 / 3.0) + isolated_precision(a, lam)
    for _ in range(_NEWTON if lam else 0):
        root = root - ((root - a) * root * root - lam * root - last) / ((3.0 * root - 2.0 * a) * root - lam)
    return Gaussian(root, (root - a) / (2.0 * lam) if lam else 0.0 * root)


def one_sided(weight: Conditional) -> Propose:
    """Proposals of the best Gaussian, accepted with exp(-lambda (phi^2 - c)^2); always, for lambda = 0."""
    xp, (precision, square) = namespace(weight.linear), best_gaussian(weight)
    mean, width = weight.linear / (2.0 * precision), 1.0 / xp.sqrt(2.0 * precision)

    def propose(normal: Array, side: Array) -> tuple[Array, Array]:
        phi = mean + width * normal
        return phi, -weight.quartic * (phi * phi - square) ** 2.0

    return propose


def two_sided(weight: Conditional) -> Propose:
    """Proposals of two Gaussians in r = |phi|, one per sign, for a double well.

    r^4 = 3 rho^2 r^2 - 2 rho^3 r + r (r - rho)^2 (r + 2 rho), and the last term is >= 0 for r >= 0.  With
    K = a + 3 lambda rho^2 the sign s is drawn in proportion to exp(m_s^2/(4K)), m_s = 2 lambda rho^3 + s b, then r
    with mean m_s/(2K) and variance 1/(2K); r < 0 is refused, else accepted with exp(-lambda r (r - rho)^2 (r + 2 rho)).
    rho^2 = <phi^2> of the best Gaussian, so that K >= -a/2 > 0.
    """
    xp, lam, b = namespace(weight.linear), weight.quartic, weight.linear
    rho = xp.sqrt(best_gaussian(weight).square)
    k, slope = weight.quadratic + 3.0 * lam * rho * rho, 2.0 * lam * rho * rho * rho
    up, width = 0.5 + 0.5 * xp.tanh(0.5 * slope * b / k), 1.0 / xp.sqrt(2.0 * k)

    def propose(normal: Array, side: Array) -> tuple[Array, Array]:
        sign = xp.where(side < up, xp.ones_like(b), -xp.ones_like(b))
        r = (slope + sign * b) / (2.0 * k) + width * normal
        log_accept = -lam * r * (r - rho) ** 2.0 * (r + 2.0 * rho)
        return sign * r, xp.where(r < 0, xp.full_like(r, -math.inf), log_accept)

    return propose


def double_well(a: float, lam: float) -> bool:
    """Whether two Gaussians, one per sign, reject less than one."""
    return a < -math.sqrt(lam)


def envelope(weight: Conditional) -> Propose:
    """The bound to propose from; either way at least half of all tries succeed, whatever a, lambda and b."""
    return two_sided(weight) if double_well(weight.quadratic, weight.quartic) else one_sided(weight)


def draw_conditional(weight: Conditional, draws: Any, mask: Array, attempts: int) -> tuple[Array, Array, Array]:
    """Exact draws of the masked sites, the tries they took, the sites still without one.  -> three (chain, *sites)

    `draws(n)` gives the n-th try's normal, side and accept numbers.
    """
    xp, propose = namespace(weight.linear), envelope(weight)
    phi, tries = xp.zeros_like(weight.linear), xp.zeros_like(weight.linear)
    waiting = xp.logical_and(mask, tries == 0)
    for n in range(attempts):
        normal, side, u = draws(n)
        proposal, log_accept = propose(normal, side)
        success = xp.logical_and(waiting, xp.log(u) < log_accept)
        phi, tries = xp.where(success, proposal, phi), tries + xp.astype(waiting, tries.dtype)
        waiting = xp.logical_and(waiting, xp.logical_not(success))
        if not bool(xp.any(waiting)):
            break
    return phi, tries, waiting


@accelerated(numpy="latticekit.kernels.cpu.sweeps:heatbath")
def heatbath_sweep(x: Array, action: Any, key: Key, attempts: int) -> tuple[Array, Array, Array]:
    """New values at even, then odd sites.  field -> field, tries, failures (chain,)"""
    xp, shape = namespace(x), tuple(x.shape)

    @cache  # both parities read the same arrays, each at its own sites
    def draws(n: int) -> tuple[Array, Array, Array]:
        folds = [key.fold("heatbath", 3 * n + i) for i in range(3)]
        return folds[0].normal(shape, x), folds[1].uniform(shape, x), folds[2].uniform(shape, x)

    tries = failures = xp.zeros((shape[0],), dtype=xp.float64, device=x.device)
    for mask in parities(x):
        phi, taken, waiting = draw_conditional(action.conditional(x), draws, mask, attempts)
        x = xp.where(xp.logical_and(mask, xp.logical_not(waiting)), phi, x)
        tries = tries + xp.sum(taken, axis=tuple(range(1, x.ndim)), dtype=xp.float64)
        failures = failures + count(waiting)
    return x, tries, failures
