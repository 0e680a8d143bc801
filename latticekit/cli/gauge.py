"""Gauge actions as run.toml gives them: plain numbers and words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from latticekit.actions import DBW2, Anisotropic, GaugeAction, Iwasaki, LuscherWeisz, OpenBoundary, Wilson
from latticekit.actions.couplings import UNIFORM, Weights
from latticekit.groups import GaugeGroup, group_named

Boundary = Literal["periodic", "open"]
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


def _weights(xi: float, boundary: str) -> Weights:
    if xi != 1 and boundary == "open":
        raise ValueError("[action] xi and an open boundary together are not a choice of run.toml: use the library")
    return OpenBoundary() if boundary == "open" else UNIFORM if xi == 1 else Anisotropic(xi)


GAUGE_ACTIONS = {
    "wilson": _named(Wilson),
    "luscher_weisz": _named(LuscherWeisz),
    "iwasaki": _named(Iwasaki),
    "dbw2": _named(DBW2),
}
"""[action] name -> what builds it."""
