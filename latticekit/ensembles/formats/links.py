"""`read_links` and `write_links`: one configuration from and to a file of the field's formats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from latticekit.ensembles.durable import flush, partial_of
from latticekit.ensembles.formats import milc, nersc, openqcd, scidac
from latticekit.ensembles.formats.checks import FormatError, GaugeFile
from latticekit.ensembles.formats.physics import defects

Reader = Callable[[GaugeFile, float | None], tuple[np.ndarray, dict[str, Any]]]


class Format(NamedTuple):
    """How a format is told from the first bytes, and read."""

    recognises: Callable[[GaugeFile], bool]
    read: Reader


READERS = {
    "nersc": Format(nersc.recognises, nersc.read),
    "ildg": Format(scidac.recognises, scidac.read),
    "milc": Format(milc.recognises, milc.read),
    "openqcd": Format(openqcd.recognises, openqcd.read),
}
WRITERS: dict[str, Callable[..., Iterator[Any]]] = {
    "nersc": nersc.parts,
    "ildg": scidac.ildg_parts,
    "scidac": scidac.scidac_parts,
}
_ALIASES = {"scidac": "ildg", "lime": "ildg"}
_DEFECT = {32: 1e-6, 64: 1e-10}


def read_links(
    path: str | Path, format: str | None = None, verify: bool = True, tolerance: float | None = None
) -> tuple[np.ndarray, dict[str, Any]]:
    """One gauge configuration: links (1, mu, N, N, *sites), time first, in the precision of the file, and its metadata.

    format: "nersc", "ildg" (or "scidac", "lime"), "milc", "openqcd"; None recognises it from the content.
    verify: check all that the format allows (checksums, SHA-256, plaquette, link trace, distance from SU(N)) and raise
    FormatError where something does not hold. False returns what is there unchecked, if its size is right.
    tolerance: largest accepted distance of a link from SU(N), max |U U^dagger - 1| and |det U - 1|; by default 1e-9
    (32 bits: 1e-5; openQCD: 1.4e-14).
    The metadata lists under "verified" what was checked.
    """
    asked = None if format is None else _named(format, READERS, "read")
    file = GaugeFile(Path(path).expanduser(), verify)
    name = asked or _recognised(file)
    if not READERS[name].recognises(file):
        file.refuse("first bytes", f"{file.head[:16]!r} begin no {name} file")
    links, found = READERS[name].read(file, tolerance)
    return links, {"format": found.pop("kind", name), **found, "verified": tuple(file.verified)}


def is_gauge_file(path: str | Path) -> bool:
    """Whether `read_links` would know the format of a file."""
    place = Path(path).expanduser()
    if not place.is_file():
        return False
    file = GaugeFile(place)
    return any(one.recognises(file) for one in READERS.values())


def write_links(
    path: str | Path, links: np.ndarray, format: str = "nersc", precision: int = 64, **options: Any
) -> None:
    """Write one gauge configuration, links (1, mu, N, N, *sites) with time first; the file appears whole or not at all.

    format: "nersc" (4 dimensions; options compressed, byteorder, ensemble, label, sequence), "ildg" (4 dimensions;
    lfn, title) or "scidac" (any dimension; title).  precision: 32 or 64 bits per real number. An existing file is
    replaced. In 64 bits, and not compressed, `read_links` returns the same bits.
    """
    name = _named(format, WRITERS, "write", aliases={})
    fitting = _checked(links, precision)
    _replace(Path(path).expanduser(), WRITERS[name](fitting, precision, **options))


def _recognised(file: GaugeFile) -> str:
    for name, one in READERS.items():
        if one.recognises(file):
            return name
    raise FormatError(
        f"{file.path} ({file.size} bytes, beginning with {file.head[:16]!r}) is no gauge file that latticekit "
        f"knows: it reads {', '.join(READERS)}. If it should be one of these it is damaged: restore it from a copy."
    )


def _named(name: str, known: dict[str, Any], verb: str, aliases: dict[str, str] = _ALIASES) -> str:
    found = aliases.get(name, name)
    if found not in known:
        raise ValueError(f"cannot {verb} format {name!r}: latticekit can {verb} {', '.join(known)}")
    return found


def _checked(links: np.ndarray, precision: int) -> np.ndarray:
    """Links as the file will hold them; ValueError unless they are one configuration in SU(N)."""
    x = np.asarray(links)
    if precision not in (32, 64):
        raise ValueError(f"precision must be 32 or 64 (bits per real number), got {precision!r}")
    if x.ndim < 5 or x.shape[0] != 1 or x.shape[1] != x.ndim - 4 or x.shape[2] != x.shape[3] or x.dtype.kind != "c":
        raise ValueError(
            "links must be one complex configuration (1, mu, N, N, *sites) with one direction per site axis, got "
            f"{x.dtype} {x.shape}: write one file per chain and draw, links[c : c + 1]"
        )
    worst = float(np.max(defects(x), initial=0.0))
    if not worst <= _DEFECT[32 if x.dtype == np.complex64 else precision]:
        raise ValueError(
            f"a link is {worst:.1e} away from SU(N) and would be refused by readers: project the field first"
        )
    return x.astype(np.complex64 if precision == 32 else np.complex128)


def _replace(path: Path, parts: Iterable[Any]) -> None:
    """Write under another name, flush to the disk, rename."""
    fresh = partial_of(path)
    try:
        with fresh.open("wb") as stream:
            for part in parts:
                stream.write(part)
        flush([fresh])
        fresh.replace(path)
        flush([path.absolute().parent])
    except OSError as error:
        raise FormatError(
            f"cannot write {path}: {error.strerror or error}. What was there before is untouched."
        ) from error
    finally:
        fresh.unlink(missing_ok=True)
