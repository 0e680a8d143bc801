"""`latticekit convert`: the same ensemble in another format, gauge files among them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from latticekit.cli.stores import READERS, WRITERS, check_new, opened, saved
from latticekit.cli.terminal import say

GAUGE_ENDINGS = {".nersc": "nersc", ".ildg": "ildg", ".lime": "ildg", ".scidac": "scidac"}
"""Ending of a gauge file to write -> format; what is read is told by its content."""


def convert(*paths: Path, precision: Literal[32, 64] | None = None) -> None:
    """Copy an ensemble to another format, told by the ending: .zarr, .nc, .npz, or gauge files .nersc, .ildg, .scidac.

    Parameters
    ----------
    paths
        the ensemble, .zarr or .nc, or gauge files (NERSC, ILDG, SciDAC, MILC, openQCD: any name; sorted, they become
        the draws of one chain); then where the copy goes, an existing one is never touched. Several configurations
        become several gauge files NAME-chain0-000010.ildg
    precision
        bits per real number of written gauge files; left out: those of the field
    """
    if len(paths) < 2:
        raise ValueError("convert needs what to copy and where it goes: latticekit convert phi4.zarr phi4.nc")
    *sources, target = paths
    if target.suffix not in (known := [*WRITERS, *GAUGE_ENDINGS]):
        raise ValueError(f"cannot write {target} ({_ending(target)}): latticekit can write {', '.join(known)}")
    if precision is not None and target.suffix not in GAUGE_ENDINGS:
        raise ValueError(f"--precision is for gauge files ({', '.join(GAUGE_ENDINGS)}), not for {target}")
    links = _are_links(sources)
    if target.suffix in WRITERS:
        written = _ensemble(sources, links, target)
    else:
        written = _gauge_files(sources, links, target, precision)
    for path in written:
        say(f"wrote {path}")


def _ensemble(sources: list[Path], links: bool, target: Path) -> list[Path]:
    """Write an ensemble."""
    if not links:
        saved(opened(sources[0]), target)
        return [target]
    from latticekit.ensembles.formats.exchange import ensemble_of, store_of

    write = check_new(target)
    if target.suffix == ".zarr":
        store_of(sources, target)
    else:
        write(ensemble_of(sources), target)
    return [target]


def _gauge_files(sources: list[Path], links: bool, target: Path, precision: int | None) -> list[Path]:
    """Write gauge files."""
    from latticekit.ensembles.formats.exchange import configurations_of, files_of, write_files

    fields, count = files_of(sources) if links else configurations_of(opened(sources[0]))
    return write_files(fields, count, target, GAUGE_ENDINGS[target.suffix], precision)


def _are_links(sources: list[Path]) -> bool:
    """Whether the sources are gauge files; an ensemble comes alone."""
    from latticekit.ensembles.formats import is_gauge_file

    others = [path for path in sources if path.suffix in READERS or not is_gauge_file(path)]
    if not others:
        return True
    first = others[0]
    if len(sources) > 1:
        raise ValueError(f"only gauge files can be joined, and {first} is none: convert one at a time")
    if first.suffix not in READERS and first.exists():
        raise ValueError(
            f"cannot read {first} ({_ending(first)}): latticekit can read {', '.join(READERS)} and gauge files (NERSC, "
            "ILDG, SciDAC, MILC, openQCD), and its first bytes are not those of one"
        )
    return False


def _ending(path: Path) -> str:
    return path.suffix or "no ending"
