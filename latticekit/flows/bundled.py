"""Layers, networks and priors as plain data and back: what a model bundle stores beside the parameters."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any


def described(one: Any) -> Any:
    """Class name and settings of a dataclass, nested; plain values as they are."""
    if is_dataclass(one) and not isinstance(one, type):
        known = {f.name: described(getattr(one, f.name)) for f in fields(one) if f.init and f.name != "own"}
        return {"name": type(one).__name__} | known
    if isinstance(one, (tuple, list)):
        return [described(item) for item in one]
    return one


def built(description: Any, classes: dict[str, type]) -> Any:
    """The inverse of `described`: classes by name; lists become tuples."""
    if isinstance(description, dict):
        if (name := description.get("name")) not in classes:
            raise ValueError(f"unknown part {name!r} of a flow: this version knows {', '.join(sorted(classes))}")
        settings = {key: built(value, classes) for key, value in description.items() if key != "name"}
        return classes[name](**settings)
    return tuple(built(item, classes) for item in description) if isinstance(description, list) else description
