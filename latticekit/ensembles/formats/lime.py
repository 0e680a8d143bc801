"""LIME containers: records of a 144-byte header, data, and zeros up to a multiple of eight.  (c-lime, LIME 1.2)"""

from __future__ import annotations

import struct
from typing import NamedTuple

from latticekit.ensembles.formats.checks import GaugeFile

MAGIC = b"\x45\x67\x89\xab"
_HEADER = struct.Struct(">4sHHQ128s")
_BEGIN, _END = 0x8000, 0x4000


class Record(NamedTuple):
    """Where the data of a record lies."""

    type: str
    start: int
    length: int

    @property
    def end(self) -> int:
        """First byte of the next record."""
        return self.start + self.length + _padding(self.length)


def record_header(kind: str, length: int, begin: bool = False, end: bool = False) -> bytes:
    """Header of a record that begins or ends a message."""
    return _HEADER.pack(MAGIC, 1, begin * _BEGIN + end * _END, length, kind.encode())


def padding(length: int) -> bytes:
    """Zeros behind the data of a record."""
    return bytes(_padding(length))


def record(kind: str, data: bytes, begin: bool = False, end: bool = False) -> bytes:
    """A whole record."""
    return record_header(kind, len(data), begin, end) + data + padding(len(data))


def records(file: GaugeFile) -> list[Record]:
    """All records of a file, which must end where the last one does."""
    found: list[Record] = []
    place = 0
    while place < file.size:
        one = _record(file, place, f"LIME record {len(found)}")
        found.append(one)
        place = one.end
    return found


def _record(file: GaugeFile, place: int, name: str) -> Record:
    header = file.bytes(place, _HEADER.size)
    if len(header) < _HEADER.size:
        file.refuse(name, f"its header at byte {place} has {len(header)} bytes, expected {_HEADER.size}")
    magic, version, _, length, kind = _HEADER.unpack(header)
    if (magic, version) != (MAGIC, 1):
        file.refuse(
            name,
            f"magic number and version at byte {place} are {magic.hex()} and {version}, expected {MAGIC.hex()} and 1",
        )
    one = Record(kind.split(b"\0")[0].decode("latin-1"), place + _HEADER.size, length)
    if one.end > file.size:
        file.refuse(
            f"{name} ({one.type})",
            f"its {length} bytes of data and their padding end at byte {one.end}, the file at {file.size}",
        )
    return one


def _padding(length: int) -> int:
    return -length % 8
