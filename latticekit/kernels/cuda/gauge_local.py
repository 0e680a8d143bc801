"""Heatbath, overrelaxation and Metropolis of gauge links on CuPy arrays (references: `latticekit.updates`)."""

from __future__ import annotations

from typing import Any

from latticekit.arrays import namespace
from latticekit.kernels.cuda.gauge import Links, couplings, is_wilson, takes
from latticekit.kernels.cuda.launch import launch

Array = Any


def _known(x: Array, action: Any) -> bool:
    """Whether the sweeps know this case: plaquettes only, so that parity makes the colours, and no held links."""
    return takes(x) and is_wilson(x, action) and not action.held and not any(n % 2 for n in Links(x).sites)


def _streams(key: Any, *purposes: str) -> tuple[int, ...]:
    """Fourth counter words of the first chain; then step, key low, key high."""
    keys = [key.fold(purpose) for purpose in purposes]
    return (*(k.purpose * 2**24 + k.chain for k in keys), key.step, key.seed % 2**32, key.seed // 2**32)


def _sweep(kind: str, x: Array, action: Any, counts: int, *more: Any) -> tuple[Array, list[Array]]:
    """The field after all directions and colours, back on the group; and counts, float64 (chain,)."""
    one, xp, out = Links(x), namespace(x), x.copy()
    links, body, weights = one.chains * one.volume // 2, one.body(kind), couplings(x, action, one)
    numbers = one.numbers(out)
    tables = [xp.zeros((links,), dtype=xp.int64, device=x.device) for _ in range(counts)]
    for mu in range(one.dim):
        for colour in range(2):
            launch(body, links, one.single, numbers, *tables, *weights, mu, colour, *one.shape, *more)
    one.project(numbers, numbers)
    totals = [xp.sum(n.reshape((one.chains, -1)), axis=1) for n in tables]
    return out, [xp.astype(total, xp.float64) for total in totals]


def overrelaxation(x: Array, action: Any) -> Any:
    """Reflected links.  field -> field"""
    return _sweep("overrelaxation", x, action, 0)[0] if _known(x, action) else NotImplemented


def heatbath(x: Array, action: Any, key: Any, attempts: int) -> Any:
    """New links from at most `attempts` tries per subgroup.  field -> field, tries, failures (chain,)"""
    if not _known(x, action) or key.chain + x.shape[0] > 2**24:
        return NotImplemented
    purposes = ("heatbath",) if x.dtype.kind == "f" else ("heatbath", "direction")
    out, counts = _sweep("heatbath", x, action, 2, attempts, *_streams(key, *purposes))
    return out, *counts


def metropolis(x: Array, action: Any, key: Any, step_size: float, hits: int) -> Any:
    """`hits` proposals per link.  field -> field, accepted (chain,)"""
    if not _known(x, action) or key.chain + x.shape[0] > 2**24:
        return NotImplemented
    out, counts = _sweep("metropolis", x, action, 1, float(step_size), hits, *_streams(key, "proposal", "accept"))
    return out, *counts
