"""The derivative of the exponential, carried back: from a cotangent of exp(Q) U to one of Q."""

from __future__ import annotations

import math
from typing import Any

from latticekit.arrays import namespace
from latticekit.groups.exponential import exp_antihermitian
from latticekit.groups.matrices import dagger, dagger_mul, mul, product_trace

Array = Any
_REACH, _DEGREE, _HALVINGS = 0.5, 16, 40


def exp_cotangent(q: Array, g: Array) -> Array:
    """Psi(Q) G with Psi = (1 - exp(-ad_Q)) / ad_Q, for anti-Hermitian Q, G.  two (chain, N, N, *sites) -> the same

    delta exp(Q) exp(-Q) = [(exp(ad_Q) - 1) / ad_Q] delta Q, and the transpose of ad_Q is -ad_Q.  Taylor's series at
    Q / 2^k, k by site, then Psi(2 Q) = (1 + exp(-ad_Q)) / 2 Psi(Q), k times: any N, any size of Q.
    """
    xp = namespace(q)
    norm = xp.sqrt(xp.abs(xp.real(product_trace(q, q))))
    masks = [norm > _REACH * 2.0**k for k in range(_HALVINGS)]  # each within the one before
    masks = masks[: sum(bool(xp.any(mask)) for mask in masks)]
    scale = xp.ones_like(norm)
    for mask in masks:
        scale = xp.where(mask, 0.5 * scale, scale)
    y = q * xp.astype(scale, q.dtype)[:, None, None, ...]
    total = _series(y, g)
    turn = exp_antihermitian(y)
    for mask in reversed(masks):
        doubled = 0.5 * (total + dagger_mul(turn, mul(total, turn)))
        total = xp.where(mask[:, None, None, ...], doubled, total)
        turn = xp.where(mask[:, None, None, ...], mul(turn, turn), turn)
    return total


def _series(y: Array, g: Array) -> Array:
    """sum_k (-ad_y)^k g / (k + 1)! by Horner's rule; [y, t] = y t - (y t)^dagger of anti-Hermitian y, t."""
    total = g * (1.0 / math.factorial(_DEGREE + 1))
    for k in range(_DEGREE, 0, -1):
        product = mul(y, total)
        total = g * (1.0 / math.factorial(k)) - (product - dagger(product))
    return total
