"""What the log weights of a flow say: log Z with bounds, effective sample sizes, findings."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from latticekit.ensembles.finding import Finding
from latticekit.estimators import (
    Estimate,
    FreeEnergy,
    bracket,
    extrapolate_ess,
    forward_ess,
    free_energy,
    rejections,
    reverse_ess,
)

_LOST_FAIL, _LOW_ESS, _HEAVY, _COLLAPSE, _SIGMAS = 0.01, 0.1, 0.1, 0.5, 4.0
_PROPOSED, _HELD = "proposed_log_weight", "log_weight"


class Weights(NamedTuple):
    """Log weights of one flow: (chain, draw) at its own draws q, and at draws of p where there are any."""

    q: np.ndarray
    p: np.ndarray | None

    @property
    def lost(self) -> int:
        """Draws of q without a finite weight."""
        return int(np.sum(~np.isfinite(self.q)))


def weighted_by(posterior: xr.Dataset) -> str:
    """Name of the log weight that the draws carry, "no" if they are draws of exp(-S)."""
    return next((str(v.attrs.get("weighted", "no")) for v in posterior.data_vars.values()), "no")


def weights_of(ensemble: xr.DataTree) -> dict[str, Weights]:
    """Log weights in /sample_stats, by the flow's prefix; {} where no flow took part."""
    if "sample_stats" not in ensemble.children:
        return {}
    stats = {str(name): v for name, v in ensemble["sample_stats"].data_vars.items()}
    name = weighted_by(ensemble["posterior"].to_dataset())
    if name in stats:
        return {"": Weights(stats[name].values, None)}
    found = [name.removesuffix(_PROPOSED) for name in stats if name.endswith(_PROPOSED)]
    return {one: Weights(stats[one + _PROPOSED].values, stats[one + _HELD].values) for one in found}


def weighed(ensemble: xr.DataTree, posterior: xr.Dataset) -> tuple[xr.Dataset, np.ndarray | None]:
    """The draws that have a finite weight, and their log weights (chain, draw); None for draws of exp(-S).

    If some have none, all chains become one: the draws are independent, so that nothing is lost by it.
    """
    if (name := weighted_by(posterior)) == "no":
        return posterior, None
    log_w = np.asarray(ensemble["sample_stats"].to_dataset()[name].values)
    finite = np.isfinite(log_w)
    if np.all(finite):
        return posterior, log_w
    kept = {
        str(key): ((*v.dims[:2], *v.dims[2:]), v.values[finite][None], v.attrs)
        for key, v in posterior.data_vars.items()
    }
    rest = {str(key): c for key, c in posterior.coords.items() if not {"chain", "draw"} & set(c.dims)}
    return xr.Dataset(kept, rest), log_w[finite][None]


def log_z(weights: Weights) -> FreeEnergy:
    """log Z and its bounds: log f + log <w>_finite, the draws without a finite weight (1 - f) counted as zero."""
    share = math.log(np.mean(np.isfinite(weights.q)))
    found = free_energy(_finite(weights.q), None if weights.p is None else _finite(weights.p))
    return FreeEnergy(_shifted(found.log_z, share), _shifted(found.lower, share), found.upper)


def _shifted(estimate: Estimate, by: float) -> Estimate:
    return replace(estimate, value=estimate.value + by)


def _finite(log_w: np.ndarray) -> Any:
    """The array itself, or its finite numbers as one replica."""
    finite = np.isfinite(log_w)
    return log_w if np.all(finite) else [log_w[finite]]


def flow_findings(ensemble: xr.DataTree) -> Iterator[Finding]:
    """All that the weights of flows have to say."""
    sites = tuple(json.loads(ensemble.attrs.get("lattice_shape", "[]")))
    weighted = weighted_by(ensemble["posterior"].to_dataset()) != "no"
    for prefix, weights in weights_of(ensemble).items():
        yield from _lost(weights)
        if np.sum(np.isfinite(weights.q)) >= 4:
            yield from _quality(weights.q, sites, weighted)
            yield from _collapse(weights, _mixed(ensemble))
        if not weighted and not _mixed(ensemble):
            yield from _rejections(ensemble["sample_stats"].to_dataset()[prefix + "accepted"].values)
    sizes = ensemble["posterior"].sizes
    yield from defect(ensemble.attrs, sizes["chain"] * sizes["draw"])


