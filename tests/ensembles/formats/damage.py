"""One flipped bit, one cut: what a reader makes of it."""

import zlib
from typing import NamedTuple

import numpy as np

from latticekit.arrays import using_kernels
from latticekit.ensembles.formats import FormatError, read_links, write_links
from tests.ensembles.formats import foreign

U = foreign.field(3, (2, 4, 2, 2), seed=3)


NAMES = [
    *("own nersc", "own nersc, two rows, single", "own ildg", "own scidac", "nersc", "nersc, two rows, single"),
    *("ildg", "scidac", "milc", "milc, site list", "openqcd"),
]


def own(tmp_path, format, **options):
    """Bytes of a file of our writers."""
    write_links(tmp_path / "own", U, format, **options)
    return (tmp_path / "own").read_bytes()


def files(tmp_path):
    """Every format, as we write it and as others do."""
    with using_kernels("reference"):
        return {
            "own nersc": own(tmp_path, "nersc"),
            "own nersc, two rows, single": own(tmp_path, "nersc", precision=32, compressed=True),
            "own ildg": own(tmp_path, "ildg"),
            "own scidac": own(tmp_path, "scidac", precision=32),
            "nersc": foreign.nersc(U, kind=">d", floating_point="IEEE64BIG"),
            "nersc, two rows, single": foreign.nersc(U, rows=2),
            "ildg": foreign.lime(foreign.scidac_records(U, checksum=zlib.crc32)),
            "scidac": foreign.lime(foreign.scidac_records(U, 32, ildg=False, checksum=zlib.crc32)),
            "milc": foreign.milc(U),
            "milc, site list": foreign.milc(U, ">", listed=True),
            "openqcd": foreign.openqcd(U),
        }


class Outcome(NamedTuple):
    """detected: refused.  label: the same links and geometry, some text differs.  silent: other links."""

    what: str
    change: float = 0.0


def outcome(path, content, good):
    """Of reading damaged content whose undamaged reading was `good`."""
    path.write_bytes(content)
    try:
        with using_kernels("reference"):
            links, found = read_links(path)
    except FormatError:
        return Outcome("detected")
    same = links.shape == good[0].shape and links.dtype == good[0].dtype
    if same and np.array_equal(links.view(np.uint8), good[0].view(np.uint8)) and found["extents"] == good[1]["extents"]:
        return Outcome("label")
    return Outcome("silent", float(np.max(np.abs(links - good[0]))) if same else np.inf)


def undamaged(path, content):
    """Links and metadata."""
    path.write_bytes(content)
    with using_kernels("reference"):
        return read_links(path)


def flips(path, content, count, seed):
    """Outcomes of single flipped bits at random places: [(place, outcome)]"""
    good, rng, found = undamaged(path, content), np.random.default_rng(seed), []
    for _ in range(count):
        damaged, place = bytearray(content), int(rng.integers(len(content)))
        damaged[place] ^= 1 << int(rng.integers(8))
        found.append((place, outcome(path, bytes(damaged), good)))
    return found


def flips_at(path, content, places):
    """Outcomes of every single bit flipped at these places: [(place, outcome)]"""
    good, found = undamaged(path, content), []
    for place in places:
        for bit in range(8):
            damaged = bytearray(content)
            damaged[place] ^= 1 << bit
            found.append((place, outcome(path, bytes(damaged), good)))
    return found


def cuts(path, content, sizes):
    """Outcomes of a file that ends early: [(size, outcome)]"""
    good = undamaged(path, content)
    return [(size, outcome(path, content[:size], good)) for size in sizes]


def assert_caught(name, found):
    """No flip changes links unseen; in files of ours none goes unseen at all.

    openQCD files have no checksum: a flip must change a number by less than the tolerance of unitarity to pass.
    """
    silent = [(place, o) for place, o in found if o.what == "silent"]
    if name == "openqcd":
        assert all(o.change < 4 * 1.5e-14 for _, o in silent), max(o.change for _, o in silent)
    else:
        assert silent == [], name
    if name.startswith("own"):
        assert {o.what for _, o in found} == {"detected"}, [place for place, o in found if o.what != "detected"]
