"""`latticekit plot`: figures as PNG files."""

from __future__ import annotations

from pathlib import Path

from latticekit.cli.terminal import say


def plot(store: Path, /, *, out: Path = Path("."), quantity: tuple[str, ...] = ()) -> None:
    """Draw history, autocorrelation, histogram and two-point function as PNG files.

    Parameters
    ----------
    store
        the ensemble, .zarr or .nc
    out
        folder of the figures, made if it is missing
    quantity
        only these (the option may be repeated); all of the ensemble if left out
    """
    from latticekit.cli.stores import opened
    from latticekit.ensembles import plots

    ensemble = opened(store)
    series, correlators = plots.quantities(ensemble)
    unknown = [name for name in quantity if name not in [*series, *correlators]]
    if unknown:
        raise ValueError(f"no quantity {unknown[0]!r} in {store}: choose of {', '.join([*series, *correlators])}")
    out.mkdir(parents=True, exist_ok=True)
    for name in series:
        if not quantity or name in quantity:
            for draw in (plots.history, plots.autocorrelation, plots.histogram):
                _save(draw(ensemble, name), out / f"{name}-{draw.__name__}.png")
    for name in correlators:
        if not quantity or name in quantity:
            _save(plots.two_point(ensemble, name), out / f"{name}.png")


def _save(figure: object, path: Path) -> None:
    figure.savefig(path)  # type: ignore[attr-defined]
    say(str(path))
