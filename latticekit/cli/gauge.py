"""Gauge actions as run.toml gives them: plain numbers and words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from latticekit.actions import DBW2, Anisotropic, GaugeAction, Iwasaki, LuscherWeisz, OpenBoundary, Schroedinger, Wilson
from latticekit.actions.couplings import UNIFORM, Weights
from latticekit.groups import GaugeGroup, group_named

Boundary = Literal["periodic", "open", "schroedinger"]
Build = Callable[[GaugeGroup, float, Weights], GaugeAction]


def _named(build: Build) -> Callable[..., GaugeAction]:
    def made(group: str, beta: float, xi: float = 1.0, boundary: Boundary = "periodic") -> GaugeAction:
        return build(_group(group), beta, _weights(xi, boundary))

    return made


def _group(name: str) -> GaugeGroup:
    group = group_named(name)
    if not isinstance(group, GaugeGroup):
        raise ValueError(f'[action] group = "{name}" is no gauge group: write "U(1)", "SU(2)" or "SU(3)"')
    return group


def _weights(xi: float, boundary: Boundary) -> Weights:
    if xi != 1 and boundary != "periodic":
        raise ValueError(f"[action] xi and boundary = {boundary} together are no choice of run.toml: use the library")
    if boundary == "periodic":
        return UNIFORM if xi == 1 else Anisotropic(xi)
    return {"open": OpenBoundary, "schroedinger": Schroedinger}[boundary]()


def gauge_settings(action: GaugeAction) -> dict[str, object]:
    """[action] of a plain gauge action: name, group, beta."""
    name = next(name for name, build in _BUILDS.items() if build(action.group, 1.0, UNIFORM).c1 == action.c1)
    group = "U(1)" if action.group.n == 1 else f"SU({action.group.n})"
    return {"name": name, "group": group, "beta": action.beta}


_BUILDS: dict[str, Build] = {"wilson": Wilson, "luscher_weisz": LuscherWeisz, "iwasaki": Iwasaki, "dbw2": DBW2}
GAUGE_ACTIONS = {name: _named(build) for name, build in _BUILDS.items()}
"""[action] name -> what builds it."""
