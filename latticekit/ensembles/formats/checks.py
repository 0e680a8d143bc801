"""A gauge file being read: its bytes, and the refusal when they are not what the format says."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import NoReturn

import numpy as np

_HEAD = 64


class FormatError(RuntimeError):
    """A gauge file is damaged, incomplete, of an unknown format, or cannot be written."""


class GaugeFile:
    """Bytes of a file, and what was verified of them so far."""

    def __init__(self, path: Path, verify: bool = True) -> None:
        self.path, self.verify = path, verify
        self.verified: list[str] = []
        self.head = self._loaded(_HEAD).tobytes()
        self.size = path.stat().st_size

    @cached_property
    def data(self) -> np.ndarray:
        """All bytes, read and not mapped: a disk that fails then is an error, not the end of the process."""
        return self._loaded(-1)

    def bytes(self, start: int, length: int) -> bytes:
        """A copy of a part; shorter where the file ends."""
        return self.data[start : start + length].tobytes()

    def _loaded(self, count: int) -> np.ndarray:
        try:
            return np.fromfile(self.path, np.uint8, count)
        except OSError as error:
            raise FormatError(f"cannot read {self.path}: {error.strerror or error}") from error

    def refuse(self, record: str, problem: str) -> NoReturn:
        """What cannot be read at all."""
        raise FormatError(
            f"{self.path}, {record}: {problem}. The file is damaged or incomplete: restore it from a copy."
        )

    def doubt(self, record: str, problem: str) -> None:
        """What can be read, but not trusted: an error unless the caller took it upon themselves."""
        if self.verify:
            raise FormatError(
                f"{self.path}, {record}: {problem}. The file is damaged, or was written by other conventions: restore "
                "it from a copy, or read it without any check with verify=False."
            )

    def expect(self, record: str, quantity: str, found: object, expected: object) -> None:
        """Refuse unless equal; remember that it was verified."""
        if found != expected:
            self.doubt(record, f"{quantity} is {found}, expected {expected}")
        elif self.verify:
            self.verified.append(quantity)

    def expect_close(self, record: str, quantity: str, found: float, stated: Stated) -> None:
        """Refuse unless within the tolerance of a stated number; remember that it was verified."""
        if not abs(found - stated.value) <= stated.tolerance:  # written so that NaN is refused
            difference = f"off by {abs(found - stated.value):.1e}, tolerance {stated.tolerance:.1e}"
            self.doubt(record, f"{quantity} of the links is {found:.17g}, expected {stated.value:.17g} ({difference})")
        elif self.verify:
            self.verified.append(quantity)


class Stated:
    """A number that a file states, and how far the recomputed one may be from it."""

    def __init__(self, value: float, tolerance: float) -> None:
        self.value, self.tolerance = value, tolerance
