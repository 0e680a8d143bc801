"""The ASCII header of a NERSC archive file: lines KEY = value between BEGIN_HEADER and END_HEADER."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from latticekit.ensembles.formats.checks import GaugeFile
from latticekit.ensembles.formats.checksums import raw, sha256

MAGIC = b"BEGIN_HEADER"
_LONGEST = 2**20
_END = re.compile(rb"\nEND_HEADER[ \t\r]*\n")
_DATATYPE = re.compile(r"4D_SU(\d+)_GAUGE(?:_(\d+)x(\d+))?")
_OURS, _DIGEST = "latticekit", "LATTICEKIT_SHA256"
_DIGEST_LINE = re.compile(rb"LATTICEKIT_SHA256 = ([0-9a-f]{64})\n")
KINDS = {
    "IEEE32BIG": (">f4",),
    "IEEE32LITTLE": ("<f4",),
    "IEEE64BIG": (">f8",),
    "IEEE64LITTLE": ("<f8",),
    "IEEE32": ("<f4", ">f4"),
    "IEEE64": ("<f8", ">f8"),
}
"""FLOATING_POINT -> types; the last two are little-endian to Grid, big-endian to others: the checksum decides."""


class Header(NamedTuple):
    """The header's bytes and its lines; the links follow it."""

    text: bytes
    fields: dict[str, str]

    def need(self, file: GaugeFile, key: str) -> str:
        """The value of a line that must be there."""
        if key not in self.fields:
            file.refuse("header", f"there is no line {key} = ...")
        return self.fields[key]

    def extents(self, file: GaugeFile) -> tuple[int, ...]:
        """Extents in the order x, y, z, t."""
        keys = [f"DIMENSION_{i}" for i in (1, 2, 3, 4)]
        for key in keys:
            if not re.fullmatch("[1-9][0-9]{0,8}", self.need(file, key)):
                file.refuse(f"header line {key}", f"is {self.fields[key]!r}, expected an extent")
        return tuple(int(self.fields[key]) for key in keys)

    def matrices(self, file: GaugeFile) -> tuple[int, int]:
        """N and the number of stored rows."""
        text = self.need(file, "DATATYPE")
        found = _DATATYPE.fullmatch(text)
        sizes = {int(s) for s in found.groups() if s} if found else set()
        if found is None or len(sizes) != 1 or min(sizes) < 2:
            known = "4D_SU3_GAUGE, 4D_SU3_GAUGE_3x3 or the same of another N"
            file.refuse("header line DATATYPE", f"is {text!r}, expected {known}")
        n = sizes.pop()
        return n, n if found.group(2) else n - 1

    def kinds(self, file: GaugeFile) -> tuple[np.dtype, ...]:
        """Types that the numbers may have."""
        text = self.fields.get("FLOATING_POINT", "IEEE32BIG")  # MILC leaves the line out
        if text not in KINDS:
            file.refuse("header line FLOATING_POINT", f"is {text!r}, expected one of {', '.join(KINDS)}")
        return tuple(np.dtype(kind) for kind in KINDS[text])

    def check_digest(self, file: GaugeFile) -> None:
        """The SHA-256 of our own files; they say twice that they are ours, so that no one flip makes them foreign."""
        if self.fields.get("CREATOR") != _OURS and _DIGEST not in self.fields:
            return
        found = _DIGEST_LINE.search(self.text)
        if found is None:
            file.doubt(f"header line {_DIGEST}", "is missing or misspelt, though latticekit wrote this file")
            return
        rest = [self.text[: found.start()], self.text[found.end() :], raw(file.data[len(self.text) :])]
        file.expect(f"header line {_DIGEST}", "sha256", sha256(rest), found.group(1).decode())


def header_of(file: GaugeFile) -> Header:
    """The header of a file; of a key that comes twice the first value."""
    head = file.bytes(0, _LONGEST)
    end = _END.search(head)
    if end is None:
        file.refuse("header", "there is no line END_HEADER")
    fields: dict[str, str] = {}
    for line in head[: end.end()].decode("latin-1").split("\n"):
        key, equals, value = line.partition("=")
        if equals:
            fields.setdefault(key.strip(" \t"), value.strip(" \t\r"))
    return Header(head[: end.end()], fields)


def header_text(fields: Mapping[str, object], payload: Any) -> bytes:
    """A header with these lines and the SHA-256 of everything else in the file.

    The two marks that it is ours stand apart: were they neighbours, one flipped newline would take both.
    """
    lines = {"HDR_VERSION": "1.0", "CREATOR": _OURS, **fields}
    text = "BEGIN_HEADER\n" + "".join(f"{key} = {value}\n" for key, value in lines.items())
    digest = sha256([text.encode(), b"END_HEADER\n", payload])
    return f"{text}{_DIGEST} = {digest}\nEND_HEADER\n".encode()
