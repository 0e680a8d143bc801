"""Where settings come from besides the options: the environment and a TOML file, in this order."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from cyclopts.config import Dict, Env

PREFIX = "LATTICEKIT_"

environment = Env(PREFIX, command=False, show=False)
"""LATTICEKIT_HMC_STEPS=20 is --hmc.steps 20."""


def settings_file(app: Any, commands: tuple[str, ...], arguments: Any) -> None:
    """Fill what is still unset from the TOML file named on the command line, refusing unknown keys."""
    given = [token.value for argument in arguments if argument.name == "FILE" for token in argument.tokens]
    if not given:
        return
    # The last command stands above the tables, so that a table may bear the name of a command ([run]).
    Dict({commands[-1]: loaded(Path(given[0]))}, source=given[0])(app, commands[-1:], arguments)


def loaded(path: Path) -> dict[str, Any]:
    """The tables of a TOML file; ValueError says what is wrong with it and where."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"there is no file {path}: write one with latticekit init {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot read {path}: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is not valid TOML: {error}") from error
