"""XML records of SciDAC and ILDG files, and what they say of the binary one."""

from __future__ import annotations

import math
import re
from typing import NamedTuple
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from latticekit.ensembles.formats.checks import GaugeFile

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
Texts = dict[str, str]
"""Text of every record by its type."""


class Geometry(NamedTuple):
    """Extents in the order x, y, z, t; N; bits per real number."""

    extents: tuple[int, ...]
    n: int
    precision: int


def element(name: str, attributes: str = "", **children: object) -> bytes:
    """A document with one level of elements."""
    inside = "".join(f"<{tag}>{escape(str(text))}</{tag}>" for tag, text in children.items())
    return f"{_DECLARATION}<{name}{' ' if attributes else ''}{attributes}>{inside}</{name}>".encode()


def tags(file: GaugeFile, texts: Texts, record: str) -> dict[str, str]:
    """Texts of all elements of a record by local name; {} if there is no such record."""
    text = texts.get(record, "").strip()
    if not text:
        return {}
    if "<!" in text:
        file.refuse(f"record {record}", "XML with declarations of its own is not read")
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        file.refuse(f"record {record}", f"is no valid XML ({error})")
    return {e.tag.rpartition("}")[2]: (e.text or "").strip() for e in root.iter()}


def geometry(file: GaugeFile, texts: Texts) -> Geometry:
    """From ildg-format and from the private records of SciDAC; where both are there they must agree."""
    found = [g for g in (_ildg(file, texts), _scidac(file, texts)) if g is not None]
    if not found:
        file.refuse("LIME records", "neither ildg-format nor scidac-private-record-xml says what the links are")
    if len(found) == 2:
        file.expect(
            "record ildg-format against scidac-private-record-xml", "geometry", tuple(found[0]), tuple(found[1])
        )
    return found[0]


def _ildg(file: GaugeFile, texts: Texts) -> Geometry | None:
    said = tags(file, texts, "ildg-format")
    if not said:
        return None
    field = re.fullmatch(r"su([2-9]|[1-9]\d)gauge", said.get("field", ""))
    if field is None or said.get("precision") not in ("32", "64"):
        shown = {name: said.get(name) for name in ("field", "precision")}
        file.refuse("record ildg-format", f"says {shown}, expected su3gauge (or another N) in 32 or 64 bits")
    extents = _whole(file, "ildg-format", [said.get(name, "") for name in ("lx", "ly", "lz", "lt")])
    return Geometry(extents, int(field.group(1)), int(said["precision"]))


def _scidac(file: GaugeFile, texts: Texts) -> Geometry | None:
    record = "scidac-private-record-xml"
    lattice, said = tags(file, texts, "scidac-private-file-xml"), tags(file, texts, record)
    if not lattice or not said:
        return None
    extents = _whole(file, "scidac-private-file-xml", lattice.get("dims", "").split())
    size, count = _whole(file, record, [said.get("typesize", ""), said.get("datacount", "")])
    precision = {"F": 32, "D": 64}.get(said.get("precision", ""), 0)
    n = math.isqrt(size * count * 4 // (max(precision, 1) * len(extents)))
    fits = size * count * 4 == n * n * precision * len(extents) and said.get("colors", str(n)) == str(n) and n > 1
    if not fits:
        told = f"{count} x {size} bytes, precision {said.get('precision')!r}, {said.get('colors')} colors"
        file.refuse(f"record {record}", f"{told} per site are no links in {len(extents)} dimensions")
    return Geometry(extents, n, precision)


def _whole(file: GaugeFile, record: str, texts: list[str]) -> tuple[int, ...]:
    if not texts or not all(re.fullmatch("[1-9][0-9]{0,8}", t) for t in texts):
        file.refuse(f"record {record}", f"holds {texts} where positive whole numbers belong")
    return tuple(map(int, texts))
