"""`latticekit run`: an ensemble as run.toml says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from latticekit.cli.config import Config, arguments, resolved, update_of
from latticekit.cli.template import toml
from latticekit.cli.terminal import say

_DEFAULT = Config()


def run(file: Path | None = None, /, *, config: Annotated[Config, Parameter(name="*")] = _DEFAULT) -> None:
    """Sample an ensemble as a TOML file says; options beat the file.

    Parameters
    ----------
    file
        settings, as `latticekit init` writes them; may be left out if options say all
    """
    from latticekit.ensembles import sample

    settings: Any = resolved(config)
    update = update_of(settings)
    out = settings.run.out
    if out.exists() and not settings.run.resume:
        raise ValueError(f"{out} exists: continue it with --resume, or choose another name with --out")
    how = arguments(settings.run) | ({"warmup": 0} if update.weighted != "no" else {})  # independent draws
    ensemble = sample(update, settings.lattice.shape, **how, attributes={"config_toml": toml(settings)})
    found = ensemble["posterior"]
    measured = ", ".join(map(str, found.data_vars))
    say(f"{out}: {found.sizes['chain']} chains x {found.sizes['draw']} draws of {measured}")
    say(f"next:   latticekit summary {out}\n        latticekit plot {out}")
