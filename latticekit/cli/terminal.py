"""What the commands print: colour on a terminal, plain text in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Sequence

_STYLES = {"ok:": "green", "warn:": "yellow", "fail:": "bold red", "verdict:": "bold"}


def on_terminal() -> bool:
    """Whether a person reads along."""
    return sys.stdout.isatty()


def say(text: str = "") -> None:
    """Print lines as they are; findings of a summary are coloured by their level on a terminal."""
    if not on_terminal():
        print(text)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for line in text.splitlines() or [""]:
        console.print(Text(line, _STYLES.get((line.split() or [""])[0], "")), soft_wrap=True)


def complain(text: str) -> None:
    """One line on stderr: what went wrong."""
    line = f"error: {' '.join(text.split())}"
    print(f"\033[1;31m{line}\033[0m" if sys.stderr.isatty() else line, file=sys.stderr)


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table as text: first column to the left, the others to the right."""
    lines = [tuple(head), *map(tuple, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    text = ["  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(r, widths))) for r in lines]
    rule = "-" * len(text[0])
    return "\n".join([rule, text[0], rule, *text[1:], rule])
