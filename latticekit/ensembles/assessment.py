"""`assess`: how good a flow is for an action, from draws of its own and, if there are any, from fields of exp(-S)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from latticekit.actions import Action
from latticekit.arrays import namespace, to_host
from latticekit.ensembles.finding import Finding
from latticekit.ensembles.measuring import in_blocks, stored_fields
from latticekit.ensembles.weighing import Weights, collapse, defect, log_z, volume_law
from latticekit.estimators import Estimate, FreeEnergy, bracket, expected_acceptance, forward_ess, reverse_ess
from latticekit.flows import Flow
from latticekit.random import Key
from latticekit.samplers import propose
from latticekit.samplers.proposals import check_flow, report

_TOGETHER = 256


@dataclass(frozen=True)
class Assessment:
    """Figures of a flow; print it.  `forward` is None without a reference ensemble."""

    ess: Estimate
    acceptance: float
    free_energy: FreeEnergy
    forward: Estimate | None
    findings: tuple[Finding, ...]

    def __str__(self) -> str:
        f = self.free_energy
        known = {
            "ESS of a draw (reverse)": self.ess,
            "ESS (forward)": self.forward,
            "log Z": f.log_z,
            "  at least <log w>_q": f.lower,
            "  at most <log w>_p": f.upper,
        }
        lines = [f"{name:<26}{bracket(float(e.value), float(e.error))}" for name, e in known.items() if e is not None]
        lines.insert(1, f"{'acceptance (Metropolis)':<26}{self.acceptance:.4f}")
        return "\n".join([*lines, *map(str, self.findings)])


def assess(
    flow: Flow, action: Action, *, draws: int = 4096, seed: int = 0, reference: xr.DataTree | None = None
) -> Assessment:
    """ESS, acceptance and log Z of a flow with errors, from `draws` fields of its own.  -> Assessment

    reference: an ensemble of exp(-S) with configurations, e.g. of HMC: gives the forward ESS, the upper bound of log Z,
    and a warning where the flow misses modes that the ensemble has.
    """
    check_flow("assess", flow, action)
    weights = Weights(_of_flow(flow, action, draws, seed), None if reference is None else log_weights(flow, reference))
    finite = [weights.q[np.isfinite(weights.q)]]
    if finite[0].size < 2:
        raise ValueError(f"only {finite[0].size} of {draws} draws of the flow have a finite weight: train it first")
    share = finite[0].size / weights.q.size
    ess = reverse_ess(finite)
    forward = None if weights.p is None else forward_ess(weights.p)
    found = tuple(_findings(flow, weights, ess, forward))
    return Assessment(ess, share * float(expected_acceptance(finite[0])), log_z(weights), forward, found)


def log_weights(flow: Flow, ensemble: xr.DataTree) -> np.ndarray:
    """log w = -S - log q of the stored configurations of an ensemble.  -> (chain, draw)"""
    fields, xp = stored_fields(ensemble), namespace(flow.like)
    parts = []
    for flat, shape in in_blocks(fields):
        log_q = to_host(flow.log_q(xp.asarray(flat, dtype=flow.like.dtype)))
        parts.append(np.moveaxis(log_q.reshape(shape), 0, 1))
    action = ensemble["posterior"].to_dataset()["action"].sel(draw=fields["draw"]).values
    return -action - np.concatenate(parts, axis=1)


def _of_flow(flow: Flow, action: Action, draws: int, seed: int) -> np.ndarray:
    """-> (1, draw)"""
    sizes = [min(_TOGETHER, draws - first) for first in range(0, draws, _TOGETHER)]
    parts = [to_host(propose(flow, action, Key(seed).at(n), size).log_weight) for n, size in enumerate(sizes)]
    return np.concatenate(parts)[None]


def _findings(flow: Flow, weights: Weights, ess: Estimate, forward: Estimate | None) -> Iterator[Finding]:
    if weights.lost:
        yield Finding("warn", f"{weights.lost} of {weights.q.size} draws had no finite weight: counted as weight zero")
    if forward is not None:
        yield collapse(forward, ess)
    yield volume_law(float(ess.value), flow.sites)
    yield from defect(report(flow), weights.q.size)
