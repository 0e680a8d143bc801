"""Everything that defines a run, checked before anything is computed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from latticekit.actions import stored
from latticekit.arrays import backend, finite, to_host
from latticekit.ensembles.provenance import fingerprint, provenance
from latticekit.groups import cold, hot
from latticekit.lattice import check_sites
from latticekit.observables import Observable, observables_of
from latticekit.random import Key
from latticekit.updates import State, Update

_DTYPES = ("float32", "float64")
_LARGEST_DEFECT = 1e-3  # of a start that is taken for a field in single precision


@dataclass(frozen=True)
class Plan:
    """What `sample` was asked for; `fingerprint` names the physics and the sampler, not the number of draws."""

    update: Update
    lattice: tuple[int, ...]
    chains: int
    warmup: int
    thin: int
    seed: int
    observables: tuple[Observable, ...]
    backend: str
    dtype: str
    start: Any
    configurations: int

    def __post_init__(self) -> None:
        _at_least("chains", self.chains, 1)
        _at_least("warmup", self.warmup, 0)
        _at_least("thin", self.thin, 1)
        _at_least("configurations", self.configurations, 0)
        if self.dtype not in _DTYPES:
            raise ValueError(f"dtype must be one of {_DTYPES}, got {self.dtype!r}")
        if isinstance(self.start, str) and self.start not in ("cold", "hot"):
            raise ValueError(f'start must be "cold", "hot" or an array, got {self.start!r}')
        self.update.check(self.lattice)
        if not self.update.ergodic:
            name = type(self.update).__name__
            raise ValueError(f"{name} alone does not reach every field: sample lk.Sequence([{name}(...), lk.HMC(...)])")
        _ = self.key  # refuses a seed outside its range

    @property
    def key(self) -> Key:
        """The root of all random numbers of the run."""
        return Key(self.seed)

    def initial(self) -> State:
        """State before the first update."""
        group, where = self.update.action.group, {"backend": self.backend, "dtype": self.dtype}
        if isinstance(self.start, str) and self.start == "hot":
            return self.update.init(hot(group, self.lattice, self.chains, seed=self.seed, **where))
        neutral = cold(group, self.lattice, self.chains, **where)
        return self.update.init(neutral if isinstance(self.start, str) else self._given(neutral))

    def _given(self, neutral: Any) -> Any:
        """The start field the user gave, checked."""
        if tuple(np.shape(self.start)) != tuple(neutral.shape):
            shape, given = tuple(neutral.shape), tuple(np.shape(self.start))
            raise ValueError(f"start must have shape {shape} (chain, ..., *sites), got {given}")
        if np.iscomplexobj(self.start) and "complex" not in str(neutral.dtype):
            raise ValueError(f"start must be real ({neutral.dtype}), got complex numbers")
        group, x = self.update.action.group, backend(self.backend).asarray(self.start, dtype=neutral.dtype)
        worst = float(np.max(to_host(group.defect(finite(x, "start")))))
        if worst > _LARGEST_DEFECT:
            raise ValueError(f"start is off the group by {worst:.1e}, more than rounding: use group.project(start)")
        return group.project(x)

    def physics(self) -> dict[str, Any]:
        """Settings that decide every number of the run, as plain data."""
        start = self.start if isinstance(self.start, str) else _digest(np.asarray(self.start))
        return {
            "action": self.update.action.parameters(),
            "update": self.update.parameters(),
            "lattice": list(self.lattice),
            "chains": self.chains,
            "warmup": self.warmup,
            "thin": self.thin,
            "seed": self.seed,
            "observables": [_settings(one) for one in self.observables],
            "dtype": self.dtype,
            "start": start,
            "configurations": self.configurations,
        }

    @property
    def fingerprint(self) -> str:
        """SHA-256 of `physics`."""
        return fingerprint(self.physics())

    def attributes(self) -> dict[str, str]:
        """Root attributes of the ensemble: where it comes from and what its numbers mean."""
        action, settings = self.update.action, self.physics() | {"backend": self.backend}
        rng = "counter = (site, draw, step, purpose 2^24 + chain), key = seed"
        return provenance(settings, rng) | {
            "action": action.parameters()["name"],
            "action_params": json.dumps(action.parameters()),
            "conventions": json.dumps(action.conventions()),
            "update": json.dumps(self.update.parameters()),
            "boundary": action.boundary,
            "tau_int_convention": "1/2 + sum_{t>=1} rho(t)",
        }


def make_plan(
    update: Update,
    lattice: Sequence[int],
    observables: Sequence[str | Observable] | None,
    **settings: Any,
) -> Plan:
    """A checked plan from the arguments of `sample`."""
    if not isinstance(update, Update):
        raise TypeError(f"sample needs an update such as lk.HMC(action), got {type(update).__name__}")
    sites, action = check_sites(lattice), update.action
    chosen = None if observables is None else [one for one in observables if one != "action"]
    measured = observables_of(action.group, sites, chosen, action)
    return Plan(update=update, lattice=sites, observables=measured, **settings)


def _settings(one: Observable) -> Any:
    """Name of an observable, with its settings if it has any."""
    found = stored(one)
    return one.name if not isinstance(found, dict) or set(found) == {"name"} else found | {"name": one.name}


def _at_least(name: str, value: int, least: int) -> None:
    if not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name} must be a whole number >= {least}, got {value!r}")


def _digest(x: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(x).tobytes()).hexdigest()
