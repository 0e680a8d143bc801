"""`latticekit init`: a run.toml or a flow.toml to start from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from latticekit.cli.config import Config, TrainConfig, preset_settings
from latticekit.cli.gauge import GAUGE_ACTIONS
from latticekit.cli.template import template
from latticekit.cli.terminal import say


def init(file: Path = Path("run.toml"), /, *, preset: str = "E1", kind: Literal["run", "train"] = "run") -> None:
    """Write a commented run.toml, or flow.toml, to start from.

    Parameters
    ----------
    file
        where to write it; an existing file is never touched
    preset
        named point of the literature to begin with
    kind
        settings of `latticekit run`, or of `latticekit train`
    """
    name = preset_settings(preset)["name"]
    config = {"run": Config, "train": TrainConfig}[kind]()
    config = replace(config, action=replace(config.action, name=name, preset=preset))
    if kind == "run" and name in GAUGE_ACTIONS:
        config = replace(config, update=("heatbath", "overrelaxation", "overrelaxation"))
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(template(config, str(file)))
    except FileExistsError:
        raise ValueError(f"{file} exists and is left as it is: give another name, or remove it first") from None
    except OSError as error:
        raise ValueError(f"cannot write {file}: {error.strerror}") from error
    say(f"wrote {file}\nnext:   latticekit {kind} {file}")
