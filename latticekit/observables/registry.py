"""Observables by name."""

from __future__ import annotations

import difflib

from latticekit.observables.base import Observable
from latticekit.observables.correlators import MomentumTwoPoint, TwoPoint
from latticekit.observables.moments import AbsMagnetization, Magnetization, PhiFourth, PhiSquared

OBSERVABLES: dict[str, type[Observable]] = {
    one.name: one for one in (Magnetization, AbsMagnetization, PhiSquared, PhiFourth, TwoPoint, MomentumTwoPoint)
}
"""Name in an ensemble -> class."""


def observable(which: str | Observable) -> Observable:
    """An observable by its name in OBSERVABLES, or itself."""
    if isinstance(which, Observable):
        return which
    if which in OBSERVABLES:
        return OBSERVABLES[which]()
    close = difflib.get_close_matches(str(which), OBSERVABLES, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise ValueError(f"unknown observable {which!r}: {hint}Known: {', '.join(OBSERVABLES)}, or an Observable object")
