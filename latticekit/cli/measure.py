"""`latticekit measure`: further observables on the stored configurations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from latticekit.cli.stores import check_new, opened, saved
from latticekit.cli.terminal import say


def measure(
    store: Path,
    /,
    *,
    observables: Annotated[tuple[str, ...], Parameter(consume_multiple=True)],
    out: Path | None = None,
) -> None:
    """Measure further observables on the stored configurations.

    Parameters
    ----------
    store
        the ensemble, .zarr or .nc; it is read, never changed
    observables
        what to measure, by name
    out
        write the measured draws as an ensemble of their own, .zarr, .nc or .npz
    """
    from latticekit.ensembles import summary
    from latticekit.ensembles.measuring import measure as measured

    if out is not None:
        check_new(out)
    found = measured(opened(store), observables)
    say(str(summary(found)))
    if out is not None:
        saved(found, out)
        say(f"wrote {out}")
