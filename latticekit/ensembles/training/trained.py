"""A trained flow with the record of its training."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xarray as xr

from latticekit.actions import Action
from latticekit.estimators import bracket
from latticekit.flows import Flow
from latticekit.flows.parameters import count

HISTORY, MODEL = "training.zarr", "model"
"""What is inside the folder of a training: the store of history and checkpoints, and in the end the model bundle."""


@dataclass(frozen=True)
class Trained:
    """What `train` returns and `load_model` reads: use `.flow` with `lk.IndependenceMetropolis(action, flow)`."""

    flow: Flow
    action: Action | None
    """The target; in the middle of the range where the flow takes couplings."""
    history: xr.Dataset = field(repr=False)
    """loss, ess, acceptance_rate, gradient_norm, learning_rate, seconds, skipped; dim (step)."""
    record: dict[str, Any] = field(repr=False, default_factory=dict)
    """Quality and provenance as plain data: ess, ess_error, acceptance_rate of `samples` draws; seed, steps, ..."""

    @property
    def ess(self) -> float:
        """Effective sample size per draw, measured after the training on draws of its own."""
        return float(self.record.get("ess", math.nan))

    @property
    def acceptance_rate(self) -> float:
        """Acceptance rate of independence Metropolis, measured with `ess`."""
        return float(self.record.get("acceptance_rate", math.nan))

    @property
    def ranges(self) -> dict[str, list[float]]:
        """The couplings that the flow takes, and between what it was trained; {} for a flow of one action."""
        config = json.loads(self.history.attrs.get("config", "{}"))
        return config.get("target", {}).get("couplings", {})

    def at(self, **couplings: float) -> Flow:
        """The flow at couplings, one for each of `ranges`."""
        if set(couplings) != set(self.ranges):
            expected = ", ".join(self.ranges) or "none"
            raise ValueError(f"the flow takes these couplings: {expected}; got {', '.join(couplings) or 'none'}")
        return self.flow.conditioned(tuple(couplings[name] for name in self.ranges)) if couplings else self.flow

    def save(self, path: str | Path, overwrite: bool = False) -> Path:
        """Write a model bundle, `latticekit.save_model(path, self)`."""
        from latticekit.ensembles.models.bundle import save_model

        return save_model(path, self, overwrite=overwrite)

    def __str__(self) -> str:
        lattice = " x ".join(map(str, self.flow.sites))
        what = f"{type(self.flow.layer).__name__} with {count(self.flow.params)} parameters on {lattice}"
        if "ess" not in self.record:
            return what
        ess = bracket(self.ess, self.record["ess_error"])
        cost = f"{self.record['steps']} steps in {self.record['seconds']:.0f} s"
        return f"{what}: ESS {ess}, acceptance {self.acceptance_rate:.1%} after {cost}"
