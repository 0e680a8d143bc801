"""Ensembles by path: the ending tells the format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Ensemble = Any  # xarray.DataTree, which only `ensembles` may import


def opened(path: Path) -> Ensemble:
    """The ensemble of a .zarr store or a .nc file."""
    if not path.exists():
        raise ValueError(f"there is no {path}: latticekit run writes an ensemble, latticekit demo one to look at")
    return _by_ending(READERS, path, "read")(path)


def check_new(path: Path) -> Callable[[Ensemble, Path], None]:
    """What writes the format of a path where nothing is yet; ValueError before anything is computed for it."""
    write = _by_ending(WRITERS, path, "write")
    if path.exists():
        raise ValueError(f"{path} exists and is left as it is: give another name, or remove it first")
    return write


def saved(ensemble: Ensemble, path: Path) -> None:
    """Write an ensemble to a path where nothing is yet."""
    check_new(path)(ensemble, path)


def _by_ending(formats: dict[str, Callable[..., Any]], path: Path, verb: str) -> Callable[..., Any]:
    ending = path.suffix or "no ending"
    if ending not in formats:
        raise ValueError(f"cannot {verb} {path} ({ending}): latticekit can {verb} {', '.join(formats)}")
    return formats[ending]


def _read_zarr(path: Path) -> Ensemble:
    from latticekit.ensembles import open_ensemble

    return open_ensemble(path)


def _read_netcdf(path: Path) -> Ensemble:
    from latticekit.ensembles.netcdf import from_netcdf

    return from_netcdf(path)


def _write_zarr(ensemble: Ensemble, path: Path) -> None:
    """One block; what is converted has no resume state, so it can be read but not continued."""
    from latticekit.ensembles.store import Store

    groups = {name: node.to_dataset() for name, node in ensemble.children.items()}
    draws = groups["posterior"].sizes["draw"] if "posterior" in groups else 0
    with Store.create(path, ensemble.attrs, ensemble.attrs.get("config_sha256", "")) as store:
        store.commit(groups, {}, draws)


def _write_netcdf(ensemble: Ensemble, path: Path) -> None:
    from latticekit.ensembles.netcdf import to_netcdf

    to_netcdf(ensemble, path)


def _write_npz(ensemble: Ensemble, path: Path) -> None:
    """Plain arrays by the name group/variable, attributes of the root as one text."""
    import json

    import numpy as np

    nodes = ensemble.children.items()
    arrays = {f"{group}/{name}": v.values for group, node in nodes for name, v in node.variables.items()}
    np.savez(path, attributes=json.dumps(dict(ensemble.attrs)), **arrays)


READERS: dict[str, Callable[[Path], Ensemble]] = {".zarr": _read_zarr, ".nc": _read_netcdf}
WRITERS: dict[str, Callable[[Ensemble, Path], None]] = {".zarr": _write_zarr, ".nc": _write_netcdf, ".npz": _write_npz}
