"""R-hat: the spread between chains against the spread within them."""

from __future__ import annotations

import numpy as np
from array_api_compat import device

from latticekit.arrays import namespace
from latticekit.estimators.series import Array, blocks


def rhat(series: Array) -> Array:
    """Rank-normalised split R-hat, the larger of bulk and folded.  (chain, draw, *dims) -> (*dims)

    Vehtari, Gelman, Simpson, Carpenter, Buerkner, arXiv:1903.08008, eqs. 3-5 on the normal scores of eq. 14, and of
    |x - median| for the scales. Above 1.01 the chains do not agree yet. Constant chains that agree give 1.
    """
    x = _split(series)
    xp = namespace(x)
    folded = xp.abs(x - _median(x))
    return xp.maximum(_ratio(_normal_scores(x)), _ratio(_normal_scores(folded)))


def split_rhat(series: Array) -> Array:
    """Split R-hat of the values themselves.  (chain, draw, *dims) -> (*dims)

    sqrt((B/W + n - 1)/n) with B and W the variances between and within the half chains of n draws
    (arXiv:1903.08008, eqs. 1-4).
    """
    return _ratio(_split(series))


def _split(series: Array) -> Array:
    """First and second halves as chains of their own; the middle draw of an odd number is left out."""
    (x,) = blocks(series)
    if x.shape[1] < 4:
        raise ValueError(f"R-hat needs at least 4 draws in each chain, got {x.shape[1]}")
    half = x.shape[1] // 2
    return namespace(x).concat([x[:, :half, ...], x[:, x.shape[1] - half :, ...]], axis=0)


def _ratio(x: Array) -> Array:
    """R-hat of (chain, draw, *dims) -> (*dims)"""
    xp = namespace(x)
    n = x.shape[1]
    x = x - x[:1, :1, ...]  # equal numbers stay exactly equal in the sums below
    between = n * xp.var(xp.mean(x, axis=1), axis=0, correction=1)
    within = xp.mean(xp.var(x, axis=1, correction=1), axis=0)
    moves = within > 0
    still = xp.where(between > 0, xp.full_like(within, float("inf")), xp.ones_like(within))
    ratio = between / xp.where(moves, within, xp.ones_like(within))
    return xp.where(moves, xp.sqrt((ratio + (n - 1)) / n), still)


def _median(x: Array) -> Array:
    """Median over chains and draws.  (chain, draw, *dims) -> (1, 1, *dims)"""
    xp = namespace(x)
    flat = xp.sort(xp.reshape(x, (1, x.shape[0] * x.shape[1], *x.shape[2:])), axis=1)
    n = flat.shape[1]
    low, high = flat[:, (n - 1) // 2, ...], flat[:, n // 2, ...]
    return ((low + high) / 2)[:, None, ...]


def _normal_scores(x: Array) -> Array:
    """Phi^-1((r - 3/8) / (n + 1/4)) of the average rank r in all chains.  (chain, draw, *dims) -> the same shape

    A rank is a half integer between 1 and n, so the scores are looked up in a table made once on the host.
    """
    from scipy.special import ndtri

    xp = namespace(x)
    n = x.shape[0] * x.shape[1]
    table = xp.asarray(ndtri((np.arange(2, 2 * n + 1) / 2 - 0.375) / (n + 0.25)), device=device(x))
    columns = xp.reshape(x, (n, -1))
    scores = [xp.take(table, _twice_rank(columns[:, k]) - 2, axis=0) for k in range(columns.shape[1])]
    return xp.reshape(xp.stack(scores, axis=1), x.shape)


def _twice_rank(column: Array) -> Array:
    """Twice the average rank: (number below) + (number below or equal) + 1.  (n,) -> (n,)"""
    xp = namespace(column)
    order = xp.argsort(column)
    ordered = xp.take(column, order, axis=0)  # searching in order is several times faster than at random
    twice = xp.searchsorted(ordered, ordered, side="left") + xp.searchsorted(ordered, ordered, side="right") + 1
    return xp.take(twice, xp.argsort(order), axis=0)
