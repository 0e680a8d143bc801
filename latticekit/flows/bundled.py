"""Layers, networks and priors as plain data and back: what a model bundle stores beside the parameters."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from latticekit.actions.restored import FAMILIES

def described(one: Any) -> Any:
    """Class name and settings of a dataclass, nested; plain values as they are."""
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
    """Every class a flow can be made of, by name: those of the library, and those derived from them elsewhere."""
    of_flows = {cls.__name__: cls for cls in _defined_below("latticekit.flows")}
    roots = (*of_flows.values(), *FAMILIES)
    derived = {cls.__name__: cls for root in roots for cls in _descendants(root) if is_dataclass(cls)}
    return derived | of_flows  # a name of the library is never taken by another


def _defined_below(package: str) -> Iterator[type]:
    """Dataclasses of the modules of a package."""
    for info in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        module = importlib.import_module(info.name)
        for one in vars(module).values():
            if isinstance(one, type) and one.__module__ == info.name and is_dataclass(one):
                yield one


def _descendants(cls: Any) -> Iterator[type]:
    for child in cls.__subclasses__():
        yield child
        yield from _descendants(child)
