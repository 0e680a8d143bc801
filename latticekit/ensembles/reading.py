"""Ensembles from disk: exactly the committed draws, verified."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from latticekit.ensembles.faults import StoreDamaged, StoreError
from latticekit.ensembles.files import CommittedFiles
from latticekit.ensembles.groups import json_digest, metadata_digest
from latticekit.ensembles.slots import SLOTS, Commit, commits, slot_arrays

SCHEMA_VERSION = "1"
_MARK = "attributes_sha256"
_AS_STORED: dict[str, Any] = {"engine": "zarr", "consolidated": False, "decode_times": False, "chunks": None}
Check = Callable[[xr.DataTree, dict[str, np.ndarray]], None]


def open_ensemble(path: str | Path, verify: bool = True, check: Check | None = None) -> xr.DataTree:
    """The committed draws of an ensemble as a tree of lazily read groups; the store is never changed.

    Works at any time, also while a run appends or after it was killed: draws behind the last commit are not shown.
    verify: check schema version, attributes, labels and types now; every chunk is checked by its CRC32C when it is
    read, whatever `verify` says. False opens what it can of a damaged ensemble.
    check: called with the tree and the state of the last commit, to compare them; raises if they disagree.
    """
    root = Path(path).expanduser().resolve()
    attributes = root_attributes(root)
    if _MARK not in attributes and not is_store(root):
        return _saved_tree(root, attributes, verify)
    if verify:
        attributes = verified_attributes(root)
        _verify_schema(root, attributes)
    found = commits(root) or commits(root)  # twice: a writer may have been swapping one slot and then the other
    if not found:
        return _tree(root, attributes, {})
    if verify:
        _verify_groups(root, found[0])
    tree = _tree(root, attributes, found[0].lengths)
    if check is not None:
        check(tree, slot_arrays(root, found[0]))
    return tree


def root_attributes(root: Path) -> dict[str, Any]:
    """Attributes of the root group; StoreError if this is no Zarr v3 group."""
    try:
        content = json.loads((root / "zarr.json").read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise StoreError(f"{root} is no ensemble: there is no zarr.json in it") from None
    except ValueError as error:
        raise StoreDamaged(f"{root / 'zarr.json'} is damaged: {error}. Restore it from a copy.") from error
    return content.get("attributes", {}) if isinstance(content, dict) else {}


def is_store(root: Path) -> bool:
    """Whether there are commits, or a place for them: not so in a tree saved whole."""
    return _MARK in root_attributes(root) or any((root / slot).exists() for slot in SLOTS)


def marked(attributes: dict[str, Any]) -> dict[str, Any]:
    """Root attributes with their digest, as a store keeps them."""
    return attributes | {_MARK: json_digest(attributes)}


def verified_attributes(root: Path) -> dict[str, Any]:
    """Root attributes without their digest, which must hold."""
    stored = root_attributes(root)
    attributes = {name: value for name, value in stored.items() if name != _MARK}
    if not is_store(root):
        raise StoreError(f"{root} is no store that latticekit appends to: choose another name")
    if marked(attributes) != stored:
        raise StoreDamaged(f"the attributes in {root / 'zarr.json'} do not match their SHA-256: restore it from a copy")
    return attributes


def _verify_schema(root: Path, attributes: dict[str, Any]) -> None:
    schema, version = attributes.get("schema"), attributes.get("schema_version")
    if (schema, version) != ("latticekit.ensemble", SCHEMA_VERSION):
        raise StoreError(
            f"{root} has schema {schema!r} version {version!r}, this latticekit reads 'latticekit.ensemble' version "
            f"{SCHEMA_VERSION!r}: use the version that wrote it, or verify = False to open it as it is"
        )


def _verify_groups(root: Path, commit: Commit) -> None:
    if metadata_digest(root, commit.lengths) != commit.metadata_sha256:
        raise StoreDamaged(
            f"{root}: labels, shapes or types of {sorted(commit.lengths)} are not those that were committed (a "
            "zarr.json was damaged or edited). Restore them from a copy, or look at them with verify = False."
        )


def _tree(root: Path, attributes: dict[str, Any], lengths: dict[str, int]) -> xr.DataTree:
    files: Any = CommittedFiles(root, lengths)
    groups = {f"/{name}": _ordered(xr.open_dataset(files, group=name, **_AS_STORED)) for name in lengths}
    shown = {name: value for name, value in attributes.items() if name != _MARK}
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=shown), **groups})


def _ordered(group: xr.Dataset) -> xr.Dataset:
    order = group.attrs.pop("variable_order", "").split()
    return group[[*order, *(name for name in group.data_vars if name not in order)]]


def _saved_tree(root: Path, attributes: dict[str, Any], verify: bool) -> xr.DataTree:
    """A tree that was saved whole, with `tree.to_zarr`: no commits, no checksums of ours."""
    if verify:
        _verify_schema(root, attributes)
    return xr.open_datatree(root, **_AS_STORED)
