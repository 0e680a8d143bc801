"""Several time scales in one trajectory: nested integrators, expanded into a schedule."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from latticekit.actions import Action, Sum
from latticekit.updates.integrators import LEAPFROG, Integrator, integrator

Row = tuple[float, float, float, int]


@dataclass(frozen=True)
class Level:
    """The force of some terms of a `Sum`, by index, and the integrator of this level.

    `steps`: how many steps of this level make one drift of the level above.
    """

    terms: tuple[int, ...]
    integrator: str | Integrator = LEAPFROG
    steps: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "integrator", integrator(self.integrator))
        object.__setattr__(self, "terms", tuple(self.terms))
        if not self.terms or len(set(self.terms)) != len(self.terms) or min(self.terms) < 0:
            raise ValueError(f"Level: terms must be different indices of the sum, from 0 on, got {self.terms}")
        if self.steps < 1:
            raise ValueError(f"Level: steps must be at least 1, got {self.steps}")

    @property
    def members(self) -> int:
        """The terms as in the fourth column of a schedule."""
        return sum(1 << term for term in self.terms)


@dataclass(frozen=True, init=False)
class MultiScale:
    """Levels from the largest step to the smallest; each drift of one level is `steps` steps of the next.

    The forces of a level drive the momenta alone; what moves the field between its kicks is the whole dynamics of the
    levels below (Sexton and Weingarten, Nucl. Phys. B380 (1992) 665).  Symmetric if the integrators are, with the
    order of the lowest.  `MultiScale(Level((1,), "omelyan"), Level((0,), "leapfrog", steps=4))` evaluates the force of
    term 0 eight times as often as twice that of term 1; in HMC, `steps` counts those of the first level.
    """

    levels: tuple[Level, ...]

    def __init__(self, *levels: Level) -> None:
        object.__setattr__(self, "levels", levels)
        if not levels:
            raise ValueError("MultiScale needs at least one Level, got none")
        if levels[0].steps != 1:
            raise ValueError(
                f"MultiScale: steps of the first level are those of HMC, give 1 here, got {levels[0].steps}"
            )

    name = "multiscale"

    @property
    def order(self) -> int:
        """k of Delta H ~ e^k."""
        return min(level.integrator.order for level in self.levels)  # type: ignore[union-attr]

    def schedule(self, step_size: float, steps: int) -> np.ndarray:
        """Table (stages, 4) of a trajectory in absolute units."""
        return np.array(_merged(self.levels, steps)) * np.array([step_size, step_size, step_size**2, 1.0])

    def check(self, action: Action) -> None:
        """Every term of the action must be on exactly one level."""
        count = len(action.terms) if isinstance(action, Sum) else 1
        given = sorted(term for level in self.levels for term in level.terms)
        if not isinstance(action, Sum) or given != list(range(count)):
            raise ValueError(
                f"MultiScale needs a sum of actions with each of its terms, 0 .. {count - 1}, on exactly one level: "
                f"got terms {given} for {type(action).__name__} of {count}"
            )

    def parameters(self) -> dict[str, Any]:
        """Levels as plain data, as stored with an ensemble."""
        plain = [
            {"terms": list(one.terms), "integrator": one.integrator.name, "steps": one.steps}  # type: ignore[union-attr]
            for one in self.levels
        ]
        return {"name": "MultiScale", "levels": plain}


def _stages(levels: tuple[Level, ...], length: float) -> list[Row]:
    """One step of the first level, over a time `length`, stage by stage."""
    one, below = levels[0], levels[1:]
    rows: list[Row] = []
    for drift, kick, gradient in one.integrator.stages:  # type: ignore[union-attr]
        if drift and below:
            rows += _stages(below, drift * length / below[0].steps) * below[0].steps
            drift = 0.0
        rows.append((drift * length, kick * length, gradient * length**2, one.members))
    return rows


@lru_cache(maxsize=256)
def _merged(levels: tuple[Level, ...], steps: int) -> tuple[Row, ...]:
    """The rows of a trajectory; kicks without a drift in between commute, those of the same terms are added."""
    moments: list[tuple[float, list[Row]]] = []  # a drift, and the kicks after it
    for row in _stages(levels, 1.0) * steps:
        if not moments or (row[0] and moments[-1][1]):
            moments.append((row[0], []))
        elif row[0]:
            moments[-1] = (moments[-1][0] + row[0], [])
        if row[1]:
            _add(moments[-1][1], row)
    depth = {level.members: n for n, level in enumerate(levels)}
    return tuple(row for drift, kicks in moments for row in _ordered(drift, kicks, depth))


def _add(kicks: list[Row], new: Row) -> None:
    """Another kick at the same field."""
    for i, (_, kick, gradient, members) in enumerate(kicks):
        if members == new[3] and gradient == new[2] == 0:
            kicks[i] = (0.0, kick + new[1], 0.0, members)
            return
    kicks.append((0.0, *new[1:]))


def _ordered(drift: float, kicks: list[Row], depth: dict[int, int]) -> list[Row]:
    """The drift, then innermost kicks first, so that a trajectory of the innermost level is one run of rows."""
    inner = sorted(kicks, key=lambda row: -depth[row[3]])
    first = inner[0] if inner else (0.0, 0.0, 0.0, max(depth, key=depth.__getitem__))
    return [(drift, *first[1:]), *inner[1:]]
