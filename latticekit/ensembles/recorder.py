"""Collect draws on the device, measure them in batches, hand out labelled blocks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import xarray as xr

from latticekit.arrays import namespace, to_host
from latticekit.ensembles.labels import (
    action_variable,
    dataset,
    field_variable,
    posterior_variable,
    stats_variables,
)
from latticekit.ensembles.plan import Plan
from latticekit.groups import Group
from latticekit.updates import State
from latticekit.updates.base import Info

_BLOCK_BYTES = 2**25
_MOST_DRAWS = 4096


class NonFiniteError(FloatingPointError):
    """The chain left the finite numbers; nothing of the block was recorded."""


class DriftError(ArithmeticError):
    """The field left its group; nothing of the block was recorded."""


def defect(group: Group, x: Any) -> float:
    """Largest distance of a field from its group; DriftError if that is more than rounding."""
    worst = float(np.max(to_host(group.defect(x))))
    limit = 0.1 * float(namespace(x).finfo(x.dtype).eps) ** 0.5
    if worst > limit:
        raise DriftError(
            f"the links are off the group by {worst:.1e}, more than rounding explains: nothing of this block was "
            "recorded, earlier blocks are safe. An update must end with group.project(x), as all of the library do."
        )
    return worst


class Recorder:
    """Draws since the last block.  States are immutable, so that keeping a reference is keeping the draw."""

    def __init__(self, plan: Plan, prefix: str = "") -> None:
        self.plan, self.prefix = plan, prefix
        self.states: list[State] = []
        self.infos: list[Info] = []
        self.first = 0

    def add(self, state: State, info: Info) -> None:
        """Remember one draw."""
        self.states.append(state)
        self.infos.append(info)

    @property
    def full(self) -> bool:
        """Whether a block should be taken before memory grows."""
        size = 8 * math.prod(self.states[0].x.shape) if self.states else 1
        return len(self.states) >= max(1, min(_MOST_DRAWS, _BLOCK_BYTES // size))

    def take(self) -> dict[str, xr.Dataset]:
        """The block as {group: dataset}; the recorder is empty afterwards and counts on."""
        groups = self._groups()
        self.first += len(self.states)
        self.states, self.infos = [], []
        return groups

    def _groups(self) -> dict[str, xr.Dataset]:
        if not self.states:
            return {}
        action = np.stack([to_host(s.action) for s in self.states], axis=1)
        self._refuse_non_finite(action)
        defect(self.plan.update.action.group, self.states[-1].x)
        xp = namespace(self.states[0].x)
        fields = xp.concat([s.x for s in self.states], axis=0)
        weighted = self.plan.update.weighted
        posterior = {"action": action_variable(action, weighted)}
        for one in self._measured():
            posterior[one.name] = posterior_variable(one, self._by_chain(one.measure(fields)), weighted)
        groups = {"posterior": posterior, "sample_stats": stats_variables(self._stats() | {"lp": -action})}
        blocks = {self.prefix + name: self._dataset(variables) for name, variables in groups.items()}
        return blocks | (self._configurations() if not self.prefix else {})

    def _measured(self) -> list[Any]:
        return [one for one in self.plan.observables if not (self.prefix and one.costly)]

    def _dataset(self, variables: dict[str, Any]) -> xr.Dataset:
        block = dataset(variables, self.first, self.plan.thin)
        extra = {k: v for one in self.plan.observables if one.name in variables for k, v in self._coords(one).items()}
        return block.assign_coords(extra)

    def _coords(self, one: Any) -> dict[str, Any]:
        return {name: (name, np.asarray(values)) for name, values in one.coords(self.plan.lattice).items()}

    def _by_chain(self, values: Any) -> np.ndarray:
        """(draw * chain, ...) of a measured batch -> (chain, draw, ...) on the host."""
        host = to_host(values)
        return np.moveaxis(host.reshape(len(self.states), self.plan.chains, *host.shape[1:]), 0, 1)

    def _stats(self) -> dict[str, np.ndarray]:
        return {name: self._column([info[name] for info in self.infos]) for name in self.infos[0]}

    def _column(self, values: list[Any]) -> np.ndarray:
        """(chain, draw) of one report per draw; a plain number holds for every chain."""
        if isinstance(values[0], (bool, int, float)):
            return np.broadcast_to(np.asarray(values), (self.plan.chains, len(values)))
        return np.stack([to_host(v) for v in values], axis=1)

    def _configurations(self) -> dict[str, xr.Dataset]:
        every = self.plan.configurations
        kept = [i for i in range(len(self.states)) if every and (self.first + i) % every == 0]
        if not kept:
            return {}
        fields = np.stack([to_host(self.states[i].x) for i in kept], axis=1)
        block = dataset(field_variable(self.plan.update.action.group, self.plan.lattice, fields), 0, self.plan.thin)
        number = np.asarray([self.first + i for i in kept])
        return {"configurations": block.assign_coords(draw=number, trajectory=("draw", (number + 1) * self.plan.thin))}

    def _refuse_non_finite(self, action: np.ndarray) -> None:
        bad = np.argwhere(~np.isfinite(action.T))
        if len(bad):
            draw, chain = bad[0]
            raise NonFiniteError(
                f"the action of chain {chain} is {action[chain, draw]} at draw {self.first + draw}"
                f"{' of warmup' if self.prefix else ''}: nothing of this block was recorded, earlier blocks are safe. "
                "Use a smaller step size, or start = 'cold'."
            )
