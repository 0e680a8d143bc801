"""One writer per store.

The lock is `flock` on the file `<store>.lock` beside the store. The kernel drops it when the process ends, however it
ends, so a `kill -9` leaves no stale lock, nothing has to be judged dead and reclaimed, and two claimants cannot race.
Linux carries flock over NFS (since 2.6.12) and Lustre (mounted with `flock`), where it then holds across nodes. The
host and process id inside the file are for the message only. The file lies beside the store because a reader of the
Zarr hierarchy would stumble over it inside, and because the lock must outlive an overwritten store.
"""

from __future__ import annotations

import fcntl
import os
import socket
from contextlib import suppress
from pathlib import Path

from latticekit.ensembles.faults import StoreError, StoreLocked


class WriterLock:
    """The right to write a store, from construction to `release`."""

    def __init__(self, store: Path) -> None:
        self.path = store.with_name(store.name + ".lock")
        self._fd: int | None = _locked(self.path)

    def release(self) -> None:
        """Give the right back; a second call does nothing."""
        if self._fd is None:
            return
        fd, self._fd = self._fd, None
        try:
            with suppress(OSError):  # the file may stay: it is the lock on it that counts
                self.path.unlink(missing_ok=True)
        finally:
            os.close(fd)


def _locked(path: Path) -> int:
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _claim(fd, path)
            if _is_same_file(fd, path):
                os.truncate(fd, 0)
                os.pwrite(fd, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)
                return fd
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)  # its last owner removed the file after we opened it: ours locks nothing


def _claim(fd: int, path: Path) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(fd, 200, 0).decode(errors="replace") or "another process"
        raise StoreLocked(
            f"{path.name.removesuffix('.lock')} is being written by {holder}: wait until it ends, or write elsewhere. "
            "Reading with open_ensemble is possible at any time."
        ) from None
    except OSError as error:
        raise StoreError(
            f"the file system of {path} has no file locks ({error.strerror}), so that two runs could write one store: "
            "write to another disk, or mount this one with locks (Lustre: -o flock)"
        ) from error


def _is_same_file(fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), os.stat(path))
    except FileNotFoundError:
        return False
