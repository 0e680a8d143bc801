"""What zarr reads through: checksums that name what they guard, and a view that ends at the last commit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from zarr.core.buffer import Buffer, default_buffer_prototype
from zarr.storage import LocalStore

from latticekit.ensembles.chunks import GROWING, crc_holds
from latticekit.ensembles.faults import StoreDamaged


class CheckedFiles(LocalStore):
    """A local Zarr store that names the array and the chunk when a CRC32C fails; zarr itself names neither."""

    async def get(self, key: str, *args: Any, **kwargs: Any) -> Buffer | None:
        """Bytes of a file; the checksum of a chunk is verified."""
        found = await super().get(key, *args, **kwargs)
        if found is not None and _is_chunk(key) and not crc_holds(found.to_bytes()):
            raise self._damaged(key, "does not match its checksum")
        return found

    def _damaged(self, key: str, how: str) -> StoreDamaged:
        array, _, chunk = key.partition("/c")
        return StoreDamaged(
            f"array {array} of {self.root}: chunk {chunk.strip('/') or '0'} {how} (damaged on disk). Restore the file "
            f"{self.root / key} from a copy; all other arrays, and the draws of this one in other chunks, are readable."
        )


class CommittedFiles(CheckedFiles):
    """Read-only view: arrays with a dimension `draw`, or `step`, end at the committed length of their group.

    A commit grows one array after the other; xarray would refuse the unequal lengths that a reader may meet meanwhile,
    or after a crash. Within the committed length every chunk exists: a missing one is an error, not a fill value.
    """

    def __init__(self, root: Path | str, lengths: Mapping[str, int]) -> None:
        super().__init__(root, read_only=True)
        self.lengths = dict(lengths)

    def with_read_only(self, read_only: bool = False) -> Self:
        """The same view: there is no other."""
        return self

    async def get(self, key: str, *args: Any, **kwargs: Any) -> Buffer | None:
        """Bytes of a file, the shape in array metadata cut at the committed length."""
        found = await super().get(key, *args, **kwargs)
        if found is None and _is_chunk(key):
            raise self._damaged(key, "is missing")
        group, _, rest = key.partition("/")
        if found is None or group not in self.lengths or not rest.endswith("/zarr.json"):
            return found
        return default_buffer_prototype().buffer.from_bytes(self._cut(found.to_bytes(), key, self.lengths[group]))

    def _cut(self, metadata: bytes, key: str, length: int) -> bytes:
        content = json.loads(metadata)
        draws = [d in GROWING for d in content["dimension_names"]]
        if any(along and n < length for along, n in zip(draws, content["shape"])):
            raise StoreDamaged(
                f"{self.root / key} holds fewer than the {length} committed records: restore it from a copy"
            )
        content["shape"] = [length if along else n for along, n in zip(draws, content["shape"])]
        return json.dumps(content).encode()


def _is_chunk(key: str) -> bool:
    return "/c/" in key or key.endswith("/c")
