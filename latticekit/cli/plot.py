"""`latticekit plot`: figures as PNG files."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from latticekit.cli.terminal import say


def plot(store: Path, /, *, out: Path = Path("."), quantity: tuple[str, ...] = ()) -> None:
    """Draw an ensemble (history, autocorrelation, histogram, ...) or a trained flow as PNG files.

    Parameters
    ----------
    store
        the ensemble, .zarr or .nc, or the folder of a trained flow
    out
        folder of the figures, made if it is missing
    quantity
        only these quantities of an ensemble (the option may be repeated); all if left out
    """
    figures = _of_flow(store) if _is_flow(store) else _of_ensemble(store, quantity)
    out.mkdir(parents=True, exist_ok=True)
    for name, draw in figures.items():
        path = out / f"{name}.png"
        draw().savefig(path)
        say(str(path))


def _is_flow(store: Path) -> bool:
    return any((folder / "model.toml").exists() for folder in (store, store / "model"))


def _of_ensemble(store: Path, quantity: tuple[str, ...]) -> dict[str, Callable[[], Any]]:
    """File name -> what draws it."""
    from latticekit.cli.stores import opened
    from latticekit.ensembles import flow_plots, plots, weighing

    ensemble = opened(store)
    series, correlators = plots.quantities(ensemble)
    unknown = [name for name in quantity if name not in [*series, *correlators]]
    if unknown:
        raise ValueError(f"no quantity {unknown[0]!r} in {store}: choose of {', '.join([*series, *correlators])}")
    figures: dict[str, Callable[[], Any]] = {}
    for name in (one for one in series if not quantity or one in quantity):
        for draw in (plots.history, plots.autocorrelation, plots.histogram):
            figures[f"{name}-{draw.__name__}"] = partial(draw, ensemble, name)
    for name in (one for one in correlators if not quantity or one in quantity):
        figures[name] = partial(plots.two_point, ensemble, name)
    if weighing.weights_of(ensemble) and not quantity:
        figures["log_weights"] = lambda: flow_plots.log_weights(ensemble)
    return figures


def _of_flow(store: Path) -> dict[str, Callable[[], Any]]:
    """File name -> what draws it; what a flow does not have is left out."""
    from latticekit.ensembles import flow_plots, load_model

    trained = load_model(store)
    figures: dict[str, Callable[[], Any]] = {}
    if trained.history.sizes.get("step", 0) > 1:
        figures["training"] = lambda: flow_plots.training(trained)
    if flow_plots.continuous_part(trained) is not None:
        figures["kernel"] = lambda: flow_plots.kernel(trained)
    if len(trained.flow.sites) == 2:
        figures["path"] = lambda: flow_plots.path(trained)
    return figures
