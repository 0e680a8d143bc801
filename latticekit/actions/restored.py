"""Actions, groups and couplings from what `stored` made of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from latticekit.actions.base import Action
from latticekit.actions.couplings import Weights
from latticekit.groups import Group

FAMILIES = (Action, Group, Weights)
"""Whose subclasses can be read back, those of other packages too once they are imported."""


def restored(plain: Any) -> Any:
    """What `stored` was given, lists as tuples; raises LookupError for a class that is not known here."""
    if isinstance(plain, list):
        return tuple(restored(one) for one in plain)
    if not isinstance(plain, dict):
        return plain
    members = {key: restored(one) for key, one in plain.items() if key != "name"}
    return _class(plain["name"])(**members) if "name" in plain else members


def action_from(parameters: dict[str, Any]) -> Action | None:
    """The action whose `parameters()` these are; None for a class that this library does not have."""
    try:
        return restored(parameters)
    except LookupError:
        return None


def _class(name: str) -> Any:
    for family in FAMILIES:
        for found in _descendants(family):
            if found.__name__ == name:
                return found
    raise LookupError(f"no action, group or weights named {name!r}")


def _descendants(cls: Any) -> Iterator[Any]:
    for child in cls.__subclasses__():
        yield child
        yield from _descendants(child)
