"""Files written by others: every layout is read bit for bit, axes and directions where they belong."""

import zlib

import numpy as np
import pytest

from latticekit.ensembles.formats import FormatError, read_links
from latticekit.ensembles.formats.checksums import milc_sums, scidac_sums, word_sum
from latticekit.fields import plane_averages
from tests.ensembles.formats import foreign

SITES = (4, 2, 6, 8)  # t, x, y, z: all different, all even
U = foreign.field(3, SITES)
SINGLE = U.astype(np.complex64)

NERSC = {
    ">f": "IEEE32BIG",
    "<f": "IEEE32LITTLE",
    ">d": "IEEE64BIG",
    "<d": "IEEE64LITTLE",
}


def read(tmp_path, content, **arguments):
    path = tmp_path / "file"
    path.write_bytes(content)
    return read_links(path, **arguments)


def assert_is(links, u):
    """The same bits, whichever the precision, and the same plaquette in each plane."""
    assert links.shape == u.shape
    np.testing.assert_array_equal(links, u.astype(links.dtype))
    each = list(foreign.planes(u.astype(np.complex128)).values())
    np.testing.assert_allclose(plane_averages(links)[0], each, atol=1e-13 if links.dtype == complex else 1e-7)


@pytest.mark.parametrize("kind", NERSC)
def test_nersc(tmp_path, kind):
    links, found = read(tmp_path, foreign.nersc(U, kind=kind, floating_point=NERSC[kind]))
    assert_is(links, U)
    assert links.dtype == (np.complex64 if kind[1] == "f" else np.complex128)
    assert found["format"] == "nersc"
    assert found["extents"] == SITES
    assert found["header"]["CREATOR"] == "somebody"
    assert found["verified"] == ("checksum", "plaquette", "link_trace", "unitarity")


@pytest.mark.parametrize("kind", NERSC)
def test_nersc_two_rows(tmp_path, kind):
    links, _ = read(tmp_path, foreign.nersc(U, rows=2, kind=kind, floating_point=NERSC[kind]))
    np.testing.assert_array_equal(links[:, :, :2], U[:, :, :2].astype(links.dtype))
    assert np.max(np.abs(links[:, :, 2] - U[:, :, 2])) < (1e-6 if kind[1] == "f" else 1e-14)


@pytest.mark.parametrize("kind", NERSC)
def test_nersc_whose_byte_order_only_the_checksum_tells(tmp_path, kind):
    name = "IEEE32" if kind[1] == "f" else "IEEE64"
    assert_is(read(tmp_path, foreign.nersc(U, kind=kind, floating_point=name))[0], U)


@pytest.mark.parametrize("n", [2, 4])
@pytest.mark.parametrize("short", [0, 1])
def test_nersc_of_other_groups(tmp_path, n, short):
    u = foreign.field(n, (2, 4, 2, 6))
    links, _ = read(tmp_path, foreign.nersc(u, rows=n - short, kind="<d", floating_point="IEEE64"))
    assert np.max(np.abs(links - u)) <= (1e-14 if short else 0)


def test_nersc_of_milc(tmp_path):
    """MILC writes no FLOATING_POINT (it is IEEE32BIG) and lines of its own."""
    content = foreign.nersc(U, rows=2, FLOATING_POINT=None, MILC_INFO="-------BEGIN-------", nx=2)
    links, found = read(tmp_path, content)
    np.testing.assert_array_equal(links[:, :, :2], SINGLE[:, :, :2])
    assert found["header"]["nx"] == "2"


@pytest.mark.parametrize("precision", [32, 64])
@pytest.mark.parametrize("ildg", [True, False])
def test_scidac(tmp_path, precision, ildg):
    links, found = read(tmp_path, foreign.lime(foreign.scidac_records(U, precision, ildg, checksum=zlib.crc32)))
    assert_is(links, U)
    assert found["format"] == ("ildg" if ildg else "scidac")
    assert found["verified"] == (*(["geometry"] if ildg else []), "suma", "sumb", "unitarity")


def test_scidac_with_usqcd_info(tmp_path):
    """As MILC leaves it, in seven digits."""
    info = {"version": "1.0", "plaq": f"{foreign.plaquette(U):e}", "linktr": f"{foreign.link_trace(U):e}"}
    _, found = read(tmp_path, foreign.lime(foreign.scidac_records(U, info=info, checksum=zlib.crc32)))
    assert {"plaquette", "link_trace"} <= set(found["verified"])
    wrong = info | {"plaq": f"{foreign.plaquette(U) + 2e-5:e}"}
    with pytest.raises(FormatError, match=r"record scidac-record-xml: plaquette of the links is .* expected"):
        read(tmp_path, foreign.lime(foreign.scidac_records(U, info=wrong, checksum=zlib.crc32)))


