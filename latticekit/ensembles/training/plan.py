"""Everything that defines a training, checked before anything is computed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from latticekit.actions import Action
from latticekit.ensembles.provenance import fingerprint, provenance
from latticekit.ensembles.training.trained import Trained
from latticekit.flows import Flow, Layer, Prior
from latticekit.flows.digests import params_digest, plain_data
from latticekit.flows.parameters import count
from latticekit.lattice import check_sites
from latticekit.random import Key
from latticekit.training import Fixed, Range, Recipe, Target

_CHAINS = 2**23  # of the keys of training: a sampler with the same seed counts its chains from 0


@dataclass(frozen=True)
class TrainingPlan:
    """What `train` was asked for; `fingerprint` names all that decides its numbers."""

    flow: Flow
    """Where the training begins."""
    target: Target
    recipe: Recipe
    seed: int
    fresh: bool
    """Whether the parameters are those that the seed gives."""

    @property
    def key(self) -> Key:
        """The root of all random numbers of the training."""
        return Key(self.seed, chain=_CHAINS)

    @property
    def action(self) -> Action:
        """The action at which the training is judged."""
        return self.target.typical(self.flow)[1]

    def settings(self) -> dict[str, Any]:
        """What decides every number of the training, as plain data."""
        recipe = plain_data(self.recipe)
        if not self.recipe.schedule.has_end:
            recipe.pop("steps")  # such a training may be continued further than was planned
        return {
            "flow": plain_data(self.flow.layer),
            "prior": plain_data(self.flow.prior),
            "start": "fresh" if self.fresh else params_digest(self.flow),
            "target": self.target.settings(),
            "recipe": recipe,
            "lattice": list(self.flow.sites),
            "seed": self.seed,
            "dtype": dtype_name(self.flow),
        }

    @property
    def fingerprint(self) -> str:
        """SHA-256 of `settings`."""
        return fingerprint(self.settings())

    def attributes(self) -> dict[str, Any]:
        """Root attributes of the history: where it comes from and what its numbers mean."""
        from latticekit.arrays import library

        settings = self.settings() | {"backend": library(self.flow.like)}
        rng = f"counter = (site, draw, step, purpose 2^24 + {_CHAINS} + chain), key = seed"
        return provenance(settings, rng) | {
            "action": self.action.parameters()["name"],
            "action_params": json.dumps(self.action.parameters()),
            "conventions": json.dumps(self.action.conventions()),
            "parameters": count(self.flow.params),
            "steps": self.recipe.steps,
        }


def start_of(
    flow: Layer | Flow | Trained,
    target: Target,
    lattice: Sequence[int] | None,
    *,
    prior: Prior | None,
    seed: int,
    backend: str,
    dtype: str,
) -> Flow:
    """The flow a training begins with: a fresh one of a layer, or a given one, on the lattice that is asked for."""
    if isinstance(flow, Trained):
        flow = flow.flow
    if isinstance(flow, Flow):
        if prior is not None:
            raise ValueError("a Flow has its prior already: give prior = ... with a layer only")
        return flow if lattice is None or check_sites(lattice) == flow.sites else flow.on(lattice)
    if not isinstance(flow, Layer):
        raise TypeError(f"train needs a layer such as lk.ContinuousFlow(), or a Flow, got {type(flow).__name__}")
    if lattice is None:
        raise ValueError("lattice is missing: give the extents, e.g. lattice = (8, 8)")
    layer, action = target.prepared(flow)
    return Flow.init(layer, lattice, prior=prior, action=action, seed=seed, dtype=dtype, namespace=backend)


def target_of(action: Action | Callable[..., Action], couplings: Mapping[str, tuple[float, float]] | None) -> Target:
    """One action, or what makes one of couplings within ranges."""
    if couplings is not None:
        if not callable(action):
            raise TypeError(f"with couplings, action must make one of them, e.g. lk.Phi4; got {type(action).__name__}")
        return Range(action, dict(couplings))
    if not isinstance(action, Action):
        raise TypeError(f"train needs an action such as lk.Phi4(-4.0, 6.008), got {type(action).__name__}")
    return Fixed(action)


def dtype_name(flow: Flow) -> str:
    """ "float32" or "float64"."""
    return str(flow.like.dtype).rpartition(".")[2]
