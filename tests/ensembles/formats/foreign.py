"""Gauge files as others write them: built byte by byte from the published layouts, by no code of the library.

NERSC: the Gauge Connection header, Grid's NerscIO.h and MILC's io_lat4.c.  LIME: c-lime, lime_binary_header.h.
SciDAC: QIO, qioxml_private.h and DML_utils.c.  MILC version 5: io_lat.h.  openQCD: the notes of archive.c.
"""

import itertools
import math
import struct

import numpy as np

T, X, Y, Z = range(4)
FILE_DIRECTIONS = (X, Y, Z, T)


def field(n, sites, seed=0):
    """Random links that differ in every direction and at every site.  -> (1, mu, N, N, *sites)"""
    rng = np.random.default_rng(seed)
    shape = (len(sites), *sites, n, n)
    q, r = np.linalg.qr(rng.normal(size=shape) + 1j * rng.normal(size=shape))
    q = q * (np.diagonal(r, axis1=-2, axis2=-1) / abs(np.diagonal(r, axis1=-2, axis2=-1)))[..., None, :]
    q[..., 0, :] /= np.linalg.det(q)[..., None]
    return np.moveaxis(q, (-2, -1), (1, 2))[None].copy()


def clock(sites):
    """A field of short fractions without a zero: the same bits on every machine and in every program."""
    t, x, y, z = np.indices(sites)
    one, two = 0.6 + 0.8j, -0.28 + 0.96j  # two is the square of one
    phases = np.array([[one, one, two.conjugate()], [two, one.conjugate(), one.conjugate()]])
    rotation = np.array([[2, -1, 2], [2, 2, -1], [-1, 2, 2]]) / 3
    u = np.zeros((1, 4, 3, 3, *sites), complex)
    for mu in range(4):
        a, b = (x + 2 * y + 3 * z + t + mu) % 2, (x * y + z + 2 * t + mu * mu * x) % 3
        for i in range(3):
            for j in range(3):
                u[0, mu, i, j] = phases[a, j] * rotation[i, (j + b) % 3]
    return u


def planes(links):
    """Mean of Re tr P / N of every plane (mu, nu), written down plainly.  -> {(mu, nu): number}"""
    u = np.moveaxis(links[0], (1, 2), (-2, -1))
    found = {}
    for mu, nu in itertools.combinations(range(len(u)), 2):
        there = np.roll(u[nu], -1, axis=mu)
        back = np.roll(u[mu], -1, axis=nu)
        p = u[mu] @ there @ np.conj(back.swapaxes(-1, -2)) @ np.conj(u[nu].swapaxes(-1, -2))
        found[mu, nu] = float(np.trace(p, axis1=-2, axis2=-1).real.mean()) / u.shape[-1]
    return found


def plaquette(links):
    """Mean of `planes`."""
    each = planes(links)
    return sum(each.values()) / len(each)


def link_trace(links):
    """Mean of Re tr U / N."""
    return float(np.einsum("cmii...->...", links).real.sum()) / links[:, :, 0].size


def numbers(links, rows):
    """Real and imaginary parts in the order of NERSC, SciDAC and MILC files: sites x fastest, directions x, y, z, t."""
    lt, lx, ly, lz = links.shape[4:]
    for t, z, y, x in itertools.product(range(lt), range(lz), range(ly), range(lx)):
        for mu in FILE_DIRECTIONS:
            for i in range(rows):
                for j in range(links.shape[2]):
                    u = links[0, mu, i, j, t, x, y, z]
                    yield from (u.real, u.imag)


def packed(links, rows, kind):
    """`numbers` as bytes; kind as struct writes it, ">d" or "<f"."""
    values = list(numbers(links, rows))
    return struct.pack(f"{kind[0]}{len(values)}{kind[1]}", *values)


def nersc(links, rows=3, kind=">f", floating_point="IEEE32BIG", stated=None, **lines):
    """A NERSC file.  lines: further header lines, or other values of these; None leaves a line out."""
    data = packed(links, rows, kind)
    words = struct.unpack(f"{kind[0]}{len(data) // 4}I", data)
    n, (lt, lx, ly, lz) = links.shape[2], links.shape[4:]
    plaq, trace = stated or (plaquette(links), link_trace(links))
    header = {
        "HDR_VERSION": "1.0",
        "DATATYPE": f"4D_SU{n}_GAUGE" + (f"_{n}x{n}" if rows == n else ""),
        "DIMENSION_1": lx,
        "DIMENSION_2": ly,
        "DIMENSION_3": lz,
        "DIMENSION_4": lt,
        "CHECKSUM": f"{sum(words) % 2**32:x}",
        "LINK_TRACE": f"{trace:.10f}",
        "PLAQUETTE": f"{plaq:.10f}",
        "CREATOR": "somebody",
        "FLOATING_POINT": floating_point,
    } | lines
    text = "".join(f"{key} = {value}\n" for key, value in header.items() if value is not None)
    return f"BEGIN_HEADER\n{text}END_HEADER\n".encode() + data


