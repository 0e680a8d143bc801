"""Observables by name, and which of them suit a field."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

from latticekit.groups import Group
from latticekit.observables.base import Observable
from latticekit.observables.correlators import MomentumTwoPoint, TwoPoint
from latticekit.observables.flowed import FlowedActionDensity
from latticekit.observables.forces import ForceSquared, LinkTrace
from latticekit.observables.loops import PolyakovCorrelator, PolyakovLoop, WilsonLoop
from latticekit.observables.moments import AbsMagnetization, Magnetization, PhiFourth, PhiSquared
from latticekit.observables.plaquettes import ActionDensity, Plaquette, PlaquetteSpace, PlaquetteTime
from latticekit.observables.topology import TopologicalCharge

OBSERVABLES: dict[str, type[Observable]] = {
    one.name: one
    for one in (
        Magnetization,
        AbsMagnetization,
        PhiSquared,
        PhiFourth,
        TwoPoint,
        MomentumTwoPoint,
        Plaquette,
        PlaquetteTime,
        PlaquetteSpace,
        ActionDensity,
        WilsonLoop,
        PolyakovLoop,
        PolyakovCorrelator,
        TopologicalCharge,
        FlowedActionDensity,
        ForceSquared,
        LinkTrace,
    )
}
"""Name in an ensemble -> class."""

_CHEAP = (
    *(Magnetization, AbsMagnetization, PhiSquared, PhiFourth, TwoPoint),
    *(Plaquette, PolyakovLoop, ForceSquared, LinkTrace),
)
"""Measured on every draw unless the user says otherwise, where they suit the field."""


def observable(which: str | Observable) -> Observable:
    """An observable by its name in OBSERVABLES, or itself."""
    if isinstance(which, Observable):
        return which
    if which in OBSERVABLES:
        return OBSERVABLES[which]()
    close = difflib.get_close_matches(str(which), OBSERVABLES, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise ValueError(f"unknown observable {which!r}: {hint}Known: {', '.join(OBSERVABLES)}, or an Observable object")


def suited(group: Group, sites: tuple[int, ...], action: Any = None) -> tuple[Observable, ...]:
    """Every observable that a field of this group has on these sites, with default settings."""
    known = (cls().of(action) for cls in OBSERVABLES.values())
    return tuple(one for one in known if not one.unsuited(group, sites))


def observables_of(
    group: Group, sites: tuple[int, ...], chosen: Sequence[str | Observable] | None = None, action: Any = None
) -> tuple[Observable, ...]:
    """The chosen observables, each of which must suit the field; by default those that cost little beside an update.

    That is, of links: plaquette, Polyakov loop, the charge where it needs no flow, and with an `action` that is linear
    in each link both sides of its Schwinger-Dyson identity.
    """
    if chosen is None:
        free_charge = (TopologicalCharge,) if len(sites) == 2 else ()
        return tuple(one for one in suited(group, sites, action) if isinstance(one, (*_CHEAP, *free_charge)))
    found = tuple(observable(one).of(action) for one in chosen)
    for one in found:
        if reason := one.unsuited(group, sites):
            fitting = ", ".join(other.name for other in suited(group, sites, action)) or "none is known"
            raise ValueError(f"{one.name} {reason}, this run has {group} on {sites}: use {fitting}")
    return found
