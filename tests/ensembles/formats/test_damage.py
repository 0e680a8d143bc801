"""Flipped bits and cut files of every format, and what the refusals say.  The campaign has all places."""

import numpy as np
import pytest

from latticekit.ensembles.formats import FormatError, read_links
from tests.ensembles.formats import damage, foreign


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return damage.files(tmp_path_factory.mktemp("files"))


@pytest.mark.parametrize("name", damage.NAMES)
def test_a_flipped_bit(files, tmp_path, name):
    damage.assert_caught(name, damage.flips(tmp_path / "file", files[name], 60, seed=7))


@pytest.mark.parametrize("name", damage.NAMES)
def test_a_cut(files, tmp_path, name):
    content = files[name]
    rng = np.random.default_rng(5)
    sizes = {0, 1, 3, 4, 15, 16, 24, 87, 88, 96, 143, 144, len(content) - 1, *rng.integers(len(content), size=20)}
    found = damage.cuts(tmp_path / "file", content, sorted(int(s) for s in sizes))
    assert {o.what for _, o in found} == {"detected"}


def test_a_line_end_lost_in_a_header_of_ours(files, tmp_path):
    """It joins two lines, and so can hide two keys at once."""
    content = files["own nersc"]
    ends = [i for i, c in enumerate(content[: content.index(b"END_HEADER") + 11]) if c == 10]
    damage.assert_caught("own nersc", damage.flips_at(tmp_path / "file", content, ends))


def test_swapped_words_pass_the_sum_of_nersc_but_not_ours(files, tmp_path):
    def swapped(content):
        a = bytearray(content)
        a[-8:-4], a[-16:-12] = a[-16:-12], a[-8:-4]
        return bytes(a)

    for name, words in (("own nersc", "LATTICEKIT_SHA256: sha256 is"), ("nersc", "plaquette|distance from SU")):
        (tmp_path / "file").write_bytes(swapped(files[name]))
        with pytest.raises(FormatError, match=words):
            read_links(tmp_path / "file")


def test_the_digest_cannot_be_lost(files, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(files["own nersc"].replace(b"LATTICEKIT_SHA256", b"LATTICEKIT_SHA257"))
    with pytest.raises(FormatError, match="LATTICEKIT_SHA256: is missing or misspelt"):
        read_links(path)
    content = files["own ildg"]
    path.write_bytes(content[: content.rindex(b"\x45\x67\x89\xab")])
    with pytest.raises(FormatError, match=r"record latticekit-sha256: is 'missing', expected the SHA-256"):
        read_links(path)


def damaged_payload(content):
    a = bytearray(content)
    a[-20] ^= 16
    return bytes(a)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nersc", r"header line CHECKSUM against the links: checksum is \w+, expected \w+"),
        ("milc", r"checksums: sum29 is \w+, expected \w+"),
    ],
)
def test_the_message_says_where_and_what_and_what_to_do(files, tmp_path, name, words):
    path = tmp_path / "file"
    path.write_bytes(damaged_payload(files[name]))
    with pytest.raises(FormatError, match=rf"{words}.*restore it from a copy.*verify=False") as found:
        read_links(path)
    assert str(path) in str(found.value)
    links, metadata = read_links(path, verify=False)
    assert metadata["verified"] == ()
    assert np.count_nonzero(links != damage.undamaged(path, files[name])[0]) == 1


def test_a_scidac_checksum_must_be_there(files, tmp_path):
    records = foreign.scidac_records(damage.U)
    del records["scidac-checksum"]
    path = tmp_path / "file"
    path.write_bytes(foreign.lime(records))
    with pytest.raises(FormatError, match=r"record scidac-checksum: is missing .*verify=False"):
        read_links(path)
    np.testing.assert_array_equal(read_links(path, verify=False)[0], damage.U)


def test_a_scidac_checksum_names_its_record(tmp_path):
    records = foreign.scidac_records(damage.U)
    data, *flags = records["ildg-binary-data"]
    records["ildg-binary-data"] = (damaged_payload(data), *flags)
    (tmp_path / "file").write_bytes(foreign.lime(records))
    with pytest.raises(FormatError, match=r"record scidac-checksum: suma is \w+, expected \w+"):
        read_links(tmp_path / "file")


