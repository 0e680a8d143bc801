"""NERSC archive files: an ASCII header, then x-fastest sites of 3 x 3 or 3 x 2 matrices (the third row is left out).

Layout as the Gauge Connection published it and as Grid and MILC write it; 4D_SU{N}_GAUGE for other N is Grid's.
The format protects the links by a 32-bit word sum, which does not see swapped words, and its header by nothing. Our
writer adds the SHA-256 of all other bytes as one more header line, which other readers skip and ours verifies.
"""

from __future__ import annotations

import math
import platform
import re
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from latticekit.ensembles.formats.checks import GaugeFile
from latticekit.ensembles.formats.checksums import raw, word_sum
from latticekit.ensembles.formats.nersc_header import MAGIC, Header, header_of, header_text
from latticekit.ensembles.formats.order import completed, file_extents, from_file, our_extents, to_file
from latticekit.ensembles.formats.physics import LINK_TRACE, PLAQUETTE, check_links, mean_link_trace, mean_plaquette

_ORDER = {"big": ">", "little": "<"}


def recognises(file: GaugeFile) -> bool:
    """Whether the file begins as this format does."""
    return file.head.startswith(MAGIC)


def read(file: GaugeFile, tolerance: float | None) -> tuple[np.ndarray, dict[str, Any]]:
    """Links (1, mu, N, N, t, x, y, z) and what the header says."""
    header = header_of(file)
    extents, (n, rows), kinds = header.extents(file), header.matrices(file), header.kinds(file)
    shape = (*extents[::-1], 4, rows, n, 2)
    start, precision = len(header.text), 8 * kinds[0].itemsize
    if file.size != (expected := start + math.prod(shape) * precision // 8):
        file.refuse("links", f"the file has {file.size} bytes, expected {expected} by its header")
    reals = _checked(file, header, file.data[start:], kinds).reshape(shape)
    header.check_digest(file)
    links = from_file(np.ascontiguousarray(reals, f"f{precision // 8}").view(f"c{precision // 4}")[..., 0])
    links = links if rows == n else completed(links)
    numbers = {name: header.fields.get(name.upper(), "") for name in (PLAQUETTE, LINK_TRACE)}
    measured = check_links(file, links, "header", numbers, tolerance)
    return links, {"precision": precision, "extents": our_extents(extents), "header": header.fields, **measured}


def parts(
    links: np.ndarray,
    precision: int,
    *,
    compressed: bool = False,
    byteorder: str = "big",
    ensemble: str = "latticekit",
    label: str = "",
    sequence: int = 0,
) -> Iterator[Any]:
    """The bytes of a file.

    compressed: leave out the last row.  byteorder: "big" or "little".  ensemble, label, sequence: ENSEMBLE_ID,
    ENSEMBLE_LABEL, SEQUENCE_NUMBER.
    """
    dim, n = links.shape[1:3]
    if dim != 4:
        raise ValueError(f"NERSC files hold 4 dimensions, got {dim}: write format = 'scidac'")
    if byteorder not in _ORDER:
        raise ValueError(f"byteorder must be 'big' or 'little', got {byteorder!r}")
    order, rows = _ORDER[byteorder], n - 1 if compressed else n
    stored = np.ascontiguousarray(to_file(links)[..., :rows, :]).view(f"f{precision // 8}")
    reals = stored.astype(f"{order}f{precision // 8}", copy=False)
    fields = {
        "DATATYPE": f"4D_SU{n}_GAUGE" + ("" if compressed else f"_{n}x{n}"),
        "STORAGE_FORMAT": "1.0",
        **_measured(completed(links[:, :, :rows]) if compressed else links),  # as a reader will see them
        "CHECKSUM": f"{word_sum(reals.reshape(-1).view(f'{order}u4')):x}",
        "ENSEMBLE_ID": _line("ensemble", ensemble),
        "ENSEMBLE_LABEL": _line("label", label),
        "SEQUENCE_NUMBER": int(sequence),
        "CREATOR_HARDWARE": platform.machine(),
        "CREATION_DATE": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
        "FLOATING_POINT": f"IEEE{precision}{byteorder.upper()}",
    }
    payload = raw(reals)
    yield header_text(fields, payload)
    yield payload


def _checked(file: GaugeFile, header: Header, payload: np.ndarray, kinds: tuple[np.dtype, ...]) -> np.ndarray:
    """Numbers of the payload, in the byte order that the checksum confirms."""
    text = header.need(file, "CHECKSUM")
    if not re.fullmatch("(0[xX])?[0-9a-fA-F]{1,8}", text):
        file.doubt("header line CHECKSUM", f"is {text!r}, expected a hexadecimal number")
        return payload.view(kinds[0])
    expected = int(text, 16)
    sums = [word_sum(payload.view(np.dtype("u4").newbyteorder(kind.byteorder))) for kind in kinds]
    which = sums.index(expected) if expected in sums else 0
    file.expect("header line CHECKSUM against the links", "checksum", f"{sums[which]:x}", f"{expected:x}")
    return payload.view(kinds[which])


def _measured(links: np.ndarray) -> dict[str, str]:
    """Header lines on the lattice, with all digits."""
    return {
        **{f"DIMENSION_{i}": str(e) for i, e in enumerate(file_extents(links.shape[4:]), 1)},
        "LINK_TRACE": f"{mean_link_trace(links):.17g}",
        "PLAQUETTE": f"{mean_plaquette(links):.17g}",
        **{f"BOUNDARY_{i}": "PERIODIC" for i in (1, 2, 3, 4)},
    }


def _line(name: str, text: str) -> str:
    if not text.isascii() or not (text == "" or text.isprintable()):
        raise ValueError(f"{name} must be one line of ASCII text, got {text!r}")
    return text
