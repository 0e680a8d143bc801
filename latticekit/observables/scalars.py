"""What observables of scalar fields share."""

from __future__ import annotations

from latticekit.groups import Group, Real
from latticekit.observables.base import Observable


class ScalarObservable(Observable):
    """An observable of a real scalar field."""

    def unsuited(self, group: Group, sites: tuple[int, ...]) -> str:
        """Needs a real field."""
        return "" if isinstance(group, Real) else "needs a real scalar field"
