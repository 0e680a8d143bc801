"""SciDAC and ILDG files: XML records and big-endian links in a LIME container, a CRC-32 of every site.  (QIO; ILDG 1.0)

ILDG is SciDAC with the record ildg-format: 4 dimensions, su3gauge, or su{N}gauge as Grid writes it. Plain SciDAC
holds any N and dimension. The checksum guards the links; the XML is guarded by nothing. Our writer ends the file with
the record latticekit-sha256, the digest of all bytes before it, which other readers skip and ours verifies.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from latticekit.ensembles.formats import lime
from latticekit.ensembles.formats.checks import GaugeFile
from latticekit.ensembles.formats.checksums import raw, scidac_sums, sha256
from latticekit.ensembles.formats.order import file_extents, from_file, our_extents, to_file
from latticekit.ensembles.formats.physics import LINK_TRACE, PLAQUETTE, check_links, mean_link_trace, mean_plaquette
from latticekit.ensembles.formats.scidac_xml import Geometry, Texts, element, geometry, tags

_BINARY = ("ildg-binary-data", "scidac-binary-data")
_DIGEST, _SUMS, _OURS = "latticekit-sha256", "scidac-checksum", "latticekit"
_ILDG_SCHEMA = (
    'xmlns="http://www.lqcd.org/ildg" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xsi:schemaLocation="http://www.lqcd.org/ildg/filefmt.xsd"'
)
_LONGEST_TEXT = 2**20


def recognises(file: GaugeFile) -> bool:
    """Whether the file is a LIME container."""
    return file.head.startswith(lime.MAGIC)


def read(file: GaugeFile, tolerance: float | None) -> tuple[np.ndarray, dict[str, Any]]:
    """Links (1, mu, N, N, *sites) and the texts of all other records."""
    found = lime.records(file)
    texts = {r.type: _text(file, r) for r in found if r.type not in _BINARY and r.length <= _LONGEST_TEXT}
    binary = [r for r in found if r.type in _BINARY]
    if len(binary) != 1:
        file.refuse("LIME records", f"{len(binary)} of them hold links, expected 1 ({' or '.join(_BINARY)})")
    said = geometry(file, texts)
    payload = file.data[binary[0].start : binary[0].start + binary[0].length]
    links = _links(file, binary[0].type, payload, said)
    _check_sums(file, texts, payload, math.prod(said.extents))
    _check_digest(file, found, texts)
    record = "scidac-record-xml"  # where usqcdInfo keeps its numbers
    numbers = {name: _number(texts.get(record, ""), tag) for name, tag in ((PLAQUETTE, "plaq"), (LINK_TRACE, "linktr"))}
    measured = check_links(file, links, f"record {record}", numbers, tolerance)
    kind = "ildg" if "ildg-format" in texts else "scidac"
    told = {"precision": said.precision, "extents": our_extents(said.extents), "kind": kind, "records": texts}
    return links, told | measured


def ildg_parts(links: np.ndarray, precision: int, *, lfn: str = "lfn:/unregistered", title: str = "") -> Iterator[Any]:
    """The bytes of an ILDG file.  lfn: its logical name in the ILDG catalogue; title: what the field is."""
    if links.shape[1] != 4:
        raise ValueError(f"ILDG files hold 4 dimensions, got {links.shape[1]}: write format = 'scidac'")
    extents = dict(zip(("lx", "ly", "lz", "lt"), file_extents(links.shape[4:])))
    field = {"version": "1.0", "field": f"su{links.shape[2]}gauge", "precision": precision, **extents}
    extra = lime.record("ildg-format", element("ildgFormat", _ILDG_SCHEMA, **field))
    yield from _parts(links, precision, title, extra + lime.record("ildg-data-lfn", lfn.encode()), _BINARY[0])


def scidac_parts(links: np.ndarray, precision: int, *, title: str = "") -> Iterator[Any]:
    """The bytes of a SciDAC file of any N and dimension.  title: what the field is."""
    yield from _parts(links, precision, title, b"", _BINARY[1])


def _parts(links: np.ndarray, precision: int, title: str, extra: bytes, binary: str) -> Iterator[Any]:
    """Records in the order of QIO; the last one holds the SHA-256 of all before."""
    reals = np.ascontiguousarray(to_file(links)).view(f"f{precision // 8}").astype(f">f{precision // 8}")
    data = raw(reals)
    suma, sumb = scidac_sums(reals, len(data) // math.prod(links.shape[4:]))
    sums = element("scidacChecksum", version="1.0", suma=f"{suma:x}", sumb=f"{sumb:x}")
    written = [
        _file_records(links, title) + _record_records(links, precision) + extra,
        lime.record_header(binary, len(data)),
        data,
        lime.padding(len(data)) + lime.record(_SUMS, sums, end=True),
    ]
    yield from written
    yield lime.record(_DIGEST, sha256(written).encode(), begin=True, end=True)


def _file_records(links: np.ndarray, title: str) -> bytes:
    extents = file_extents(links.shape[4:])
    dims = "".join(f"{e} " for e in extents)
    private = element("scidacFile", version="1.1", spacetime=len(extents), dims=dims, volfmt=0)
    user = element(_OURS, title=title or "gauge field")
    return lime.record("scidac-private-file-xml", private, begin=True) + lime.record("scidac-file-xml", user, end=True)


def _record_records(links: np.ndarray, precision: int) -> bytes:
    dim, n = links.shape[1:3]
    letter = "F" if precision == 32 else "D"
    private = element(
        "scidacRecord",
        version="1.1",
        date=time.strftime("%a %b %d %H:%M:%S %Y UTC", time.gmtime()),
        recordtype=0,
        datatype=f"QDP_{letter}{n}_ColorMatrix",
        precision=letter,
        colors=n,
        typesize=n * n * precision // 4,
        datacount=dim,
    )
    plaquette, trace = f"{mean_plaquette(links):.17g}", f"{mean_link_trace(links):.17g}"
    user = element("usqcdInfo", version="1.0", plaq=plaquette, linktr=trace, info="")
    return lime.record("scidac-private-record-xml", private, begin=True) + lime.record("scidac-record-xml", user)


def _text(file: GaugeFile, record: lime.Record) -> str:
    return file.bytes(record.start, record.length).rstrip(b"\0").decode("utf-8", "replace")


def _number(text: str, tag: str) -> str:
    found = re.search(rf"<{tag}>\s*([^<\s]+)\s*</{tag}>", text)
    return found.group(1) if found else ""


def _links(file: GaugeFile, record: str, payload: np.ndarray, said: Geometry) -> np.ndarray:
    shape = (*said.extents[::-1], len(said.extents), said.n, said.n)
    if payload.size != (expected := math.prod(shape) * said.precision // 4):
        file.refuse(f"record {record}", f"has {payload.size} bytes, expected {expected} for {said}")
    native = payload.view(f">f{said.precision // 8}").astype(f"f{said.precision // 8}")
    return from_file(native.view(f"c{said.precision // 4}").reshape(shape))


def _check_sums(file: GaugeFile, texts: Texts, payload: np.ndarray, volume: int) -> None:
    if not file.verify:
        return
    said = tags(file, texts, _SUMS)
    if not all(re.fullmatch("[0-9a-fA-F]{1,8}", said.get(name, "")) for name in ("suma", "sumb")):
        file.doubt(f"record {_SUMS}", "is missing or has no suma and sumb, so that the links cannot be verified")
    for name, value in zip(("suma", "sumb"), scidac_sums(payload, payload.size // volume)):
        file.expect(f"record {_SUMS}", name, f"{value:x}", f"{int(said[name], 16):x}")


def _check_digest(file: GaugeFile, found: list[lime.Record], texts: Texts) -> None:
    """The SHA-256 of our own files; they say twice that they are ours, so that no single flip makes them foreign."""
    if _DIGEST not in texts and f"<{_OURS}>" not in texts.get("scidac-file-xml", ""):
        return
    end = found[-2].end if len(found) > 1 else 0
    expected = lime.record(_DIGEST, sha256([raw(file.data[:end])]).encode(), begin=True, end=True)
    if file.bytes(end, file.size) != expected:
        given = texts.get(_DIGEST, "missing")
        file.doubt(f"record {_DIGEST}", f"is {given!r}, expected the SHA-256 of all bytes before the last record")
    elif file.verify:
        file.verified.append("sha256")
