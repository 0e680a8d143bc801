"""exp of anti-Hermitian matrices, and the polar decomposition, square root and logarithm of unitary ones.

Every site is scaled by its own norm, so that no result depends on its neighbours in the array.
"""

from __future__ import annotations

import math
from typing import Any

from latticekit.arrays import namespace
from latticekit.groups.matrices import (
    complex_from,
    dagger,
    dagger_mul,
    determinant,
    identity_like,
    mul,
    product_trace,
)

Array = Any
_DEGREE, _REACH, _HALVINGS = 16, 0.5, 40
_ROOTS, _ARCSIN = 4, 14


def exp_antihermitian(x: Array) -> Array:
    """exp x of x^dagger = -x.  (chain, N, N, *sites) -> the same

    N = 2 and 3 with tr x = 0: by the theorem of Cayley and Hamilton, x^3 = t x + i d, in three coefficients.  Else
    Taylor's series.  Either way at x / 2^k, k by site, then k squarings.
    """
    n = x.shape[1]
    if n == 1:
        return namespace(x).exp(x)
    return {2: _exp2, 3: _exp3}.get(n, _exp)(x)


def _norm_squared(x: Array) -> Array:
    """-tr x^2 = sum of the squared eigenvalues, real.  (chain, N, N, *sites) -> (chain, *sites)"""
    return namespace(x).real(product_trace(x, x)) * -1.0


def _exp2(x: Array) -> Array:
    """cos r + (sin r / r) x with r^2 = -tr x^2 / 2."""
    xp = namespace(x)
    r = xp.sqrt(0.5 * _norm_squared(x))
    small = r < 1e-4
    safe = xp.where(small, xp.ones_like(r), r)
    ratio = xp.where(small, 1.0 - r * r * (1.0 / 6.0), xp.sin(safe) / safe)
    return _times(xp.cos(r), identity_like(x)) + _times(ratio, x)


def _times(c: Array, a: Array) -> Array:
    """Real or complex numbers times matrices.  (chain, *sites), (chain, N, N, *sites) -> the same"""
    xp = namespace(a)
    return xp.astype(c, a.dtype)[:, None, None, ...] * a


def _halvings(norm_squared: Array) -> list[Array]:
    """Which sites still exceed the reach after 0, 1, ... halvings; ends when none does.  -> list of (chain, *sites)"""
    xp, found = namespace(norm_squared), []
    for k in range(_HALVINGS):
        found.append(norm_squared > (_REACH * 2.0**k) ** 2)
        if not bool(xp.any(found[-1])):
            break
    return found


def _scale(masks: list[Array], like: Array) -> Array:
    """2^-k, k the number of masks a site is in.  -> (chain, *sites)"""
    xp = namespace(like)
    scale = xp.ones_like(like)
    for mask in masks:
        scale = xp.where(mask, 0.5 * scale, scale)
    return scale


def _exp3(x: Array) -> Array:
    """q0 + q1 x + q2 x^2 (Morningstar and Peardon, hep-lat/0311018, section III, with Horner's rule for the q's)."""
    xp = namespace(x)
    square, norm = mul(x, x), _norm_squared(x)
    masks = _halvings(norm)
    s = _scale(masks, norm)
    t = -0.5 * norm * s * s
    d = xp.imag(determinant(x)) * s * s * s
    q0, q1, q2 = _horner(t, d)
    for mask in reversed(masks):
        p = _squared((q0, q1, q2), t, d)
        q0, q1, q2 = (xp.where(mask, new, old) for new, old in zip(p, (q0, q1, q2)))
    s = complex_from(s, 0.0 * s)
    return _times(q0, identity_like(x)) + _times(q1 * s, x) + _times(q2 * s * s, square)


def _horner(t: Array, d: Array) -> tuple[Array, Array, Array]:
    """Coefficients of exp x in 1, x, x^2, given x^3 = t x + i d.  real (chain, *sites) -> complex"""
    zero = complex_from(0.0 * t, 0.0 * t)
    q0, q1, q2 = zero + 1.0 / math.factorial(_DEGREE), zero, zero
    t, i_d = complex_from(t, 0.0 * t), complex_from(0.0 * d, d)
    for k in range(_DEGREE - 1, -1, -1):
        q0, q1, q2 = i_d * q2 + 1.0 / math.factorial(k), q0 + t * q2, q1
    return q0, q1, q2


def _squared(q: tuple[Array, Array, Array], t: Array, d: Array) -> tuple[Array, Array, Array]:
    """(q0 + q1 x + q2 x^2)^2 with x^3 = t x + i d, x^4 = t x^2 + i d x."""
    t, i_d = complex_from(t, 0.0 * t), complex_from(0.0 * d, d)
    q0, q1, q2 = q
    cubic, quartic = 2.0 * q1 * q2, q2 * q2
    return q0 * q0 + cubic * i_d, 2.0 * q0 * q1 + cubic * t + quartic * i_d, 2.0 * q0 * q2 + q1 * q1 + quartic * t


def _exp(x: Array) -> Array:
    xp = namespace(x)
    masks = _halvings(_norm_squared(x))
    y = _times(_scale(masks, _norm_squared(x)), x)
    total = identity_like(x) + 0.0 * x
    for k in range(_DEGREE, 0, -1):
        total = identity_like(x) + mul(y, total) * (1.0 / k)
    for mask in reversed(masks):
        total = xp.where(mask[:, None, None, ...], mul(total, total), total)
    return total


def polar(m: Array) -> Array:
    """Unitary factor of m = U H, by Newton and Schulz: U <- U (3 - U^dagger U) / 2.  (chain, N, N, *sites) -> the same

    Quadratically convergent (Higham, Functions of Matrices, eq. 8.20); m needs full rank at every site.
    """
    xp, one = namespace(m), identity_like(m)
    enough = 8 * m.shape[1] * float(xp.finfo(m.dtype).eps)
    u = m
    for _ in range(100):
        error = dagger_mul(u, u) - one
        worst = xp.max(xp.abs(error), axis=(1, 2))
        open_ = worst > enough  # the others keep their bits
        if not bool(xp.any(open_)):
            break
        norm = xp.sqrt(xp.real(product_trace(dagger(u), u)))
        far = worst > 1.0  # beyond the region of convergence, unless every singular value is below one
        u = xp.where(far[:, None, None, ...], _times(1.0 / norm, u), u - 0.5 * mul(u, _times(open_, error)))
    return u


def special(u: Array) -> Array:
    """A unitary matrix without the phase of its determinant, u det(u)^(-1/N).  (chain, N, N, *sites) -> the same"""
    xp, det = namespace(u), determinant(u)
    phase = xp.atan2(xp.imag(det), xp.real(det)) * (-1.0 / u.shape[1])
    return _times(complex_from(xp.cos(phase), xp.sin(phase)), u)


def log_unitary(u: Array) -> Array:
    """Hermitian h with exp(i h) = u and eigenvalues in (-pi, pi).  (chain, N, N, *sites) -> the same

    The square root of a unitary matrix is the polar factor of 1 + u; after four of them, h/16 is the arcsine of its
    Hermitian part (u - u^dagger)/2i.
    """
    root = u
    for _ in range(_ROOTS):
        root = polar(identity_like(u) + root)
    s = (root - dagger(root)) * -0.5j
    square, term, total = mul(s, s), s, s
    for k in range(1, _ARCSIN):
        term = mul(term, square) * ((2 * k - 1) / (2 * k))
        total = total + term * (1.0 / (2 * k + 1))
    return total * 2.0**_ROOTS
