"""`latticekit train`: a flow as flow.toml says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from latticekit.cli.config import TrainConfig, arguments, layer_of, resolved, target_of
from latticekit.cli.template import toml
from latticekit.cli.terminal import say

_DEFAULT = TrainConfig()


def train(file: Path | None = None, /, *, config: Annotated[TrainConfig, Parameter(name="*")] = _DEFAULT) -> None:
    """Train a flow as a TOML file says; options beat the file.

    Parameters
    ----------
    file
        settings, as `latticekit init flow.toml --kind train` writes them; may be left out if options say all
    """
    from latticekit.ensembles import train as trained

    settings: Any = resolved(config)
    out = settings.train.out
    if out.exists() and not settings.train.resume:
        raise ValueError(f"{out} exists: continue it with --resume, or choose another name with --out")
    notes: dict[str, Any] = {"config_toml": toml(settings)}
    action, couplings = target_of(settings)
    given = arguments(settings.train) | {"couplings": couplings, "attributes": notes}
    found = trained(layer_of(settings), action, settings.lattice.shape, **given)
    say(f"{out}: {found}")
    say(f"next:   latticekit run --update independence_metropolis --model.path {out} --out {out}.zarr")
    say(f"        latticekit plot {out}")
