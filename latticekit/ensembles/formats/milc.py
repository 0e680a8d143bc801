"""MILC version 5 files: two checksums, single-precision SU(3) links; read only.  (MILC, io_lat.h and io_lat4.c)"""

from __future__ import annotations

from typing import Any

import numpy as np

from latticekit.ensembles.formats.checks import GaugeFile
from latticekit.ensembles.formats.checksums import milc_sums
from latticekit.ensembles.formats.order import from_file, our_extents
from latticekit.ensembles.formats.physics import check_links

MAGIC = 0x4E87
_DIMS, _STAMP, _ORDER, _END = 4, 20, 84, 88
_SITE = 4 * 3 * 3 * 2 * 4


def recognises(file: GaugeFile) -> bool:
    """Whether the file begins as this format does."""
    return file.head[:4] in (MAGIC.to_bytes(4, "little"), MAGIC.to_bytes(4, "big"))


def read(file: GaugeFile, tolerance: float | None) -> tuple[np.ndarray, dict[str, Any]]:
    """Links (1, mu, 3, 3, t, x, y, z) in single precision, and the time stamp."""
    order = "<" if file.head[:4] == MAGIC.to_bytes(4, "little") else ">"
    if file.size < _END:
        file.refuse("header", f"the file has {file.size} bytes, expected at least {_END}")
    extents = tuple(np.frombuffer(file.bytes(_DIMS, 16), f"{order}i4").tolist())
    listed = file.bytes(_ORDER, 4) != bytes(4)
    if min(extents) < 1:
        file.refuse("header", f"extents are {extents}, expected positive numbers")
    volume = extents[0] * extents[1] * extents[2] * extents[3]
    sums = _END + (4 * volume if listed else 0)
    _check_size(file, sums + 8 + volume * _SITE, extents, listed)
    payload = file.data[sums + 8 :]
    expected = np.frombuffer(file.bytes(sums, 8), f"{order}u4").tolist()
    found = milc_sums(payload.view(f"{order}u4"))
    for name, f, e in zip(("sum29", "sum31"), found, expected):
        file.expect("checksums", name, f"{f:x}", f"{e:x}")
    native = payload.view(f"{order}f4").astype(np.float32).view(np.complex64).reshape(volume, 4, 3, 3)
    if listed:
        native = _sorted(file, native, np.frombuffer(file.bytes(_END, 4 * volume), f"{order}i4"))
    links = from_file(native.reshape(*extents[::-1], 4, 3, 3))
    stamp = file.bytes(_STAMP, _ORDER - _STAMP).split(b"\0")[0].decode("latin-1")
    measured = check_links(file, links, tolerance=tolerance)
    return links, {"precision": 32, "extents": our_extents(extents), "time_stamp": stamp, **measured}


def _check_size(file: GaugeFile, expected: int, extents: tuple[int, ...], listed: bool) -> None:
    if file.size != expected:
        of = f"{'x'.join(map(str, extents))} sites{' with a site list' if listed else ''}"
        file.refuse("links", f"the file has {file.size} bytes, expected {expected} for {of}")


def _sorted(file: GaugeFile, sites: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Sites in natural order, from a file written node by node with a list of their numbers."""
    if not np.array_equal(np.sort(numbers), np.arange(len(numbers))):
        file.refuse("site list", "does not name every site once")
    return sites[np.argsort(numbers)]
