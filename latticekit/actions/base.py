"""The protocol of an action: Boltzmann weight exp(-S)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, is_dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from latticekit.actions.held import Held, kept
from latticekit.actions.stored import stored
from latticekit.groups import Group

Array = Any
Schedule = Any
"""Table (stages, 3) of (drift, kick, gradient), float64 NumPy: a molecular-dynamics trajectory as data.

Stage by stage: x <- exp(drift p) x, then p <- p + kick F(exp(gradient F(x)) x); gradient = 0 is the plain force.
For a `Sum` there may be a fourth column, the terms whose force F is: 1 for the first, 2 for the second, 4 for the
third, added up.  With three columns F is the force of them all.
"""


class Action(ABC):
    """Boltzmann weight exp(-S) of a field whose variables live in `group`."""

    group: Group

    @property
    def held(self) -> Held | None:
        """The links that no update may move; None: every variable is free."""
        return None

    @property
    def boundary(self) -> str:
        """`periodic`, or `open` or `fixed` in some direction."""
        return "periodic"

    @abstractmethod
    def value(self, x: Array) -> Array:
        """S(x), accumulated in float64.  field -> (chain,)"""

    @abstractmethod
    def force(self, x: Array) -> Array:
        """F = -dS: S(translate(x, e v)) = S(x) - e inner(F, v) + O(e^2).  field -> algebra"""

    def translate(self, x: Array, v: Array) -> Array:
        """exp(v) x, the held links as they are.  field, algebra -> field"""
        return kept(self.held, self.group.translate(x, v), x)

    def project(self, x: Array) -> Array:
        """The field back on its group, the held links as they are.  field -> field"""
        return kept(self.held, self.group.project(x), x)

    def evolve(self, x: Array, p: Array, schedule: Schedule) -> tuple[Array, Array]:
        """One molecular-dynamics trajectory, every stage of the schedule in turn.  (field, algebra) -> the same

        What rounding has moved off the group is projected back at the end.  Held links have no force and do not
        move, so their momenta are constants.
        """
        for drift, kick, gradient in schedule.tolist():
            if drift:
                x = self.translate(x, p * drift)
            if kick:
                at = self.translate(x, self.force(x) * gradient) if gradient else x
                p = p + self.force(at) * kick
        return self.project(x), p

    def exact(self, sites: tuple[int, ...]) -> dict[str, Any]:
        """{observable: value} that is known exactly on this lattice, else {}."""
        return {}

    def schwinger_dyson(self, sites: tuple[int, ...]) -> dict[str, float]:
        """{observable: c} with sum_O c_O <O> = 1 exactly, an identity that tests a run without a reference; or {}."""
        return {}

    def gaussian(self, sites: tuple[int, ...]) -> np.ndarray | None:
        """omega(k) of the Gaussian exp(-1/2 sum_k omega |phi_k|^2 / V) that comes closest, float64; None: not known.

        What flows of a real scalar field may start from.  -> sites
        """
        return None

    def parameters(self) -> dict[str, Any]:
        """Name and couplings, as they are stored with an ensemble."""
        return stored(self) if is_dataclass(self) else {"name": type(self).__name__}

    def conventions(self) -> dict[str, str]:
        """What the couplings and observables mean, as stored with an ensemble."""
        return {"weight": "exp(-S)"}

    def __add__(self, other: Action) -> Action:
        return Sum((*terms_of(self), *terms_of(other)))


@dataclass(frozen=True)
class Sum(Action):
    """S = S_1 + S_2 + ... of actions on the same field."""

    terms: tuple[Action, ...]

    def __post_init__(self) -> None:
        groups = {term.group for term in self.terms}
        if len(groups) != 1:
            raise ValueError(f"a sum of actions needs one group, got {groups or 'no terms'}")
        if len({term.held for term in self.terms}) > 1:
            raise ValueError(
                "the terms of a sum must hold the same links: give every one of them the same boundary, got "
                + ", ".join(f"{type(term).__name__} with {term.held}" for term in self.terms)
            )

    @property
    def held(self) -> Held | None:
        """The links that all terms hold."""
        return self.terms[0].held

    @property
    def group(self) -> Group:  # type: ignore[override]
        """The common group."""
        return self.terms[0].group

    def value(self, x: Array) -> Array:
        """Sum of the values.  field -> (chain,)"""
        return _total([term.value(x) for term in self.terms])

    def force(self, x: Array) -> Array:
        """Sum of the forces.  field -> algebra"""
        return _total([term.force(x) for term in self.terms])

    def evolve(self, x: Array, p: Array, schedule: Schedule) -> tuple[Array, Array]:
        """One trajectory; stages of the same terms that follow each other are one call of their own `evolve`."""
        if schedule.shape[1] == 3:
            return super().evolve(x, p, schedule)
        edges = [0, *(np.flatnonzero(np.diff(schedule[:, 3])) + 1).tolist(), len(schedule)]
        for first, last in pairwise(edges):
            part = self.subset(int(schedule[first, 3]))
            x, p = part.evolve(x, p, np.ascontiguousarray(schedule[first:last, :3]))
        return x, p

    def subset(self, members: int) -> Action:
        """The sum of some terms, given as in the fourth column of a schedule."""
        chosen = tuple(term for i, term in enumerate(self.terms) if members >> i & 1)
        return chosen[0] if len(chosen) == 1 else Sum(chosen)

    def conventions(self) -> dict[str, str]:
        """Conventions of all terms."""
        return {key: text for term in self.terms for key, text in term.conventions().items()}


def terms_of(action: Action) -> tuple[Action, ...]:
    """The terms of a sum; an action that is none is its own term."""
    return action.terms if isinstance(action, Sum) else (action,)


def _total(values: list[Array]) -> Array:
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total
