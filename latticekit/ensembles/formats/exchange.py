"""Gauge files to and from labelled ensembles: one chain whose draws are the files, one file per chain and draw."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from latticekit.ensembles.durable import partial_of
from latticekit.ensembles.formats.checks import FormatError, GaugeFile
from latticekit.ensembles.formats.checksums import raw, sha256
from latticekit.ensembles.formats.links import read_links, write_links
from latticekit.ensembles.groups import json_digest
from latticekit.ensembles.labels import dataset, field_variable, posterior_variable
from latticekit.ensembles.memory import Memory
from latticekit.ensembles.provenance import SCHEMA, SCHEMA_VERSION
from latticekit.ensembles.store import Store
from latticekit.groups import SU
from latticekit.observables.plaquettes import Plaquette


class Configuration(NamedTuple):
    """One field and its place in the ensemble."""

    chain: int
    draw: int
    links: np.ndarray


def sorted_naturally(paths: Sequence[Path]) -> list[Path]:
    """Files in the order of the numbers in their names: lat.9 before lat.10."""
    return sorted(paths, key=lambda p: [int(t) if t.isdigit() else t for t in re.split(r"(\d+)", str(p))])


def ensemble_of(paths: Sequence[Path]) -> xr.DataTree:
    """Gauge files, sorted, as the draws of one chain, in memory."""
    files = sorted_naturally(paths)
    memory = Memory(_attributes(files))
    _fill(memory, files)
    return memory.result()


def store_of(paths: Sequence[Path], out: Path) -> None:
    """Gauge files, sorted, as the draws of one chain of a new store; one file is in memory at a time."""
    files, fresh = sorted_naturally(paths), partial_of(out)
    attributes = _attributes(files)
    if out.exists():
        raise FormatError(f"{out} exists and is left as it is: give another name, or remove it first")
    try:
        with Store.create(fresh, attributes, attributes["config_sha256"]) as store:
            _fill(store, files)
        fresh.rename(out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def configurations_of(ensemble: xr.DataTree) -> tuple[Iterator[Configuration], int]:
    """The stored SU(N) fields, draw by draw, and how many there are."""
    if "configurations" not in ensemble.children or "u" not in ensemble["configurations"].data_vars:
        raise ValueError(
            "this ensemble holds no SU(N) configurations to write to gauge files: sample it with configurations = 10 "
            "(in run.toml: [run] configurations = 10) to keep every tenth field"
        )
    fields = ensemble["configurations"].to_dataset()["u"]
    draws, chains = fields["draw"].values, fields.sizes["chain"]
    places = ((i, c) for i in range(len(draws)) for c in range(chains))
    return (Configuration(c, int(draws[i]), fields[c, i].values[None]) for i, c in places), chains * len(draws)


def files_of(paths: Sequence[Path]) -> tuple[Iterator[Configuration], int]:
    """The fields of gauge files, sorted, and how many there are."""
    files = sorted_naturally(paths)
    return (Configuration(0, draw, read_links(path)[0]) for draw, path in enumerate(files)), len(files)


def write_files(
    configurations: Iterator[Configuration], count: int, target: Path, format: str, precision: int | None = None
) -> list[Path]:
    """One gauge file each, `target` or `<stem>-chain<c>-<draw><ending>`; existing ones are left and refused.

    precision: 32 or 64 bits; None: that of each field.
    """
    written = []
    for one in configurations:
        path = target if count == 1 else target.with_stem(f"{target.stem}-chain{one.chain}-{one.draw:06d}")
        if path.exists():
            raise FormatError(f"{path} exists and is left as it is: give another name, or remove it first")
        bits = precision or (32 if one.links.dtype == np.complex64 else 64)
        write_links(path, one.links, format, bits)
        written.append(path)
    return written


def _fill(sink: Memory | Store, files: list[Path]) -> None:
    numbers, first = _trajectories(files), None
    for draw, path in enumerate(files):
        links, found = read_links(path)
        kind = f"{links.dtype} {links.shape[1:]}"
        first = first or kind
        if kind != first:
            raise FormatError(f"{path} holds {kind}, {files[0]} {first}: fields of one ensemble must be alike")
        sink.commit(_blocks(links, found["plaquette"], draw, numbers[draw]), {}, draws=draw + 1)
        if draw == 0:
            shape = json.dumps(list(links.shape[4:]))
            sink.set_attrs(lattice_shape=shape, group=f"SU({links.shape[2]})", dtype=f"float{links.real.itemsize * 8}")
    sink.set_attrs(status="complete")


def _blocks(links: np.ndarray, plaquette: float, draw: int, trajectory: int) -> dict[str, xr.Dataset]:
    fields = field_variable(SU(links.shape[2]), links.shape[4:], links[:, None])
    blocks = {"posterior": dataset({"plaquette": posterior_variable(Plaquette(), np.array([[plaquette]]))}, draw, 1)}
    blocks["configurations"] = dataset(fields, draw, 1)
    return {name: block.assign_coords(trajectory=("draw", [trajectory])) for name, block in blocks.items()}


def _trajectories(files: list[Path]) -> list[int]:
    """The last number in each name if these increase, else 1, 2, ..."""
    found = [re.findall(r"\d+", p.stem if p.suffix[1:].isalpha() else p.name) for p in files]
    numbers = [int(texts[-1]) if texts else -1 for texts in found]
    rises = all(a < b for a, b in zip([-1, *numbers], numbers)) and numbers[-1] < 2**62
    return numbers if rises else list(range(1, len(files) + 1))


def _attributes(files: list[Path]) -> dict[str, Any]:
    """Root attributes: where the fields come from."""
    from latticekit import __version__

    if not files:
        raise ValueError("there are no gauge files to convert")
    config = {"files": [{"name": p.name, "sha256": sha256([raw(GaugeFile(p).data)])} for p in files]}
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "inference_library": "latticekit",
        "inference_library_version": __version__,
        "config": json.dumps(config),
        "config_sha256": json_digest(config),
        "tau_int_convention": "1/2 + sum_{t>=1} rho(t)",
        "parents": "[]",
        "status": "running",
    }
