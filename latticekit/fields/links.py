"""Links as matrices, whichever way they are stored."""

from __future__ import annotations

from typing import Any

from latticekit.arrays import namespace
from latticekit.groups import SU, U1, GaugeGroup

Array = Any


def group_of(x: Array) -> GaugeGroup:
    """The group of a link field: real angles (chain, mu, *sites) are U(1), matrices (chain, mu, N, N, *sites) SU(N)."""
    if namespace(x).isdtype(x.dtype, "real floating"):
        if x.ndim != 2 + x.shape[1]:
            raise ValueError(
                f"expected angles (chain, mu, *sites) with one mu per site axis, got shape {tuple(x.shape)}"
            )
        return U1()
    if x.ndim != 4 + x.shape[1] or x.shape[2] != x.shape[3]:
        raise ValueError(
            f"expected links (chain, mu, N, N, *sites) with one mu per site axis, got shape {tuple(x.shape)}"
        )
    return SU(x.shape[2])


def real_dtype(x: Array) -> Any:
    """Real dtype of the precision of a field."""
    xp = namespace(x)
    return xp.float32 if x.dtype in (xp.float32, xp.complex64) else xp.float64


def matrices(x: Array) -> Array:
    """Links as complex matrices.  field -> (chain, mu, N, N, *sites)"""
    return group_of(x).matrices(x)
