"""`latticekit init`: a run.toml to start from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from latticekit.actions import preset as known
from latticekit.cli.config import Config
from latticekit.cli.template import template
from latticekit.cli.terminal import say


def init(file: Path = Path("run.toml"), /, *, preset: str = "E1") -> None:
    """Write a commented run.toml to start from.

    Parameters
    ----------
    file
        where to write it; an existing file is never touched
    preset
        named point of the literature to begin with
    """
    known(preset)
    config = Config()
    config = replace(config, action=replace(config.action, preset=preset))
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(template(config, str(file)))
    except FileExistsError:
        raise ValueError(f"{file} exists and is left as it is: give another name, or remove it first") from None
    except OSError as error:
        raise ValueError(f"cannot write {file}: {error.strerror}") from error
    say(f"wrote {file}\nnext:   latticekit run {file}")
