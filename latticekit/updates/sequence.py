"""Updates made of updates."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence as Many
from dataclasses import dataclass
from typing import Any

from latticekit.actions import Action
from latticekit.random import Key
from latticekit.updates.base import Array, Info, State, Update


class Composite(Update):
    """An update that runs others.  However deeply they nest, each elementary step of a step has its own key."""

    @property
    @abstractmethod
    def substeps(self) -> int:
        """Elementary steps in one step."""

    @abstractmethod
    def run(self, state: State, key: Key, first: int, total: int, warm: bool = False) -> tuple[State, Info]:
        """One step, whose elementary steps are number first, first + 1, ... of `total` under the key."""

    def step(self, state: State, key: Key) -> tuple[State, Info]:
        """Every part in turn."""
        return self.run(state, key, 0, self.substeps)

    def warm(self, state: State, key: Key) -> tuple[State, Info]:
        """Every part in turn, as it warms up."""
        return self.run(state, key, 0, self.substeps, warm=True)


@dataclass(frozen=True, init=False)
class Sequence(Composite):
    """Updates of the same action one after the other.

    What a part reports keeps its name if no other part reports that name; else it is prefixed by the part's class in
    snake case, `_2`, `_3` for repeats: `hmc_acceptance_rate`, `metropolis_acceptance_rate`, `metropolis_2_...`.
    A sequence of steps that leave exp(-S) invariant leaves it invariant; it is ergodic if one part is.
    """

    updates: tuple[Update, ...]

    def __init__(self, updates: Many[Update]) -> None:
        object.__setattr__(self, "updates", tuple(updates))
        if not self.updates:
            raise ValueError("Sequence needs at least one update, got none")
        for part in self.updates:
            if part.weighted != "no":
                raise ValueError(f"{type(part).__name__} draws weighted fields and cannot be part of a Sequence")
        for part in self.updates[1:]:
            if part.action != self.action:
                raise ValueError(f"Sequence needs one action for all parts, got {self.action} and {part.action}")

    @property
    def action(self) -> Action:  # type: ignore[override]
        """The common action."""
        return self.updates[0].action

    @property
    def ergodic(self) -> bool:
        """Whether some part is."""
        return any(part.ergodic for part in self.updates)

    @property
    def substeps(self) -> int:
        """Elementary steps in one step."""
        return sum(map(_substeps, self.updates))

    def init(self, x: Array) -> State:
        """State of a field; `tuning` holds that of each part."""
        states = [part.init(x) for part in self.updates]
        return states[0]._replace(tuning=tuple(state.tuning for state in states))

    def run(self, state: State, key: Key, first: int, total: int, warm: bool = False) -> tuple[State, Info]:
        """Every part in turn."""
        tunings, infos = [], []
        for part, tuning in zip(self.updates, state.tuning):
            state, info = _run(part, state._replace(tuning=tuning), key, first, total, warm)
            first += _substeps(part)
            tunings.append(state.tuning)
            infos.append(info)
        return state._replace(tuning=tuple(tunings)), self._merged(infos)

    def _merged(self, infos: list[Info]) -> Info:
        reports = Counter(name for info in infos for name in info)
        pairs = zip(_labels(self.updates), infos)
        return {
            name if reports[name] == 1 else f"{label}_{name}": value
            for label, info in pairs
            for name, value in info.items()
        }

    def tune(self, state: State, info: Info) -> State:
        """Every part learns from what it reported."""
        parts = zip(self.updates, state.tuning, _labels(self.updates))
        return state._replace(
            tuning=tuple(
                part.tune(state._replace(tuning=tuning), _view(info, label)).tuning for part, tuning, label in parts
            )
        )

    def settle(self, state: State) -> State:
        """Freeze what every part learnt."""
        parts = zip(self.updates, state.tuning)
        return state._replace(tuning=tuple(part.settle(state._replace(tuning=t)).tuning for part, t in parts))

    def check(self, sites: tuple[int, ...]) -> None:
        """Raise ValueError if a part cannot run on these sites."""
        for part in self.updates:
            part.check(sites)

    def report(self, state: State) -> dict[str, Any]:
        """What the parts report."""
        parts = zip(self.updates, state.tuning)
        return {k: v for part, tuning in parts for k, v in part.report(state._replace(tuning=tuning)).items()}

    def parameters(self) -> dict[str, Any]:
        """Name, and those of the parts."""
        return {"name": "Sequence", "updates": [part.parameters() for part in self.updates]}


@dataclass(frozen=True)
class Repeat(Composite):
    """The same update n times as one step; the last one reports."""

    update: Update
    n: int

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError(f"Repeat: n must be at least 1, got {self.n}")

    @property
    def action(self) -> Action:  # type: ignore[override]
        """The action of the update."""
        return self.update.action

    @property
    def ergodic(self) -> bool:
        """Whether the update is."""
        return self.update.ergodic

    @property
    def substeps(self) -> int:
        """Elementary steps in one step."""
        return self.n * _substeps(self.update)

    def init(self, x: Array) -> State:
        """State of a field."""
        return self.update.init(x)

    def run(self, state: State, key: Key, first: int, total: int, warm: bool = False) -> tuple[State, Info]:
        """n times."""
        info: Info = {}
        for i in range(self.n):
            state, info = _run(self.update, state, key, first + i * _substeps(self.update), total, warm)
        return state, info

    def tune(self, state: State, info: Info) -> State:
        """Learn from the last repetition."""
        return self.update.tune(state, info)

    def settle(self, state: State) -> State:
        """Freeze what was learnt."""
        return self.update.settle(state)

    def check(self, sites: tuple[int, ...]) -> None:
        """Raise ValueError if the update cannot run on these sites."""
        self.update.check(sites)

    def report(self, state: State) -> dict[str, Any]:
        """What the update reports."""
        return self.update.report(state)

    def parameters(self) -> dict[str, Any]:
        """Name, the update's, and how often."""
        return {"name": "Repeat", "update": self.update.parameters(), "n": self.n}


def _substeps(update: Update) -> int:
    return update.substeps if isinstance(update, Composite) else 1


def _run(update: Update, state: State, key: Key, first: int, total: int, warm: bool) -> tuple[State, Info]:
    if isinstance(update, Composite):
        return update.run(state, key, first, total, warm)
    return (update.warm if warm else update.step)(state, key.part(first, total))


def _labels(updates: tuple[Update, ...]) -> list[str]:
    """Class names in snake case, numbered where they repeat; Repeat is named after what it repeats."""
    seen: Counter[str] = Counter()
    labels = []
    for update in updates:
        while isinstance(update, Repeat):
            update = update.update
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(update).__name__).lower()
        seen[name] += 1
        labels.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return labels


def _view(info: Info, label: str) -> Info:
    """The info as the part of this label reported it, among plain names of the others."""
    prefix = f"{label}_"
    return {**info, **{name.removeprefix(prefix): v for name, v in info.items() if name.startswith(prefix)}}
