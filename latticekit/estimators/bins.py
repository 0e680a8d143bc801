"""Sums over bins of successive draws: what jackknife, bootstrap and binning resample."""

from __future__ import annotations

from typing import Any, NamedTuple

from latticekit.arrays import namespace
from latticekit.estimators.fluctuations import normalised_weights
from latticekit.estimators.series import Array, blocks


class Bins(NamedTuple):
    """Sums of w (O - pivot), (bins, *dims), and of w, (bins, 1, ...), over each bin; n draws went into them."""

    pivot: Array
    shifted: Array
    weight: Array
    n: int

    def mean(self, shifted: Array, weight: Array) -> Array:
        """Mean of O from sums over some choice of bins.  (..., *dims), (..., 1, ...) -> (..., *dims)"""
        return self.pivot + shifted / weight


def bins(series: Any, bin_size: int, weights: Any = None, log_weights: Any = None) -> Bins:
    """Cut every chain into bins.  (chain, draw, *dims) -> Bins of (bins, *dims)

    Draws that do not fill a bin are left out at the beginning of each chain, and counted nowhere.
    """
    parts = blocks(series)
    xp = namespace(*parts)
    pivot = parts[0][0, 0, ...]
    w = normalised_weights(parts, weights, log_weights)
    count = sum(part.shape[0] * (part.shape[1] // max(bin_size, 1)) for part in parts)
    if bin_size < 1 or count < 2:
        raise ValueError(f"bin_size must be at least 1 and leave 2 bins or more: got {bin_size}, which leaves {count}")
    shifted = xp.concat([_sums((x - pivot) * v, bin_size) for x, v in zip(parts, w)], axis=0)
    weight = xp.concat([_sums(v, bin_size) for v in w], axis=0)
    return Bins(pivot, shifted, weight, count * bin_size)


def _sums(x: Array, bin_size: int) -> Array:
    """(chain, draw, *dims) -> (chain x bins, *dims)"""
    xp = namespace(x)
    chain, draw, *dims = x.shape
    count = draw // bin_size
    cut = xp.reshape(x[:, draw - count * bin_size :, ...], (chain * count, bin_size, *dims))
    return xp.sum(cut, axis=1)
