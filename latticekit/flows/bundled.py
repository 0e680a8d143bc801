"""Layers, networks and priors as plain data and back: what a model bundle stores beside the parameters."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from inspect import isabstract
from types import ModuleType
from typing import Any

from latticekit.actions import restored, stored
from latticekit.actions.restored import FAMILIES

_ROOM = "latticekit.flows"


def described(one: Any) -> Any:
    """Class name and settings of a dataclass, nested; plain values as they are.

    Actions, groups and weights stand as {"stored": ...}, in the form that ensembles keep them in.
    """
    if isinstance(one, FAMILIES):
        return {"stored": stored(one)}
    if is_dataclass(one) and not isinstance(one, type):
        known = {f.name: described(getattr(one, f.name)) for f in fields(one) if f.init and f.name != "own"}
        return {"name": type(one).__name__} | known
    if isinstance(one, (tuple, list)):
        return [described(item) for item in one]
    if isinstance(one, Mapping):
        return {str(key): described(value) for key, value in one.items()}
    return one


def built(description: Any, classes: Mapping[str, type]) -> Any:
    """The inverse of `described`: classes by name; lists become tuples."""
    if isinstance(description, dict) and set(description) == {"stored"}:
        return restored(description["stored"])
    if isinstance(description, dict):
        settings = {key: built(value, classes) for key, value in description.items() if key != "name"}
        return _class(description["name"], classes)(**settings) if "name" in description else settings
    return tuple(built(item, classes) for item in description) if isinstance(description, list) else description


def _class(name: str, classes: Mapping[str, type]) -> type:
    if name not in classes:
        raise ValueError(
            f"unknown part {name!r} of a flow: neither this version of latticekit nor an imported module has it. "
            "Update latticekit, or import the module that defines it before loading."
        )
    return classes[name]


def known_parts() -> dict[str, type]:
    """Every class a flow can be made of, by name: exported ones first, then the rest, then those derived elsewhere."""
    inside = {
        cls.__name__: cls for module in modules() for cls in _classes(module) if cls.__module__ == module.__name__
    }
    derived = {cls.__name__: cls for root in inside.values() for cls in _descendants(root) if is_dataclass(cls)}
    return derived | inside | {cls.__name__: cls for module in modules() for cls in exported(module)}


def modules() -> list[ModuleType]:
    """`latticekit.flows` and all that is below."""
    root = importlib.import_module(_ROOM)
    return [root, *(importlib.import_module(info.name) for info in pkgutil.walk_packages(root.__path__, f"{_ROOM}."))]


def exported(module: ModuleType) -> list[type]:
    """Classes that a package makes public."""
    return [cls for cls in _classes(module) if cls.__name__ in getattr(module, "__all__", ())]


def _classes(module: ModuleType) -> list[type]:
    """Dataclasses that objects can be made of."""
    found = (one for one in vars(module).values() if isinstance(one, type))
    return [cls for cls in found if is_dataclass(cls) and not isabstract(cls)]


def _descendants(cls: Any) -> Iterator[type]:
    for child in cls.__subclasses__():
        yield child
        yield from _descendants(child)
