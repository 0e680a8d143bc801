"""An ensemble that lives in memory only: the same commits as a store, no files."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from latticekit.ensembles.chunks import growing


class Memory:
    """Blocks of an ensemble as they come; `result` joins them."""

    def __init__(self, attributes: dict[str, Any]) -> None:
        self.attributes = dict(attributes)
        self.blocks: dict[str, list[xr.Dataset]] = {}
        self.draws: int | None = None

    def commit(self, groups: dict[str, xr.Dataset], state: dict[str, np.ndarray], draws: int) -> None:
        """Keep a block of every group."""
        for name, block in groups.items():
            self.blocks.setdefault(name, []).append(block)
        self.draws = draws

    def state(self) -> dict[str, np.ndarray]:
        """Nothing is kept of the state."""
        return {}

    def set_attrs(self, **attributes: Any) -> None:
        """Change root attributes."""
        self.attributes.update(attributes)

    def result(self) -> xr.DataTree:
        """The ensemble."""
        joined = {f"/{name}": joined_blocks(blocks) for name, blocks in self.blocks.items()}
        return xr.DataTree.from_dict({"/": xr.Dataset(attrs=self.attributes), **joined})

    def close(self) -> None:
        """Nothing to release."""


def joined_blocks(blocks: list[xr.Dataset]) -> xr.Dataset:
    """Consecutive blocks as one dataset."""
    if len(blocks) == 1:
        return blocks[0]
    along = growing(blocks[0].dims)
    return xr.concat(blocks, along, data_vars="minimal", coords="minimal", compat="override", join="override")
