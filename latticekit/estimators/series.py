"""A time series as the estimators see it: blocks of equally long chains, double precision, checked."""

from __future__ import annotations

from typing import Any

from latticekit.arrays import finite, namespace

Array = Any


def blocks(series: Array | list[Array] | tuple[Array, ...], what: str = "series") -> list[Array]:
    """(chain, draw, *dims), or replicas [(draw_r, *dims), ...] -> blocks [(chain, draw, *dims), ...] in float64

    Every estimator takes its data through this gate, so all of them refuse complex and non-finite numbers.
    """
    replicas = isinstance(series, list | tuple)
    if not all(hasattr(part, "ndim") for part in (series if replicas else [series])):
        raise TypeError(f"{what}: expected an array (chain, draw, *dims) or a list of arrays (draw_r, *dims)")
    given = [part[None, ...] for part in series] if replicas else [series]
    parts = [_block(part, what) for part in given]
    dims = {tuple(part.shape[2:]) for part in parts}
    if len(dims) != 1:
        raise ValueError(f"{what}: all replicas need the same observable axes, got {sorted(dims)}")
    if draws(parts) < 2:
        raise ValueError(f"{what}: an error needs at least 2 draws, got {draws(parts)}")
    return parts


def _block(x: Array, what: str) -> Array:
    xp = namespace(x)
    if x.ndim < 2:
        raise ValueError(
            f"{what}: axes are (chain, draw, *dims), got shape {tuple(x.shape)}; use x[None] for one chain"
        )
    if xp.isdtype(x.dtype, "complex floating"):
        raise ValueError(f"{what}: complex numbers have two errors; split into real and imaginary parts first")
    return finite(xp.astype(x, xp.float64), what)


def draws(parts: list[Array]) -> int:
    """Number of draws in all chains together."""
    return sum(part.shape[0] * part.shape[1] for part in parts)


def total(parts: list[Array]) -> Array:
    """Sum over chains and draws.  [(chain, draw, *dims), ...] -> (*dims)"""
    return sum(namespace(part).sum(part, axis=(0, 1)) for part in parts)


def matching(weights: Any, parts: list[Array], what: str) -> list[Array]:
    """Blocks of weights shaped (chain, draw, 1, ...) to multiply the blocks of a series."""
    found = blocks(weights, what)
    if [w.shape[:2] for w in found] != [part.shape[:2] for part in parts]:
        raise ValueError(
            f"{what}: one weight for each draw of the series, expected (chain, draw) = "
            f"{[tuple(p.shape[:2]) for p in parts]}, got {[tuple(w.shape[:2]) for w in found]}"
        )
    extra = parts[0].ndim - found[0].ndim
    return [namespace(w).reshape(w, tuple(w.shape) + (1,) * extra) for w in found]
