"""Docstrings of latticekit are plain text with formulas, not reStructuredText: show them as they are written.

`x` becomes code, |x| and *sites stay themselves, an indented line stays a formula on its own.
"""

from __future__ import annotations

import re
from typing import Any

_CODE = re.compile(r"`([^`]+)`")
_SPECIAL = re.compile(r"([\\*|<>_`])")


def escaped(line: str) -> str:
    """A line of text in which nothing is markup but `code`."""
    parts = _CODE.split(line)  # text, code, text, ...
    return "".join(f"``{part}``" if i % 2 else _SPECIAL.sub(r"\\\1", part) for i, part in enumerate(parts))


def as_rst(lines: list[str]) -> list[str]:
    """Paragraphs escaped; indented paragraphs verbatim, as literal blocks."""
    result: list[str] = []
    literal = False
    for line in lines:
        if not line.strip():
            result.append("")
        elif line.startswith(" "):
            result += [] if literal else ["", "::", ""]
            result.append(line)
            literal = True
        else:
            result += [""] if literal else []
            result.append(escaped(line))
            literal = False
    return result


def _process(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    lines[:] = as_rst(lines)


def _signature(app: Any, what: str, name: str, obj: Any, options: Any, given: str | None, result: str | None) -> Any:
    """The signature of the code: numpydoc would take a first line "S(phi) ... (chain,)" for one."""
    return given, result


def setup(app: Any) -> dict[str, bool]:
    """Before numpydoc, which reads docstrings at the default priority."""
    app.connect("autodoc-process-docstring", _process, priority=100)
    app.connect("autodoc-process-signature", _signature, priority=100)
    return {"parallel_read_safe": True}
