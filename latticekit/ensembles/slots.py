"""Resume slots: what is committed, and the state to go on from.

Two groups, `/state_0` and `/state_1`, take turns. Each is a directory built under another name and renamed into place,
so it is whole or absent; its attributes are the commit mark. A slot whose digest fails is damaged, not unfinished.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from latticekit.ensembles.chunks import read_array, write_array, write_group
from latticekit.ensembles.durable import partial_of, replace_directory
from latticekit.ensembles.faults import StoreDamaged, StoreWarning
from latticekit.ensembles.groups import json_digest

SLOTS = ("state_0", "state_1")


@dataclass(frozen=True)
class Commit:
    """What is safely on disk after the commit of this number."""

    number: int
    draws: int
    lengths: dict[str, int]
    """Records per group."""
    config_sha256: str
    metadata_sha256: str
    """Of the labels, shapes and types of the groups."""
    arrays_sha256: str
    """Of the arrays of this slot."""

    @property
    def slot(self) -> str:
        """Name of the group that holds it."""
        return SLOTS[self.number % 2]


def write_slot(root: Path, commit: Commit, arrays: dict[str, np.ndarray]) -> None:
    """Replace the older slot; when this returns, the commit is on disk."""
    fresh = partial_of(root / commit.slot)
    write_group(fresh, _marked(commit))
    for name, x in arrays.items():
        write_array(fresh / name, x, [f"{name}_{axis}" for axis in range(x.ndim)], {})
    replace_directory(fresh, root / commit.slot)


def commits(root: Path) -> list[Commit]:
    """The commit marks on disk, newest first; [] if nothing was ever committed."""
    found, damaged = [], []
    for slot in SLOTS:
        try:
            found += _mark(root / slot)
        except StoreDamaged as error:
            damaged.append(str(error))
    if damaged and not found:
        raise StoreDamaged(f"{root}: no valid resume slot. {' '.join(damaged)} Restore one of them from a copy.")
    for text in damaged:
        warnings.warn(f"{text} The other slot stands in, at draw {found[0].draws}.", StoreWarning, stacklevel=4)
    return sorted(found, key=lambda commit: -commit.number)


def slot_arrays(root: Path, commit: Commit) -> dict[str, np.ndarray]:
    """The state of a commit, verified."""
    try:
        arrays = {p.parent.name: read_array(p.parent) for p in (root / commit.slot).glob("*/zarr.json")}
    except (ValueError, TypeError, KeyError) as error:
        raise StoreDamaged(f"resume slot {commit.slot} of {root} cannot be read: {error}") from error
    if arrays_digest(arrays) != commit.arrays_sha256:
        raise StoreDamaged(f"resume slot {commit.slot} of {root} does not match its SHA-256 (damaged on disk).")
    return arrays


def arrays_digest(arrays: dict[str, np.ndarray]) -> str:
    """SHA-256 of names, types, shapes and bytes."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        x = arrays[name]
        digest.update(json.dumps([name, x.dtype.str, x.shape]).encode())
        digest.update(np.ascontiguousarray(x).data)
    return digest.hexdigest()


def _marked(commit: Commit) -> dict[str, Any]:
    return {**asdict(commit), "sha256": json_digest(asdict(commit))}


def _mark(slot: Path) -> list[Commit]:
    """The one commit of a slot, none if the slot is absent."""
    if not slot.exists():
        return []
    try:
        attributes = json.loads((slot / "zarr.json").read_bytes())["attributes"]
        commit = Commit(**{f.name: attributes[f.name] for f in fields(Commit)})
        if attributes == _marked(commit):
            return [commit]
    except FileNotFoundError:
        if not slot.exists():  # a writer is just replacing it
            return []
    except (ValueError, KeyError, TypeError):
        pass
    raise StoreDamaged(f"the commit mark {slot / 'zarr.json'} is damaged.")
