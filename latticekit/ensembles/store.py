"""The appendable ensemble on disk: one writer, atomic commits, resumed where the last commit ended.

A commit appends to every group and then puts a resume slot in place (`slots.py`). Until that last rename the new
records are not committed: readers do not show them and `resume` cuts them off. Each file is written under another name
and renamed, and a chunk that grows keeps its older records, so a process killed anywhere loses no committed draw.
Power loss: only the slot is flushed to the disk by name. On file systems that order data before the journal (ext4,
btrfs) this carries the chunks along; elsewhere a chunk may be lost, which its checksum or absence then shows.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np
import xarray as xr

from latticekit.ensembles.chunks import write_group
from latticekit.ensembles.durable import flush, remove_directory, remove_partial
from latticekit.ensembles.faults import StoreDamaged, StoreError, StoreWarning
from latticekit.ensembles.groups import GrowingGroup, check_new, metadata_digest, plain
from latticekit.ensembles.lock import WriterLock
from latticekit.ensembles.reading import is_store, marked, open_ensemble, verified_attributes
from latticekit.ensembles.slots import SLOTS, Commit, arrays_digest, commits, slot_arrays, write_slot


class Store:
    """A Zarr v3 directory open for writing; made by `Store.create` or `Store.resume`."""

    def __init__(self, path: Path, config_sha256: str, lock: WriterLock) -> None:
        self.path, self.config_sha256, self._lock = path, config_sha256, lock
        self._commit: Commit | None = None
        self._groups: dict[str, GrowingGroup] = {}
        self._intact = True

    @classmethod
    def create(cls, path: str | Path, attrs: Mapping[str, Any], config_sha256: str, overwrite: bool = False) -> Self:
        """A new, empty store. An existing one is replaced only on request, and nothing but an ensemble ever is."""
        with _locked(path) as (root, lock):
            if not _is_vacant(root):
                _refuse_existing(root, overwrite)
                _remove_content(root)
            root.mkdir(parents=True, exist_ok=True)
            store = cls(root, config_sha256, lock)
            store._write_attrs(plain(attrs) | {"config_sha256": config_sha256})
            return store

    @classmethod
    def resume(cls, path: str | Path, config_sha256: str, attrs: Mapping[str, Any] | None = None) -> Self:
        """An existing store, cut back to its last commit.

        attrs: the root attributes of the run that goes on; used to say what differs, and if nothing was begun yet.
        """
        with _locked(path) as (root, lock):
            store = cls(root, config_sha256, lock)
            if _is_vacant(root):
                root.mkdir(parents=True, exist_ok=True)
                store._write_attrs(plain(attrs or {}) | {"config_sha256": config_sha256})
            _refuse_other_run(root, config_sha256, attrs or {})
            store._recover()
            return store

    @property
    def draws(self) -> int | None:
        """Committed draws after warmup; None if nothing was ever committed."""
        return self._commit.draws if self._commit else None

    def state(self) -> dict[str, np.ndarray]:
        """The arrays of the last commit."""
        if self._commit is None:
            raise StoreError(f"{self.path}: nothing was committed yet, there is no state to go on from")
        return slot_arrays(self.path, self._commit)

    def commit(self, groups: Mapping[str, xr.Dataset], state: Mapping[str, Any], draws: int) -> None:
        """Append a block (chain, draw, ...) to every group and make it permanent together with the state.

        draws: how many draws of /posterior are committed with this block. When this returns they are safe.
        """
        if not self._intact:
            raise StoreError(f"{self.path}: a commit failed before; open the store again with resume")
        self._check(groups, draws)
        arrays = {name: _number(name, x) for name, x in state.items()}
        with self._explained():
            self._intact = False
            for name, block in groups.items():
                self._group(name, block).append(block)
            self._put_slot(arrays, draws)
            self._intact = True

    def set_attrs(self, **attributes: Any) -> None:
        """Change root attributes."""
        with self._explained():
            self._write_attrs(verified_attributes(self.path) | attributes)

    def result(self) -> xr.DataTree:
        """The ensemble as it is committed, read from disk when used."""
        return open_ensemble(self.path)

    def close(self) -> None:
        """Let others write; the store is not to be used afterwards."""
        self._intact = False
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _check(self, groups: Mapping[str, xr.Dataset], draws: int) -> None:
        for name, block in groups.items():
            if name in self._groups:
                self._groups[name].check(block)
            else:
                check_new(name, block)
        before = self._groups["posterior"].length if "posterior" in self._groups else 0
        total = before + (groups["posterior"].sizes["draw"] if "posterior" in groups else 0)
        if total != draws:
            raise ValueError(f"draws = {draws}, but /posterior holds {total} draws with this block")

    def _group(self, name: str, block: xr.Dataset) -> GrowingGroup:
        if name not in self._groups:
            self._groups[name] = GrowingGroup.create(self.path / name, block)
        return self._groups[name]

    def _put_slot(self, arrays: dict[str, np.ndarray], draws: int) -> None:
        lengths = {name: group.length for name, group in self._groups.items()}
        number, known = (self._commit.number + 1, self._commit.lengths) if self._commit else (0, {})
        same = self._commit is not None and lengths.keys() == known.keys()
        metadata = self._commit.metadata_sha256 if self._commit and same else metadata_digest(self.path, lengths)
        commit = Commit(number, draws, lengths, self.config_sha256, metadata, arrays_digest(arrays))
        write_slot(self.path, commit, arrays)
        self._commit = commit

    def _recover(self) -> None:
        """Take the newest commit whose state can be read, and cut off what was written after it."""
        remove_partial(self.path)
        self._commit = _newest_readable(self.path)
        if self._commit is None:
            return
        if metadata_digest(self.path, self._commit.lengths) != self._commit.metadata_sha256:
            raise StoreDamaged(f"{self.path}: a zarr.json is not as it was committed. Restore the store from a copy.")
        lengths = self._commit.lengths.items()
        self._groups = {name: GrowingGroup(self.path / name, length) for name, length in lengths}

    def _write_attrs(self, attributes: dict[str, Any]) -> None:
        write_group(self.path, marked(attributes))
        flush([self.path / "zarr.json", self.path])

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"cannot write {self.path}: {error.strerror or error}. The {self.draws or 0} draws committed so far "
                "are safe: make room (or restore access) and run again with resume = True."
            ) from error


def _number(name: str, x: Any) -> np.ndarray:
    array = np.asarray(x)
    if array.dtype.kind not in "biufc":
        raise ValueError(f"state {name} must be numbers, got {type(x).__name__} ({array.dtype})")
    return array


@contextmanager
def _locked(path: str | Path) -> Iterator[tuple[Path, WriterLock]]:
    """The lock, kept unless the block fails; says how to go on if the place cannot be written."""
    root, lock = Path(path).expanduser().resolve(), None
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        lock = WriterLock(root)
        yield root, lock
    except BaseException as error:
        if lock is not None:
            lock.release()
        if isinstance(error, OSError):
            raise StoreError(
                f"cannot write an ensemble to {root}: {error.strerror or error}. Choose a place that can be written."
            ) from error
        raise


def _is_vacant(root: Path) -> bool:
    """Whether nothing is there, or only what a writer killed at its first file left."""
    return not root.exists() or (root.is_dir() and all(p.suffix == ".partial" for p in root.iterdir()))


def _refuse_existing(root: Path, overwrite: bool) -> None:
    if not is_store(root):
        raise StoreError(f"{root} exists and is no ensemble written by latticekit: choose another name")
    if not overwrite:
        raise StoreError(f"{root} exists: continue it with resume = True, choose another name, or remove it")


def _remove_content(root: Path) -> None:
    """Everything but the root attributes; first the slots, so that a half-removed store holds nothing committed."""
    for path in sorted(root.iterdir(), key=lambda p: p.name not in SLOTS):
        if path.is_dir():
            remove_directory(path)


def _refuse_other_run(root: Path, config_sha256: str, attrs: Mapping[str, Any]) -> None:
    stored = verified_attributes(root)
    if stored.get("config_sha256") != config_sha256:
        changes = differences(json.loads(stored.get("config", "{}")), json.loads(attrs.get("config", "{}")))
        raise StoreError(
            f"{root} holds another run ({'; '.join(changes) or 'config_sha256 differs'}): "
            "use the same settings to continue it, or another name for a new ensemble"
        )


def differences(stored: Any, given: Any, name: str = "") -> list[str]:
    """What differs between two trees of settings, as "action.coupling: 6.975 stored, 7.0 given"."""
    if isinstance(stored, dict) and isinstance(given, dict):
        keys = sorted(stored.keys() | given.keys())
        return [t for k in keys for t in differences(stored.get(k), given.get(k), f"{name}.{k}" if name else k)]
    return [] if stored == given else [f"{name}: {stored!r} stored, {given!r} given"]


def _newest_readable(root: Path) -> Commit | None:
    """The newest commit whose state can be read; slots that claim more than that are removed."""
    found = commits(root)
    for place, commit in enumerate(found, 1):
        try:
            slot_arrays(root, commit)
        except StoreDamaged as error:
            if place == len(found):
                raise
            warnings.warn(f"{error} Continuing from draw {found[place].draws}.", StoreWarning, stacklevel=5)
            remove_directory(root / commit.slot)
        else:
            return commit
    return None
