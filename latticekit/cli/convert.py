"""`latticekit convert`: the same ensemble in another format."""

from __future__ import annotations

from pathlib import Path

from latticekit.cli.stores import opened, saved
from latticekit.cli.terminal import say


def convert(source: Path, target: Path, /) -> None:
    """Copy an ensemble to another format, told by the ending: .zarr, .nc, .npz.

    Parameters
    ----------
    source
        the ensemble, .zarr or .nc
    target
        where the copy goes, .zarr, .nc (NetCDF) or .npz (plain arrays); an existing one is never touched
    """
    saved(opened(source), target)
    say(f"wrote {target}")
