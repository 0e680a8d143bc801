"""`draw_ensemble`: independent draws of a flow as a labelled, weighted ensemble."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import xarray as xr

from latticekit.actions import Action
from latticekit.arrays import library
from latticekit.ensembles.driver import sample
from latticekit.ensembles.progress import Progress
from latticekit.flows import Flow
from latticekit.observables import Observable
from latticekit.samplers import Reweighting


def draw_ensemble(
    flow: Flow,
    action: Action,
    *,
    chains: int = 64,
    draws: int = 200,
    seed: int = 0,
    observables: Sequence[str | Observable] | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    progress: bool | Progress | None = None,
    configurations: int = 0,
    attributes: dict[str, str | int | float] | None = None,
) -> xr.DataTree:
    """chains x draws independent fields of a flow, each with its log_weight = -S - log q, dims (chain, draw, ...).

    `lk.summary` of it gives <wO>/<w> with errors, log Z with bounds, effective sample size; the options are those of
    `lk.sample`, resuming included.  There is no warmup: draws are independent, chains only say what is drawn together.
    """
    dtype = str(flow.like.dtype).rpartition(".")[2]
    return sample(
        Reweighting(action, flow),
        flow.sites,
        chains=chains,
        draws=draws,
        warmup=0,
        seed=seed,
        observables=observables,
        out=out,
        resume=resume,
        progress=progress,
        configurations=configurations,
        attributes=attributes,
        backend=library(flow.like),
        dtype=dtype,
    )
