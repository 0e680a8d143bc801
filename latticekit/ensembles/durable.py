"""Files and directories that are replaced whole: a reader, or a crash, meets the old one or the new one."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4


def partial_of(path: Path) -> Path:
    """A name beside `path` for something unfinished."""
    return path.with_name(f"{path.name}.{uuid4().hex}.partial")


def remove_partial(root: Path) -> None:
    """Remove what a killed writer left unfinished."""
    for path in list(root.rglob("*.partial")):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file, its folders too if they are missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = partial_of(path)
    try:
        fresh.write_bytes(content)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def replace_directory(fresh: Path, target: Path) -> None:
    """Put a finished directory in the place of another; in between `target` is absent for a moment.

    The files of `fresh` reach the disk before they get their name.
    """
    flush([*fresh.rglob("*"), fresh])
    old = partial_of(target)
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    flush([target.parent])
    shutil.rmtree(old, ignore_errors=True)


def remove_directory(path: Path) -> None:
    """Remove a directory under its name at once, its content after that."""
    if path.exists():
        old = path.rename(partial_of(path))
        shutil.rmtree(old)


def flush(paths: list[Path]) -> None:
    """Wait until files and folders are on the disk; side by side they share the waiting."""
    with ThreadPoolExecutor(min(16, len(paths))) as pool:
        list(pool.map(_flush, paths))


def _flush(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
