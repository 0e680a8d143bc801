"""Settings as TOML text: the resolved file that is stored with an ensemble, and the commented one of `init`."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from latticekit.cli.words import about

_WIDTH = 120
_HEAD = """\
# Settings of latticekit.     start it:  latticekit {command} {file}
#                             then:      latticekit {then} {out}
# Each key is also an option, --{command}.seed 2, and an environment variable, LATTICEKIT_{upper}_SEED=2.
# An option beats the environment, the environment beats this file, this file beats the defaults shown here.
"""


def toml(config: Any) -> str:
    """The settings that are used, as a file that `latticekit run` takes.

    `resume` is left out: it is about a command, not about the ensemble.
    """
    key = config.kind.key
    lines = [f"{key} = {value(getattr(config, key))}"]
    for name in _used(config):
        here = getattr(config, name)
        given = {f.name: getattr(here, f.name) for f in fields(here) if f.name != "resume"}
        lines += ["", f"[{name}]", *(f"{key} = {value(x)}" for key, x in given.items() if x is not None)]
    return "\n".join(lines) + "\n"


def template(config: Any, file: str) -> str:
    """The same with a comment on every key, what is unset or unused commented out."""
    used, kind = _used(config), config.kind
    chosen = f"{kind.key} = {value(getattr(config, kind.key))}"
    lines = [_head(config, file), *_commented(chosen, _about(kind.key, "", kind.parts))]
    for name in kind.sections:
        mark = "" if name in used else "# "
        lines += ["", f"{mark}[{name}]", *_lines(getattr(config, name), name, mark)]
    return "\n".join(lines) + "\n"


def value(x: Any) -> str:
    """A number, a word, a path or a list of them as TOML writes it."""
    if isinstance(x, tuple):
        return f"[{', '.join(map(value, x))}]"
    if isinstance(x, bool):
        return str(x).lower()
    return repr(x) if isinstance(x, (int, float)) else json.dumps(str(x) if isinstance(x, Path) else x)


def _head(config: Any, file: str) -> str:
    command = config.kind.command
    then = {"run": "summary", "train": "plot"}[command]
    return _HEAD.format(command=command, upper=command.upper(), then=then, file=file, out=getattr(config, command).out)


def _used(config: Any) -> list[str]:
    """Sections of what is chosen, and those that are no choice; [model] and [couplings] where they are given."""
    kind, chosen = config.kind, getattr(config, config.kind.key)
    names = (chosen,) if isinstance(chosen, str) else chosen
    empty = [name for name in ("model", "couplings") if name in kind.sections and not _given(getattr(config, name))]
    return [name for name in kind.sections if name not in empty and (name not in kind.parts or name in names)]


def _given(here: Any) -> bool:
    return any(getattr(here, f.name) is not None for f in fields(here))


def _lines(here: Any, section: str, mark: str) -> Iterator[str]:
    hints = get_type_hints(type(here))
    for f in fields(here):
        x = getattr(here, f.name)
        line = f"# {f.name} =" if x in (None, ()) else f"{mark}{f.name} = {value(x)}"
        yield from _commented(line, _about(f.name, section, _choices(hints[f.name])))


def _choices(hint: Any) -> tuple[str, ...]:
    """The words a setting can be, at any depth of its type."""
    if get_origin(hint) is Literal:
        return get_args(hint)
    return tuple(word for part in get_args(hint) for word in _choices(part))


def _about(name: str, section: str, choices: Any) -> str:
    return about(name, section) + (f": {', '.join(choices)}" if choices else "")


def _commented(line: str, about: str) -> list[str]:
    """The line with its comment behind it, or above it where that gets too long."""
    if len(beside := f"{line:<36}  # {about}") <= _WIDTH:
        return [beside if about else line]
    return [*textwrap.wrap(about, _WIDTH - 2, initial_indent="# ", subsequent_indent="# "), line]