def _lost(weights: Weights) -> Iterator[Finding]:
    if not weights.lost:
        return
    share = weights.lost / weights.q.size
    text = f"{weights.lost} of {weights.q.size} draws of the flow had no finite weight: counted as weight zero"
    yield Finding("fail" if share > _LOST_FAIL else "warn", text)


def _quality(log_w: np.ndarray, sites: tuple[int, ...], weighted: bool) -> Iterator[Finding]:
    ess = reverse_ess(_finite(log_w))
    value = float(ess.value) * float(np.mean(np.isfinite(log_w)))
    largest = np.exp(np.nanmax(log_w) - _log_sum(log_w))
    text = f"flow: ESS {bracket(value, float(ess.error))} of a draw"
    low = value < _LOW_ESS
    yield Finding("warn" if low else "ok", text + (": train longer, or mix with HMC" if low else ""))
    if largest > _HEAVY:
        yield Finding(
            "fail" if weighted else "warn", f"the largest of {log_w.size} weights is {largest:.0%} of their sum"
        )
    yield volume_law(value, sites)


def _log_sum(log_w: np.ndarray) -> float:
    finite = log_w[np.isfinite(log_w)]
    return float(np.max(finite) + np.log(np.sum(np.exp(finite - np.max(finite)))))


def volume_law(ess: float, sites: tuple[int, ...]) -> Finding:
    """ESS(V) = ESS(V0)^(V/V0) for lattices of two and four times the extent."""
    volume = math.prod(sites)
    larger = [tuple(n * factor for n in sites) for factor in (2, 4)]
    told = [f"{extrapolate_ess(ess, volume, math.prod(s)):.2g} on {' x '.join(map(str, s))}" for s in larger]
    return Finding("ok", f"volume law ESS(V) = ESS(V0)^(V/V0) predicts {', '.join(told)}")


def _collapse(weights: Weights, mixed: bool) -> Iterator[Finding]:
    """Does the flow miss what other updates have found?"""
    if weights.p is None or not mixed:
        return
    forward, reverse = forward_ess(_finite(weights.p)), reverse_ess(_finite(weights.q))
    yield collapse(forward, reverse)


def collapse(forward: Estimate, reverse: Estimate) -> Finding:
    """Forward against reverse ESS: far lower, the flow misses part of the weight."""
    f, r = float(forward.value), float(reverse.value)
    text = f"forward ESS {bracket(f, float(forward.error))} against {bracket(r, float(reverse.error))} reverse"
    if f < _COLLAPSE * r:
        clear = r - f > _SIGMAS * math.hypot(float(forward.error), float(reverse.error))
        why = (
            "mode collapse, the flow hardly visits part of exp(-S)"
            if clear
            else "too few draws to tell what is missing"
        )
        return Finding("warn", f"{text}: {why}")
    return Finding("ok", f"{text}: no mode is missing among those that were visited")


def _mixed(ensemble: xr.DataTree) -> bool:
    """Whether other updates took part; a flow alone cannot see what it misses."""
    return json.loads(ensemble.attrs.get("update", "{}")).get("name") == "Sequence"


def _rejections(accepted: np.ndarray) -> Iterator[Finding]:
    found = rejections(accepted)
    yield Finding("ok", f"longest run of rejections {found.longest}, tau_int {found.tau_int:.2f} from the runs alone")


def defect(known: Mapping[Any, Any], draws: int) -> Iterator[Finding]:
    """An integrated log-det that is off by a common constant shifts log Z only; its spread moves averages."""
    if "log_det_defect" not in known:
        return
    mean, spread = (float(known[name]) for name in ("log_det_defect", "log_det_defect_spread"))
    text = f"integrated log-det off by {mean:.1e}, spread {spread:.1e}"
    if spread > 0.2 / math.sqrt(draws):
        yield Finding("warn", f"{text}: not small against 1/sqrt({draws} draws), use more integration steps")
    else:
        yield Finding("ok", f"{text}: averages move by less than that share of their width")
