"""Quantities of gauge fields that are functions of means: string tension, topology, deconfinement, flow scales."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr

from latticekit.ensembles.composite import Composite, Sites
from latticekit.fields import flow_scale_t0, flow_scale_w0

Series = Callable[[xr.Dataset, Sites], np.ndarray]
_CLEAR = 4.0  # naive errors above zero: a logarithm then stays finite along the error propagation
_LARGEST = 4


def tunnellings(charge: np.ndarray) -> np.ndarray:
    """How often the charge, rounded, changed from one draw to the next.  (chain, draw) -> (chain,)"""
    q = np.round(charge)
    return np.count_nonzero(q[:, 1:] != q[:, :-1], axis=1)


def _nothing(known: Mapping[str, Any], sites: Sites) -> None:
    return None


def _square_loops(posterior: xr.Dataset, n: int) -> np.ndarray:
    """W(n, n), W(n-1, n-1), W(n, n-1), W(n-1, n).  -> (chain, draw, 4)"""
    return _four(posterior["wilson_loop"].transpose("chain", "draw", "t", "r").values, n)


def _four(w: np.ndarray, n: int) -> np.ndarray:
    return np.stack([w[..., i - 1, j - 1] for i, j in ((n, n), (n - 1, n - 1), (n, n - 1), (n - 1, n))], axis=-1)


def _within(posterior: xr.Dataset, t: int, r: int) -> bool:
    sizes = posterior["wilson_loop"].sizes
    return t <= sizes["t"] and r <= sizes["r"]


def _clear(series: np.ndarray) -> bool:
    """Whether every mean is well above its noise."""
    flat = series.reshape(-1, series.shape[-1])
    return bool(np.all(flat.mean(axis=0) > _CLEAR * flat.std(axis=0) / math.sqrt(len(flat))))


def _creutz(n: int) -> Composite:
    """chi(n, n) = -ln W(n,n) W(n-1,n-1) / W(n,n-1) W(n-1,n): the string tension, for large n."""

    def exact(known: Mapping[str, Any], sites: Sites) -> np.ndarray | None:
        loops = np.asarray(known.get("wilson_loop", np.zeros((0, 0))))
        return _four(loops, n) if min(loops.shape) >= n else None

    def usable(posterior: xr.Dataset, sites: Sites) -> bool:
        return _within(posterior, n, n) and _clear(_square_loops(posterior, n))

    return Composite(
        f"creutz_ratio[{n},{n}]",
        r"\chi(n, n) = -\ln \frac{W(n,n) W(n-1,n-1)}{W(n,n-1) W(n-1,n)}",
        ("wilson_loop",),
        lambda posterior, sites: _square_loops(posterior, n),
        lambda m, sites: -np.log(m[0] * m[1] / (m[2] * m[3])),
        exact,
        usable,
    )


def _potential(r: int) -> Composite:
    """V(r) = ln W(2, r) / W(3, r), an upper bound on the static potential for loops without smearing."""

    def series(posterior: xr.Dataset, sites: Sites) -> np.ndarray:
        return posterior["wilson_loop"].transpose("chain", "draw", "t", "r").values[..., 1:3, r - 1]

    def exact(known: Mapping[str, Any], sites: Sites) -> np.ndarray | None:
        loops = np.asarray(known.get("wilson_loop", np.zeros((0, 0))))
        return loops[1:3, r - 1] if loops.shape[0] >= 3 and loops.shape[1] >= r else None

    return Composite(
        f"static_potential[{r}]",
        r"V(r) = \ln W(2, r) / W(3, r)",
        ("wilson_loop",),
        series,
        lambda m, sites: np.log(m[0] / m[1]),
        exact,
        lambda posterior, sites: _within(posterior, 3, r) and _clear(series(posterior, sites)),
    )


def _charge_squared(posterior: xr.Dataset, sites: Sites) -> np.ndarray:
    return posterior["topological_charge"].values[..., None] ** 2


def _exact_charge_squared(known: Mapping[str, Any], sites: Sites) -> np.ndarray | None:
    found = known.get("topological_charge_squared")
    return None if found is None else np.array([found])


def _changes(posterior: xr.Dataset, sites: Sites) -> np.ndarray:
    q = np.round(posterior["topological_charge"].values)
    return (q[:, 1:] != q[:, :-1])[..., None].astype(float)


def _loop_moments(posterior: xr.Dataset, sites: Sites) -> np.ndarray:
    size = np.abs(posterior["polyakov_loop"].values)
    return np.stack([size, size**2], axis=-1)


def _flow_scale(name: str, symbol: str, scale: Callable[..., Any]) -> Composite:
    """A scale of the mean curve <E(t)>; the flow times come along as primaries that do not fluctuate."""

    def series(posterior: xr.Dataset, sites: Sites) -> np.ndarray:
        curve = posterior["flowed_action_density"].transpose("chain", "draw", "flow_time")
        times = np.broadcast_to(curve["flow_time"].values.astype(float), curve.shape)
        return np.concatenate([curve.values, times], axis=-1)

    def f(means: Any, sites: Sites) -> Any:
        curve, times = np.split(np.asarray(means), 2)
        return scale(times, curve[None, :])[0]

    def usable(posterior: xr.Dataset, sites: Sites) -> bool:
        curve, times = np.split(series(posterior, sites).mean(axis=(0, 1)), 2)
        found = f(np.concatenate([curve, times]), sites) if len(times) >= 4 else math.nan
        reach = found if name == "flow_scale_t0" else found**2
        return bool(reach < times[-2])

    return Composite(name, symbol, ("flowed_action_density",), series, f, _nothing, usable)


LINK_COMPOSITES = (
    *(_creutz(n) for n in range(2, _LARGEST + 1)),
    *(_potential(r) for r in range(1, _LARGEST + 1)),
    Composite(
        "topological_charge_squared",
        r"\langle Q^2 \rangle",
        ("topological_charge",),
        _charge_squared,
        lambda m, sites: m[0],
        _exact_charge_squared,
    ),
    Composite(
        "topological_susceptibility",
        r"\chi_t = \langle Q^2 \rangle / V",
        ("topological_charge",),
        _charge_squared,
        lambda m, sites: m[0] / math.prod(sites),
        _exact_charge_squared,
    ),
    Composite(
        "tunnelling_rate",
        r"P(Q_{i+1} \ne Q_i)",
        ("topological_charge",),
        _changes,
        lambda m, sites: m[0],
        _nothing,
    ),
    Composite(
        "polyakov_susceptibility",
        r"\chi_\ell = V_s (\langle |\ell|^2 \rangle - \langle |\ell| \rangle^2)",
        ("polyakov_loop",),
        _loop_moments,
        lambda m, sites: math.prod(sites[1:]) * (m[1] - m[0] ** 2),
        _nothing,
    ),
    Composite(
        "schwinger_dyson",
        r"\langle F_a F_a \rangle / C_F \langle \mathrm{Re\,tr}\, U V \rangle",
        ("force_squared", "link_trace"),
        lambda posterior, sites: np.stack(
            [posterior[name].values for name in ("force_squared", "link_trace")], axis=-1
        ),
        lambda m, sites: m[0] / m[1],
        lambda known, sites: np.ones(2),
    ),
    _flow_scale("flow_scale_t0", r"t_0: t^2 \langle E(t) \rangle = 0.3", flow_scale_t0),
    _flow_scale("flow_scale_w0", r"w_0: t \frac{d}{dt} t^2 \langle E(t) \rangle = 0.3, t = w_0^2", flow_scale_w0),
)
"""Derived quantities of links.  The Polyakov susceptibility is that of the loop along time."""
