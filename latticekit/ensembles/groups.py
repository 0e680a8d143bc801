"""Groups whose arrays grow along `draw`, or along `step`: the check before appending, appending, truncation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from latticekit.ensembles.chunks import (
    GROWING,
    ChunkedArray,
    chunk_shape,
    growing,
    read_array,
    write_array,
    write_group,
)
from latticekit.ensembles.durable import remove_directory
from latticekit.ensembles.faults import StoreDamaged

_THINNED = ("configurations",)
"""Groups that hold a subset of the draws."""


class GrowingGroup:
    """One group of a store; every array with a dimension `draw`, or `step`, grows with each block."""

    def __init__(self, path: Path, length: int = 0) -> None:
        stored = {p.parent.name: ChunkedArray(p.parent) for p in path.glob("*/zarr.json")}
        self.name, self.length = path.name, length
        self.arrays = {name: a for name, a in stored.items() if growing(a.dims)}
        self.labels = {name: read_array(a.path) for name, a in stored.items() if name not in self.arrays}
        for name, a in self.arrays.items():
            if a.shape[a.axis] < length:
                raise StoreDamaged(f"array {self.name}/{name} holds fewer than the {length} committed records")
            a.resize(length)
        self.last = self._last_draw()

    @classmethod
    def create(cls, path: Path, block: xr.Dataset) -> GrowingGroup:
        """The group of a first block, still without draws."""
        remove_directory(path)  # begun by a writer that was killed before its commit
        write_group(path, plain(block.attrs) | _roles(block))
        for name, v in block.variables.items():
            dims, attributes = [str(d) for d in v.dims], plain(v.attrs)
            if along := growing(dims):
                empty = [0 if d == along else n for d, n in zip(dims, v.shape)]
                chunks = chunk_shape(dims, v.shape, v.dtype.itemsize)
                ChunkedArray.create(path / str(name), v.dtype, empty, chunks, dims, attributes)
            else:
                write_array(path / str(name), v.values, dims, attributes)
        return cls(path)

    def check(self, block: xr.Dataset) -> None:
        """Raise ValueError unless the block continues what is stored: same variables, dims, types, the next draws."""
        stored = {name: _signature(a.dims, a.shape, a.dtype) for name, a in self.arrays.items()}
        given = {str(n): _signature(v.dims, v.shape, v.dtype) for n, v in block.variables.items() if growing(v.dims)}
        for name in sorted(stored.keys() | given.keys()):
            if stored.get(name) != given.get(name):
                raise ValueError(
                    f"a block for /{self.name} must hold the variables it was begun with: {name} is "
                    f"{stored.get(name, 'not stored')}, the block has {given.get(name, 'none')}"
                )
        for name, values in self.labels.items():
            if name in block.variables and not np.array_equal(block.variables[name].values, values):
                raise ValueError(f"coordinate {name} of a block for /{self.name} differs from the stored one")
        _check_draws(self.name, block, self.last)

    def append(self, block: xr.Dataset) -> None:
        """Write a checked block behind the stored draws."""
        for name, a in self.arrays.items():
            a.append(self.length, block.variables[name].values)
        along = growing(block.dims)
        self.length += block.sizes[along]
        self.last = int(block.variables[along].values[-1])

    def _last_draw(self) -> int:
        if self.length == 0:
            return -1
        draw = self.arrays[next(name for name in GROWING if name in self.arrays)]
        chunk, place = divmod(self.length - 1, draw.chunks[0])
        return int(draw.read((chunk,))[place])


def check_new(name: str, block: xr.Dataset) -> None:
    """Raise ValueError unless the block can begin a group."""
    along = growing(block.coords)
    if along is None:
        raise ValueError(f"a block for /{name} needs the coordinate draw; it has {sorted(map(str, block.coords))}")
    first = ("chain", "draw") if along == "draw" else (along,)
    for key, v in block.variables.items():
        if v.dtype.kind not in "biufc":
            raise ValueError(f"{key} of a block for /{name} must be numbers, got {v.dtype}")
        if key in block.data_vars and v.dims[: len(first)] != first:
            raise ValueError(f"{key} of a block for /{name} must have dims ({', '.join(first)}, ...), got {v.dims}")
    _check_draws(name, block, -1)


def metadata_digest(root: Path, groups: Mapping[str, int]) -> str:
    """SHA-256 of all that says what the numbers of these groups mean; their number of draws is left out."""
    return json_digest({str(p.relative_to(root)): _meaning(p) for g in sorted(groups) for p in _metadata(root / g)})


def json_digest(content: Any) -> str:
    """SHA-256 of plain data."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def plain(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    """Attributes as JSON holds them."""
    return {str(k): v.item() if isinstance(v, np.generic) else v for k, v in attributes.items()}


def _roles(block: xr.Dataset) -> dict[str, str]:
    """What xarray needs to tell coordinates from data, and the order of the variables, which a directory forgets."""
    coordinates = " ".join(str(c) for c in block.coords if c not in block.dims)
    order = {"variable_order": " ".join(map(str, block.data_vars))}
    return order | ({"coordinates": coordinates} if coordinates else {})


def _check_draws(name: str, block: xr.Dataset, last: int) -> None:
    along = growing(block.coords)
    draws = np.asarray(block.variables[along].values)
    steps = np.diff(draws, prepend=last)
    if draws.size == 0 or not ((steps >= 1) if name in _THINNED else (steps == 1)).all():
        raise ValueError(
            f"a block for /{name} must begin at {along} {last + 1} and leave none out, got {draws.tolist()}"
        )


def _metadata(group: Path) -> list[Path]:
    return [group / "zarr.json", *sorted(group.glob("*/zarr.json"))]


def _meaning(path: Path) -> Any:
    try:
        content = json.loads(path.read_bytes())
        dims = content.get("dimension_names") or []
        content["shape"] = [None if d in GROWING else n for d, n in zip(dims, content.get("shape", []))]
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise StoreDamaged(f"{path} is damaged: {error}. Restore it from a copy.") from error
    return content


def _signature(dims: Sequence[Hashable], shape: Sequence[int], dtype: np.dtype) -> str:
    sizes = ", ".join(str(d) if d in GROWING else f"{d}: {n}" for d, n in zip(dims, shape))
    return f"{dtype.name}({sizes})"
