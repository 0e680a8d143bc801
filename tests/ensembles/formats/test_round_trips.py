"""What is written is read again: the same bits, for every group, dimension, precision and byte order."""

import os
import zlib

import numpy as np
import pytest

from latticekit.ensembles.formats import FormatError, read_links, write_links
from latticekit.ensembles.formats import lime as lime_module
from latticekit.ensembles.formats.checks import GaugeFile
from tests.ensembles.formats import foreign

U = foreign.field(3, (4, 2, 6, 8), seed=1)


@pytest.mark.parametrize(
    ("format", "options"),
    [("nersc", {}), ("nersc", {"byteorder": "little"}), ("ildg", {}), ("scidac", {})],
)
@pytest.mark.parametrize("n", [2, 3, 4])
def test_bits_return(tmp_path, format, options, n):
    u = foreign.field(n, (2, 4, 6, 2), seed=n)
    write_links(tmp_path / "u", u, format, **options)
    links, found = read_links(tmp_path / "u")
    assert links.dtype == np.complex128
    np.testing.assert_array_equal(links, u)
    assert found["format"] == format
    assert {"sha256", "plaquette", "link_trace", "unitarity"} <= set(found["verified"])
    assert found["plaquette"] == pytest.approx(foreign.plaquette(u), abs=1e-14)
    assert found["link_trace"] == pytest.approx(foreign.link_trace(u), abs=1e-14)


@pytest.mark.parametrize("sites", [(4, 6), (2, 4, 6), (4,), (2, 2, 4, 2, 2)])
def test_scidac_holds_any_dimension(tmp_path, sites):
    u = foreign.field(2, sites)
    write_links(tmp_path / "u", u, "scidac")
    links, found = read_links(tmp_path / "u")
    np.testing.assert_array_equal(links, u)
    assert found["extents"] == sites


@pytest.mark.parametrize("format", ["nersc", "ildg"])
def test_four_dimensions_only(tmp_path, format):
    with pytest.raises(ValueError, match="hold 4 dimensions, got 2: write format = 'scidac'"):
        write_links(tmp_path / "u", foreign.field(3, (4, 4)), format)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format", ["nersc", "ildg", "scidac"])
@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_single_precision(tmp_path, format, dtype):
    write_links(tmp_path / "u", U.astype(dtype), format, precision=32)
    links, _ = read_links(tmp_path / "u")
    assert links.dtype == np.complex64
    np.testing.assert_array_equal(links, U.astype(np.complex64))


@pytest.mark.parametrize("precision", [32, 64])
@pytest.mark.parametrize("n", [2, 3, 4])
def test_compressed(tmp_path, precision, n):
    u = foreign.field(n, (2, 4, 2, 4), seed=n)
    write_links(tmp_path / "u", u, "nersc", precision, compressed=True)
    links, found = read_links(tmp_path / "u")
    np.testing.assert_array_equal(links[:, :, :-1], u[:, :, :-1].astype(links.dtype))
    assert np.max(np.abs(links - u)) < (1e-6 if precision == 32 else 5e-15)
    assert found["header"]["DATATYPE"] == f"4D_SU{n}_GAUGE"


def test_our_nersc_file_is_one_of_theirs(tmp_path):
    """Payload and checksum byte for byte as built from the published layout."""
    write_links(tmp_path / "u", U, "nersc", precision=32, compressed=True, ensemble="e1", label="beta 6.0", sequence=17)
    content = (tmp_path / "u").read_bytes()
    theirs = foreign.nersc(U, rows=2)
    ours = read_links(tmp_path / "u")[1]["header"]
    start = theirs.index(b"END_HEADER\n")
    assert content[content.index(b"END_HEADER\n") :] == theirs[start:]
    assert f"CHECKSUM = {ours['CHECKSUM']}\n" in theirs[:start].decode()
    assert (ours["ENSEMBLE_ID"], ours["ENSEMBLE_LABEL"], ours["SEQUENCE_NUMBER"]) == ("e1", "beta 6.0", "17")


def test_our_ildg_file_is_one_of_theirs(tmp_path):
    """Records in the order of QIO, with its payload, geometry and checksums."""
    write_links(tmp_path / "u", U, "ildg", lfn="lfn://a/b", title="a < b")
    file = GaugeFile(tmp_path / "u")
    records = lime_module.records(file)
    theirs = foreign.scidac_records(U, checksum=zlib.crc32)
    assert [r.type for r in records] == [*theirs, "latticekit-sha256"]
    data = {r.type: file.bytes(r.start, r.length) for r in records}
    assert data["ildg-binary-data"] == theirs["ildg-binary-data"][0]
    for same in ("scidac-private-file-xml", "scidac-checksum"):
        assert data[same] == theirs[same][0].rstrip(b"\0")
    for tag in (b"<field>su3gauge<", b"<precision>64<", b"<lx>2<", b"<ly>6<", b"<lz>8<", b"<lt>4<"):
        assert tag in data["ildg-format"]
    assert data["ildg-data-lfn"] == b"lfn://a/b"
    assert b"<title>a &lt; b</title>" in data["scidac-file-xml"]
    headers = [file.bytes(r.start - 144, 8).hex() for r in records]
    assert [h[12:] for h in headers] == ["8000", "4000", "8000", *["0000"] * 4, "4000", "c000"]


def test_any_strides_and_read_only(tmp_path):
    u = U.copy()
    u.flags.writeable = False
    strided = np.moveaxis(np.ascontiguousarray(np.moveaxis(u, 3, 0)), 0, 3)
    write_links(tmp_path / "a", strided, "ildg")
    np.testing.assert_array_equal(read_links(tmp_path / "a")[0], U)
    np.testing.assert_array_equal(u, U)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    write_links(tmp_path / "u", U)
    before = (tmp_path / "u").read_bytes()

    def fails(fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(FormatError, match=r"cannot write .*u: No space left on device\. What was there before is unto"):
        write_links(tmp_path / "u", foreign.field(3, (2, 2, 2, 2)))
    monkeypatch.undo()
    assert [p.name for p in tmp_path.iterdir()] == ["u"]
    assert (tmp_path / "u").read_bytes() == before
    write_links(tmp_path / "u", U[:, :, :, :, :2], "ildg")
    assert read_links(tmp_path / "u")[0].shape[4:] == (2, 2, 6, 8)


def test_a_missing_folder(tmp_path):
    with pytest.raises(FormatError, match=r"cannot write .*No such file or directory"):
        write_links(tmp_path / "no" / "u", U)
    with pytest.raises(FormatError, match=r"cannot read .*No such file or directory"):
        read_links(tmp_path / "no")


@pytest.mark.parametrize(
    ("links", "arguments", "words"),
    [
        (U[0], {}, "one complex configuration"),
        (np.concatenate([U, U]), {}, "one file per chain and draw"),
        (U.real, {}, "one complex configuration"),
        (1.0001 * U, {}, "away from SU\\(N\\).*project the field first"),
        (np.where(U[0, 0, 0, 0, 0, 0, 0, 0] == U, np.nan, U), {}, "nan away from SU"),
        (U, {"format": "milc"}, "latticekit can write nersc, ildg, scidac"),
        (U, {"precision": 16}, "precision must be 32 or 64"),
        (U, {"byteorder": "middle"}, "byteorder must be 'big' or 'little'"),
        (U, {"label": "two\nlines"}, "label must be one line of ASCII"),
    ],
)
def test_what_cannot_be_written(tmp_path, links, arguments, words):
    with pytest.raises(ValueError, match=words):
        write_links(tmp_path / "u", links, **arguments)
    assert list(tmp_path.iterdir()) == []
