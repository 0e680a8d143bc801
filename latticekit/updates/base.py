"""The protocol of a Markov update."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple

from latticekit.actions import Action
from latticekit.random import Key

Array = Any
Info = dict[str, Any]
"""What one update reports, arrays (chain,) by their name in `sample_stats`; numbers hold for all chains."""


class State(NamedTuple):
    """All that the next update needs to know."""

    x: Array
    """The field, (chain, [mu], [internal], *sites)."""
    action: Array
    """S(x), float64, (chain,)."""
    tuning: Any = ()
    """What the update learnt during warmup: a tree of numbers, frozen afterwards."""


class Update(ABC):
    """A Markov step that leaves exp(-S) invariant; pure: equal state and key, equal result."""

    action: Action
    weighted: ClassVar[str] = "no"
    """Name in `info` of the log weight that its draws carry; "no": they are draws of exp(-S)."""

    @property
    def ergodic(self) -> bool:
        """Whether the update alone reaches every field; if not, it belongs into a `Sequence` with one that does."""
        return True

    def init(self, x: Array) -> State:
        """State of a field, without randomness."""
        return State(x, self.action.value(x))

    @abstractmethod
    def step(self, state: State, key: Key) -> tuple[State, Info]:
        """One update of every chain."""

    def warm(self, state: State, key: Key) -> tuple[State, Info]:
        """A step of early warmup, which need not leave exp(-S) invariant but must leave the start behind."""
        return self.step(state, key)

    def tune(self, state: State, info: Info) -> State:
        """Learn from a warmup step; the default has nothing to learn."""
        return state

    def settle(self, state: State) -> State:
        """End of warmup: freeze what was learnt."""
        return state

    def check(self, sites: tuple[int, ...]) -> None:
        """Raise ValueError if the update cannot run on these sites."""

    def report(self, state: State) -> dict[str, Any]:
        """What is to be known of the run as a whole, for the root attributes at its end; the default knows nothing."""
        return {}

    def parameters(self) -> dict[str, Any]:
        """Name and settings, as stored with an ensemble."""
        settings = {k: v for k, v in vars(self).items() if k != "action" and not k.startswith("_")}
        return {"name": type(self).__name__, **{k: _plain(v) for k, v in settings.items()}}


def _plain(setting: Any) -> Any:
    """A setting as plain data: what it says of itself, else its name, else itself."""
    return setting.parameters() if hasattr(setting, "parameters") else getattr(setting, "name", setting)