def test_links_off_the_group_are_named(tmp_path):
    u = damage.U.copy()
    u[0, 2, 1, 0, 1, 3, 0, 1] += 1e-6
    path = tmp_path / "file"
    path.write_bytes(foreign.nersc(u, kind="<d", floating_point="IEEE64LITTLE"))
    with pytest.raises(
        FormatError, match=r"link mu = 2 at site \(1, 3, 0, 1\).*: distance from SU\(N\) is \d\.\de-0[67]"
    ):
        read_links(path)
    np.testing.assert_array_equal(read_links(path, tolerance=1e-5)[0], u)


def test_stated_numbers_are_compared_to_their_last_digit(tmp_path):
    path, plaquette, trace = tmp_path / "file", foreign.plaquette(damage.U), foreign.link_trace(damage.U)
    for wrong in ((plaquette + 3e-10, trace), (plaquette, trace + 3e-10)):
        path.write_bytes(foreign.nersc(damage.U, kind=">d", floating_point="IEEE64BIG", stated=wrong))
        with pytest.raises(FormatError, match=r"header: (plaquette|link_trace) of the links is .* tolerance 1\.0e-10"):
            read_links(path)


def test_contradicting_geometries(tmp_path):
    records = foreign.scidac_records(damage.U)
    data, *flags = records["scidac-private-file-xml"]
    records["scidac-private-file-xml"] = (data.replace(b"4 2 2 2 ", b"2 4 2 2 "), *flags)
    (tmp_path / "file").write_bytes(foreign.lime(records))
    with pytest.raises(FormatError, match=r"ildg-format against scidac-private-record-xml: geometry is .* expected"):
        read_links(tmp_path / "file")


@pytest.mark.parametrize(
    ("content", "format", "words"),
    [
        (b"", None, r"\(0 bytes.* is no gauge file that latticekit knows: it reads nersc, ildg, milc, openqcd"),
        (b"\x89HDF\r\n\x1a\n" * 9, None, "is no gauge file"),
        (b"BEGIN_HEADER\nA = 1\n", None, "header: there is no line END_HEADER"),
        (b"BEGIN_HEADER\nA = 1\nEND_HEADER\n", None, "there is no line DIMENSION_1"),
        (b"anything", "milc", r"first bytes: .* begin no milc file"),
        (foreign.lime_record("scidac-file-xml", b"x", True, True), None, "0 of them hold links, expected 1"),
        (foreign.lime_record("ildg-binary-data", b"x", True, True), None, "neither ildg-format nor scidac-private"),
    ],
)
def test_other_files(tmp_path, content, format, words):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(FormatError, match=words):
        read_links(tmp_path / "file", format)


def test_unknown_formats(tmp_path):
    with pytest.raises(ValueError, match="latticekit can read nersc, ildg, milc, openqcd"):
        read_links(tmp_path / "file", "hdf5")


def test_nersc_headers_that_make_no_sense(tmp_path):
    for lines, words in (
        ({"DATATYPE": "4D_SU3_GAUGE_3x2"}, "header line DATATYPE: is '4D_SU3_GAUGE_3x2'"),
        ({"FLOATING_POINT": "IEEE128"}, "header line FLOATING_POINT: is 'IEEE128', expected one of"),
        ({"DIMENSION_2": "four"}, "header line DIMENSION_2: is 'four', expected an extent"),
        ({"DIMENSION_2": "999999999"}, r"links: the file has \d+ bytes, expected \d+ by its header"),
        ({"CHECKSUM": "what"}, "header line CHECKSUM: is 'what', expected a hexadecimal number"),
        ({"CHECKSUM": None}, "there is no line CHECKSUM"),
    ):
        (tmp_path / "file").write_bytes(foreign.nersc(damage.U, **lines))
        with pytest.raises(FormatError, match=words):
            read_links(tmp_path / "file")


def test_xml_bombs_are_not_read(tmp_path):
    bomb = b'<!DOCTYPE x [<!ENTITY a "b">]><ildgFormat>&a;</ildgFormat>'
    content = foreign.lime_record("ildg-format", bomb, True) + foreign.lime_record("ildg-binary-data", b"", False, True)
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(FormatError, match="XML with declarations of its own is not read"):
        read_links(tmp_path / "file")