def crc32(data):
    """CRC-32 bit by bit, polynomial 0xEDB88320."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0xEDB88320 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def rotated(word, bits):
    """A 32-bit word rotated left."""
    return ((word << bits) | (word >> (32 - bits))) % 2**32


def xor_of_rotated(words, period):
    """Exclusive or of the words, the i-th rotated by i mod period."""
    total = 0
    for i, word in enumerate(words):
        total ^= rotated(word, i % period)
    return total


def lime_record(kind, data, begin=False, end=False):
    """A LIME record."""
    flags = (0x8000 if begin else 0) | (0x4000 if end else 0)
    header = (1164413355).to_bytes(4, "big") + (1).to_bytes(2, "big") + flags.to_bytes(2, "big")
    header += len(data).to_bytes(8, "big") + kind.encode().ljust(128, b"\0")
    return header + data + bytes(-len(data) % 8)


def xml(root, space="", **tags):
    """XML as QIO writes it, with the NUL at the end."""
    inside = "".join(f"<{k}>{v}</{k}>" for k, v in tags.items())
    return f'<?xml version="1.0" encoding="UTF-8"?><{root}{space}>{inside}</{root}>'.encode() + b"\0"


def scidac_records(links, precision=64, ildg=True, info=None, checksum=crc32):
    """{type: (data, begin, end)} in the order of QIO.  info: usqcdInfo as MILC and Chroma leave it."""
    lt, lx, ly, lz = links.shape[4:]
    n, letter = links.shape[2], "F" if precision == 32 else "D"
    data = packed(links, n, ">f" if precision == 32 else ">d")
    size = len(data) // math.prod(links.shape[4:])
    crcs = [checksum(data[i : i + size]) for i in range(0, len(data), size)]
    sums = [f"{xor_of_rotated(crcs, period):x}" for period in (29, 31)]
    record = {"version": "1.1", "date": "Wed Oct 22 14:58:08 2003 UTC", "recordtype": 0}
    record |= {"datatype": f"QDP_{letter}{n}_ColorMatrix", "precision": letter, "colors": n}
    record |= {"typesize": n * n * precision // 4, "datacount": 4}
    form = {"version": "1.0", "field": f"su{n}gauge", "precision": precision, "lx": lx, "ly": ly, "lz": lz, "lt": lt}
    lattice = xml("scidacFile", version="1.1", spacetime=4, dims=f"{lx} {ly} {lz} {lt} ", volfmt=0)
    records = {
        "scidac-private-file-xml": (lattice, True, False),
        "scidac-file-xml": (xml("title"), False, True),
        "scidac-private-record-xml": (xml("scidacRecord", **record), True, False),
        "scidac-record-xml": (xml("usqcdInfo", **(info or {})), False, False),
    }
    if ildg:
        records["ildg-format"] = (xml("ildgFormat", ' xmlns="http://www.lqcd.org/ildg"', **form), False, False)
        records["ildg-data-lfn"] = (b"lfn://somewhere/else\0", False, False)
    records["ildg-binary-data" if ildg else "scidac-binary-data"] = (data, False, False)
    checksums = xml("scidacChecksum", version="1.0", suma=sums[0], sumb=sums[1])
    return records | {"scidac-checksum": (checksums, False, True)}


def lime(records):
    """A LIME file of {type: (data, begin, end)}."""
    return b"".join(lime_record(kind, *content) for kind, content in records.items())


def milc(links, order="<", listed=False):
    """A MILC version 5 file; listed: with a site list, the sites in another order."""
    lt, lx, ly, lz = links.shape[4:]
    volume, data = lt * lx * ly * lz, packed(links, 3, f"{order}f")
    place = list(range(volume))
    if listed:
        place = [(7 * i + 3) % volume for i in range(volume)]
        assert sorted(place) == list(range(volume))
        data = b"".join(data[288 * i : 288 * (i + 1)] for i in place)
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    header = struct.pack(f"{order}5i", 0x4E87, lx, ly, lz, lt) + b"Tue Mar 13 15:47:22 2012".ljust(64, b"\0")
    header += struct.pack(f"{order}i", int(listed))
    if listed:
        header += struct.pack(f"{order}{volume}i", *place)
    return header + struct.pack(f"{order}2I", xor_of_rotated(words, 29), xor_of_rotated(words, 31)) + data


def openqcd(links):
    """An openQCD file of export_cnfg: z runs fastest, at every odd site links forward and backward along t, x, y, z."""
    sites = links.shape[4:]
    average = 3 * plaquette(links)
    content = struct.pack("<4id", *sites, average)
    for site in itertools.product(*map(range, sites)):
        if sum(site) % 2 == 0:
            continue
        for mu in range(4):
            before = tuple((s - (d == mu)) % sites[d] for d, s in enumerate(site))
            for where in (site, before):
                u = np.ascontiguousarray(links[(0, mu, slice(None), slice(None), *where)])
                content += struct.pack("<18d", *u.view(float).ravel())
    return content
