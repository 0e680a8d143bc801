"""Actions, groups and couplings as plain data, as they are stored with an ensemble."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any


def stored(thing: Any) -> Any:
    """Numbers, words, lists and dicts that say what a thing is: {"name": its class, field: value, ...} of a dataclass.

    `restored` reads it back; JSON keeps it as it is.
    """
    if is_dataclass(thing) and not isinstance(thing, type):
        members = {f.name: stored(getattr(thing, f.name)) for f in fields(thing)}
        return {"name": type(thing).__name__, **members}
    if isinstance(thing, (list, tuple)):
        return [stored(one) for one in thing]
    if isinstance(thing, dict):
        return {str(key): stored(one) for key, one in thing.items()}
    return thing.item() if hasattr(thing, "item") and getattr(thing, "ndim", None) == 0 else thing
