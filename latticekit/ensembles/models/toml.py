"""Plain data as TOML text, which `tomllib` reads back."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping
from typing import Any


def dumped(tables: Mapping[str, Mapping[str, Any]]) -> str:
    """One [table] after the other; deeper levels inline, lists of tables one item a line; None is {}."""
    parts = [
        "\n".join([f"[{name}]", *(f"{_key(key)} = {_value(one)}" for key, one in table.items())])
        for name, table in tables.items()
    ]
    return "\n\n".join(parts) + "\n"


def loaded(text: str) -> dict[str, Any]:
    """The inverse of `dumped`."""
    return _with_none(tomllib.loads(text))


def _with_none(one: Any) -> Any:
    if isinstance(one, dict):
        return {key: _with_none(value) for key, value in one.items()} or None
    return [_with_none(item) for item in one] if isinstance(one, list) else one


def _value(one: Any) -> str:
    if one is None:
        return "{}"
    if isinstance(one, bool):
        return str(one).lower()
    if isinstance(one, (int, float)):
        return repr(one) if math.isfinite(one) else str(one)
    if isinstance(one, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(value)}" for key, value in one.items()) + " }"
    if isinstance(one, (list, tuple)):
        items = [_value(item) for item in one]
        broken = any(isinstance(item, Mapping) for item in one)
        return "[\n" + "".join(f"  {item},\n" for item in items) + "]" if broken else f"[{', '.join(items)}]"
    return _quoted(str(one))


def _key(name: str) -> str:
    plain = name and all(c.isascii() and (c.isalnum() or c in "_-") for c in name)
    return name if plain else _quoted(name)


def _quoted(text: str) -> str:
    """A basic string: as in JSON, and DEL escaped too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
