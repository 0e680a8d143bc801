"""Arrays in Zarr v3 files: bytes in regular chunks, each with a CRC32C, written and grown with plain file writes.

Reading is left to zarr. Writing is done here because it is little (one codec, one layout) and because a commit then
takes milliseconds, happens in the calling thread, and touches the disk through `replace_file` alone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np

from latticekit.ensembles.durable import replace_file
from latticekit.ensembles.faults import StoreDamaged

_CHAINS_BYTES, _DRAWS_BYTES, _MOST_DRAWS = 2**20, 2**18, 1024
GROWING = ("draw", "step")
"""Dimensions along which arrays grow: draws of a chain, steps of a training."""
_FILL = {"f": "NaN", "c": ["NaN", "NaN"], "b": False}
Index = tuple[int, ...]


def chunk_shape(dims: Sequence[Hashable], shape: Sequence[int], itemsize: int) -> tuple[int, ...]:
    """Shape of the chunks: whole records, as many chains as fit 1 MiB, as many draws as fit 256 KiB.

    Small enough that rewriting the half-filled chunk of every variable at every commit is cheap, large enough that
    many chains and many draws do not become millions of files.
    """
    sizes = dict(zip(dims, shape))
    record = itemsize * math.prod(n for d, n in sizes.items() if d not in ("chain", *GROWING))
    chains = min(sizes.get("chain", 1), max(1, _CHAINS_BYTES // max(1, record)))
    draws = min(_MOST_DRAWS, max(1, _DRAWS_BYTES // max(1, record * chains)))
    return tuple({"chain": chains, **dict.fromkeys(GROWING, draws)}.get(str(d), n) for d, n in sizes.items())


def growing(dims: Iterable[Hashable]) -> str | None:
    """The dimension along which an array of these dimensions grows, None if it stays as it is."""
    return next((name for name in GROWING if name in dims), None)


def write_group(path: Path, attributes: Mapping[str, Any]) -> None:
    """The metadata of a Zarr group."""
    replace_file(path / "zarr.json", _json({"zarr_format": 3, "node_type": "group", "attributes": attributes}))


def write_array(path: Path, x: np.ndarray, dims: Sequence[str], attributes: Mapping[str, Any]) -> None:
    """A whole array in one chunk."""
    array = ChunkedArray.create(path, x.dtype, x.shape, x.shape, dims, attributes)
    if x.size:
        array.write((0,) * x.ndim, x)


def read_array(path: Path) -> np.ndarray:
    """The array that `write_array` wrote."""
    array = ChunkedArray(path)
    whole = array.shape == array.chunks
    return array.read((0,) * len(array.shape)) if whole else np.zeros(array.shape, array.dtype)


class ChunkedArray:
    """A Zarr v3 array open for writing; it grows along its dimension `draw` or `step`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.metadata: dict[str, Any] = json.loads((path / "zarr.json").read_bytes())
        self.dims: tuple[str, ...] = tuple(self.metadata["dimension_names"])
        self.chunks: Index = tuple(self.metadata["chunk_grid"]["configuration"]["chunk_shape"])
        self.dtype = np.dtype(self.metadata["data_type"]).newbyteorder("<")

    @classmethod
    def create(
        cls,
        path: Path,
        dtype: np.dtype,
        shape: Sequence[int],
        chunks: Sequence[int],
        dims: Sequence[str],
        attributes: Mapping[str, Any],
    ) -> ChunkedArray:
        """A new array without chunks."""
        metadata = {
            "zarr_format": 3,
            "node_type": "array",
            "shape": list(shape),
            "data_type": dtype.name,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [max(1, n) for n in chunks]}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": _FILL.get(dtype.kind, 0),
            "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}],
            "attributes": dict(attributes),
            "dimension_names": list(dims),
        }
        replace_file(path / "zarr.json", _json(metadata))
        return cls(path)

    @property
    def shape(self) -> Index:
        """Shape in the metadata."""
        return tuple(self.metadata["shape"])

    @property
    def axis(self) -> int:
        """The axis along which it grows."""
        return self.dims.index(growing(self.dims))

    def append(self, first: int, values: np.ndarray) -> None:
        """Write records from number `first` on: the chunks, then the new length."""
        axis = self.axis
        last = first + values.shape[axis]
        for index in self._touched(axis, first, last):
            begin = index[axis] * self.chunks[axis]
            full = self.read(index) if begin < first else np.zeros(self.chunks, self.dtype)
            low, high = max(begin, first), min(begin + self.chunks[axis], last)
            taken = [slice(i * c, (i + 1) * c) for i, c in zip(index, self.chunks)]
            taken[axis] = slice(low - first, high - first)
            block = values[tuple(taken)]
            place = [slice(0, n) for n in block.shape]
            place[axis] = slice(low - begin, high - begin)
            full[tuple(place)] = block
            self.write(index, full)
        self.resize(last)

    def resize(self, length: int) -> None:
        """Set the number of records. Chunks behind it may stay: growing again overwrites them."""
        shape = [*self.shape]
        shape[self.axis] = length
        if shape != self.metadata["shape"]:
            self.metadata["shape"] = shape
            replace_file(self.path / "zarr.json", _json(self.metadata))

    def read(self, index: Index) -> np.ndarray:
        """One whole chunk; StoreDamaged if its checksum fails, so that damage is never sealed by a new checksum."""
        path = self._file(index)
        data = path.read_bytes() if path.exists() else b""
        if not crc_holds(data):
            raise StoreDamaged(f"{path} is missing or does not match its checksum: restore it from a copy")
        return np.frombuffer(data[:-4], self.dtype).reshape(self.chunks).copy()

    def write(self, index: Index, full: np.ndarray) -> None:
        """One whole chunk."""
        data = np.ascontiguousarray(full, self.dtype).tobytes()
        replace_file(self._file(index), data + google_crc32c.value(data).to_bytes(4, "little"))

    def _touched(self, axis: int, first: int, last: int) -> Iterator[Index]:
        counts = [range(math.ceil(n / c)) for n, c in zip(self.shape, self.chunks)]
        counts[axis] = range(first // self.chunks[axis], math.ceil(last / self.chunks[axis]))
        for offset in np.ndindex(*map(len, counts)):
            yield tuple(r[i] for r, i in zip(counts, offset))

    def _file(self, index: Index) -> Path:
        return self.path.joinpath("c", *map(str, index))


def crc_holds(data: bytes) -> bool:
    """Whether the last four bytes are the CRC32C of the others."""
    return len(data) > 4 and google_crc32c.value(data[:-4]) == int.from_bytes(data[-4:], "little")


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content).encode()
