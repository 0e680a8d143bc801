"""Sections of run.toml made from the library's own classes, so that a new action or update needs no line here."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass, make_dataclass
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from cyclopts import Parameter

from latticekit import samplers, updates
from latticekit.actions import FreeScalar, Phi4
from latticekit.cli.flows import FLOWS
from latticekit.cli.gauge import GAUGE_ACTIONS
from latticekit.cli.words import about
from latticekit.updates import Update

ACTIONS: dict[str, Callable[..., Any]] = {
    "phi4": Phi4,
    "phi4_hopping": Phi4.from_hopping,
    "phi4_half": Phi4.from_half,
    "free_scalar": FreeScalar,
    **GAUGE_ACTIONS,
}
"""[action] name -> what builds it; its parameters are the keys of the section, `dim` comes from the lattice."""

_PLAIN = (bool, int, float, str, type(None))


def option(hint: Any, what: str, where: str = "", **extra: Any) -> Any:
    """The type of a setting of a section together with its line of help."""
    whole: dict[str, Any] = {"converter": _whole} if int in (hint, *get_args(hint)) else {}
    many: dict[str, Any] = {"consume_multiple": True, "show_default": _listed} if get_origin(hint) is tuple else {}
    return Annotated[hint, Parameter(help=about(what, where), **whole, **many, **extra)]


def choice(names: Any) -> Any:
    """One of these names."""
    return Literal[tuple(names)]


def choices(names: Any) -> Any:
    """Any number of these names."""
    one: Any = choice(names)
    return tuple[one, ...]


def section(title: str, members: list[tuple[str, Any, Any]]) -> Any:
    """A frozen dataclass of (name, type, default)."""
    spec = [
        (name, hint if get_origin(hint) is Annotated else option(hint, name, title), default)
        for name, hint, default in members
    ]
    return make_dataclass(
        f"{title.title().replace('_', '')}Section", spec, frozen=True, namespace={"__module__": __name__}
    )


def update_classes() -> dict[str, type[Update]]:
    """Section -> class of every update of an action, by its name in snake case."""
    public: list[Any] = [getattr(room, name) for room in (updates, samplers) for name in room.__all__]
    known: list[Any] = [c for c in public if isinstance(c, type) and issubclass(c, Update) and is_dataclass(c)]
    return {snake(c.__name__): c for c in known if "action" in (f.name for f in fields(c))}


def snake(name: str) -> str:
    """FreeScalar -> free_scalar."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def update_section(cls: type[Update]) -> Any:
    """The settings of an update that can be written in a file, with its own defaults."""
    hints = get_type_hints(cls)
    members = [(f.name, _plain(hints[f.name]), f.default) for f in fields(cls) if f.init and f.name != "action"]  # type: ignore[arg-type]
    return section(snake(cls.__name__), [_optional(*m) for m in members if m[1] is not None])


def flow_section(name: str) -> Any:
    """The settings of a flow that can be written in a file, with its own defaults."""
    build = FLOWS[name]
    hints, parameters = get_type_hints(build), inspect.signature(build).parameters.values()
    return section(name, [(p.name, hints[p.name], p.default) for p in parameters if p.kind is not p.VAR_KEYWORD])


def action_section(presets: Mapping[str, Any]) -> Any:
    """Name, preset, and every parameter of every action, all optional."""
    parameters: dict[str, Any] = {}
    for build in ACTIONS.values():
        hints = get_type_hints(getattr(build, "__init__") if isinstance(build, type) else build)  # noqa: B009
        parameters |= {name: hints[name] | None for name in action_parameters(build)}
    members = [(name, hint, None) for name, hint in parameters.items()]
    named = [("name", choice(ACTIONS), "phi4"), ("preset", choice(presets) | None, None)]
    return section("action", [*named, *members])


def couplings_section() -> Any:
    """A range for every number among the parameters of actions, all optional."""
    hints: dict[str, Any] = {}
    for build in ACTIONS.values():
        known = get_type_hints(getattr(build, "__init__") if isinstance(build, type) else build)  # noqa: B009
        hints |= {name: known[name] for name in action_parameters(build)}
    return section("couplings", [(name, tuple[float, float] | None, None) for name in hints if hints[name] is float])


def action_parameters(build: Callable[..., Any]) -> dict[str, bool]:
    """Parameters of what builds an action, the lattice's `dim` left out -> whether one can do without."""
    parameters = inspect.signature(build).parameters.items()
    return {name: p.default is not p.empty for name, p in parameters if name != "dim"}


def _plain(hint: Any) -> Any:
    """The part of a type that a file can hold: numbers, words, and None for what may be left out."""
    parts = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    kept = tuple(part for part in parts if part in _PLAIN)
    return Union[kept] if set(kept) - {type(None)} else None  # noqa: UP007


def _optional(name: str, hint: Any, default: Any) -> tuple[str, Any, Any]:
    if default is MISSING:
        return name, hint | None, None
    return name, hint, getattr(default, "name", default)


def _listed(default: tuple[Any, ...]) -> str:
    return " ".join(map(str, default)) or "none"


def _whole(hint: Any, tokens: Any) -> Any:
    """Whole numbers, never rounded ones."""
    try:
        numbers = tuple(int(token.value) for token in tokens)
    except ValueError:
        given = " ".join(token.value for token in tokens)
        raise ValueError(f"expected a whole number, got {given}") from None
    return numbers if get_origin(hint) is tuple else numbers[0]
