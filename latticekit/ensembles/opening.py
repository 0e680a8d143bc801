"""`open_ensemble`: an ensemble from disk, checked against its own action."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import xarray as xr

from latticekit.actions import action_from
from latticekit.ensembles.faults import StoreDamaged
from latticekit.ensembles.reading import open_ensemble as read

_TOLERANCE = {"float64": 1e-10, "float32": 1e-4}


def open_ensemble(path: str | Path, verify: bool = True) -> xr.DataTree:
    """The committed draws of a store, read when used, as an xarray.DataTree; the store is never changed.

    Works while a run appends and after it was killed.  verify: also check labels, hashes, and that the stored action
    is that of the stored field; False opens what it can of a damaged store.
    """
    return read(path, verify, check=_same_action if verify else None)


def _same_action(tree: xr.DataTree, state: dict[str, np.ndarray]) -> None:
    """The action of the last committed field, recomputed, is the one that was stored."""
    action = action_from(json.loads(tree.attrs["action_params"])) if "action_params" in tree.attrs else None
    if action is None or "x" not in state:
        return
    again, stored = action.value(state["x"]), state["action"]
    scale = np.maximum(np.abs(stored), float(np.prod(state["x"].shape[1:])))
    worst = float(np.max(np.abs(again - stored) / scale))
    if not worst <= _TOLERANCE[tree.attrs["dtype"]]:
        raise StoreDamaged(
            f"the action of the stored field differs from the stored action by {worst:.1e} (relative): the store was "
            "changed or belongs to other conventions. open_ensemble(path, verify=False) opens it all the same."
        )