def test_ildg_alone(tmp_path):
    """No SciDAC metadata but the checksum, one message of four records: as other collaborations write it."""
    records = foreign.scidac_records(U, checksum=zlib.crc32)
    kept = {k: v for k, v in records.items() if k.startswith("ildg") or k == "scidac-checksum"}
    links, found = read(tmp_path, foreign.lime(kept))
    assert_is(links, U)
    assert found["records"]["ildg-data-lfn"] == "lfn://somewhere/else"


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("listed", [False, True])
def test_milc(tmp_path, order, listed):
    links, found = read(tmp_path, foreign.milc(U, order, listed))
    assert links.dtype == np.complex64
    assert_is(links, U)
    assert found["time_stamp"] == "Tue Mar 13 15:47:22 2012"
    assert found["verified"] == ("sum29", "sum31", "unitarity")


def test_openqcd(tmp_path):
    links, found = read(tmp_path, foreign.openqcd(U))
    assert_is(links, U)
    assert found["boundary"] == "periodic"
    assert found["verified"] == ("average plaquette (trace)", "unitarity")


def test_openqcd_with_open_boundaries(tmp_path):
    """The time links at the end are zero in the file and do not exist; ours are unit matrices."""
    u = U.copy()
    u[0, 0, :, :, -1] = 0
    links, found = read(tmp_path, foreign.openqcd(u))
    assert found["boundary"] == "open"
    u[0, 0, :, :, -1] = np.eye(3)[:, :, None, None, None]
    np.testing.assert_array_equal(links, u)


def test_openqcd_needs_the_average_plaquette(tmp_path):
    content = bytearray(foreign.openqcd(U))
    content[16:24] = np.float64(3 * foreign.plaquette(U) + 2e-13).tobytes()
    with pytest.raises(FormatError, match=r"header: average plaquette \(trace\) of the links is .* tolerance 1\.1e-14"):
        read(tmp_path, bytes(content))


def test_the_bitwise_crc_of_the_tests_is_the_usual_one():
    assert foreign.crc32(b"123456789") == 0xCBF43926


class TestNumbersOfOtherPrograms:
    """What MILC 7 (2024-07) and QIO (2022-03) computed for the field `clock` on x, y, z, t = 4, 6, 2, 8."""

    u = foreign.clock((8, 4, 6, 2))

    def test_checksums_of_milc_version_5(self):
        words = np.frombuffer(foreign.packed(self.u, 3, "<f"), "<u4")
        assert milc_sums(words) == (0x97A96AC4, 0xE237C744)

    def test_checksum_of_its_archive_files(self):
        assert word_sum(np.frombuffer(foreign.packed(self.u, 2, ">f"), ">u4")) == 0xA3D71800
        assert word_sum(np.frombuffer(foreign.packed(self.u, 3, ">d"), ">u4")) == 0xA3D6C200

    @pytest.mark.parametrize(("kind", "sums"), [("d", (0xB92888A2, 0x6E2FD9E3)), ("f", (0x1ED8C984, 0x99972F74))])
    def test_checksums_of_qio(self, kind, sums):
        payload = np.frombuffer(foreign.packed(self.u, 3, f">{kind}"), np.uint8)
        assert scidac_sums(payload, 4 * 18 * (8 if kind == "d" else 4)) == sums

    def test_plaquettes_in_space_and_with_time(self, tmp_path):
        links, found = read(tmp_path, foreign.milc(self.u))
        each = plane_averages(links)[0]
        assert each[3:].sum() == pytest.approx(1.6808888888888879e-01, abs=1e-8)
        assert each[:3].sum() == pytest.approx(5.1525925925925090e-03, abs=1e-8)
        assert found["link_trace"] == pytest.approx(0.1054166667, abs=1e-8)

    def test_unit_links_of_tmlqcd(self):
        """suma and sumb of a stored 4^4 file of unit links."""
        unit = np.zeros((1, 4, 3, 3, 4, 4, 4, 4)) + np.eye(3)[:, :, None, None, None, None]
        assert scidac_sums(np.frombuffer(foreign.packed(unit, 3, ">d"), np.uint8), 576) == (0x35B49A1B, 0xB49A1B35)
