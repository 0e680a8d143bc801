"""`measure`: further observables on the configurations of an ensemble."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import xarray as xr

from latticekit.ensembles.labels import dataset, posterior_variable
from latticekit.ensembles.table import action_of
from latticekit.observables import Observable, observable

_BLOCK_BYTES = 2**26


def measure(ensemble: xr.DataTree, observables: Sequence[str | Observable]) -> xr.DataTree:
    """The stored configurations as an ensemble with these observables, dims (chain, draw, ...).

    The source is only read.  The action of the same draws comes along; `trajectory` keeps the numbers of the source,
    whose hash is in `parents`.
    """
    chosen = [observable(one).of(action_of(ensemble)[0]) for one in observables]
    fields = stored_fields(ensemble)
    parts = [[_by_chain(one.measure(flat), shape) for one in chosen] for flat, shape in in_blocks(fields)]
    values = [np.concatenate(part, axis=1) for part in zip(*parts)]
    variables: dict[str, Any] = {}
    if "action" in (known := ensemble["posterior"].to_dataset()):  # fields from files come without their action
        action = known["action"].sel(draw=fields["draw"])
        variables["action"] = ((), action.values, dict(action.attrs))
    variables |= {one.name: posterior_variable(one, x) for one, x in zip(chosen, values)}
    posterior = dataset(variables, 0, 1).assign_coords(trajectory=("draw", fields["trajectory"].values))
    sites = tuple(json.loads(ensemble.attrs["lattice_shape"]))
    coords = {k: (k, np.asarray(v)) for one in chosen for k, v in one.coords(sites).items()}
    attributes = ensemble.attrs | {"parents": json.dumps([ensemble.attrs["config_sha256"]])}
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=attributes), "/posterior": posterior.assign_coords(coords)})


def stored_fields(ensemble: xr.DataTree) -> xr.DataArray:
    """The stored configurations, dims (chain, draw, ...); ValueError that says how to keep some if there are none."""
    if "configurations" not in ensemble.children:
        raise ValueError(
            "this ensemble holds no configurations to measure on: sample it with configurations = 10 (in run.toml: "
            "[run] configurations = 10) to keep every tenth field"
        )
    return next(iter(ensemble["configurations"].to_dataset().data_vars.values()))


def in_blocks(fields: xr.DataArray) -> Iterator[tuple[np.ndarray, tuple[int, int]]]:
    """Pieces of (draw * chain, ...) as observables take them, with their (draw, chain)."""
    chains, draws = fields.shape[:2]
    size = max(1, _BLOCK_BYTES // (fields.dtype.itemsize * math.prod(fields.shape) // draws))
    for first in range(0, draws, size):
        block = np.moveaxis(fields[:, first : first + size].values, 1, 0)
        yield np.ascontiguousarray(block).reshape(-1, *fields.shape[2:]), (block.shape[0], chains)


def _by_chain(values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """(draw * chain, ...) -> (chain, draw, ...)"""
    return np.moveaxis(np.asarray(values).reshape(*shape, *values.shape[1:]), 0, 1)
