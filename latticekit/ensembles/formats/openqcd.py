"""openQCD files of `export_cnfg`: double-precision SU(3) links, eight at every odd site; read only.  (archive.c)

The file has no checksum. What protects it is its size, the average plaquette in the header, and that every link is in
SU(3) to rounding; a flip that changes a number by less than that cannot be seen (docs/formats.md).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from latticekit.ensembles.formats.checks import GaugeFile, Stated
from latticekit.ensembles.formats.physics import check_group, defects, mean_link_trace, mean_plaquette

_HEADER = 24
_EPS = float(np.finfo(np.float64).eps)
_DEFECT = 64 * _EPS
"""openQCD's own tolerance for boundary links."""


def recognises(file: GaugeFile) -> bool:
    """There is no magic number: four even extents that explain the size."""
    sites = _sites(file)
    return len(sites) == 4 and all(e > 0 and e % 2 == 0 for e in sites) and file.size == _size(sites)


def read(file: GaugeFile, tolerance: float | None) -> tuple[np.ndarray, dict[str, Any]]:
    """Links (1, mu, 3, 3, t, x, y, z). Open boundaries: the vanishing time links at the end become unit matrices."""
    sites = _sites(file)
    if not recognises(file):
        file.refuse(
            "header", f"{file.size} bytes and extents {sites}: expected four even extents that explain the size"
        )
    reals = file.data[_HEADER:].view("<f8").astype(np.float64)
    links = _from_odd_sites(reals.view(np.complex128).reshape(-1, 4, 2, 3, 3), sites)
    absent = ~np.any(links[0, 0, :, :, -1], axis=(0, 1))
    is_open = bool(absent.all())
    measured = _checked(file, links, is_open, _DEFECT if tolerance is None else tolerance)
    if is_open:
        links[0, 0, :, :, -1] = np.eye(3)[:, :, None, None, None]
    return links, {"precision": 64, "extents": sites, "boundary": "open" if is_open else "periodic", **measured}


def _sites(file: GaugeFile) -> tuple[int, ...]:
    head = file.head[:16]
    return tuple(np.frombuffer(head, "<i4").tolist()) if len(head) == 16 else ()


def _size(sites: tuple[int, ...]) -> int:
    return _HEADER + math.prod(sites) * 4 * 9 * 16


def _from_odd_sites(eight: np.ndarray, sites: tuple[int, ...]) -> np.ndarray:
    """(odd site, mu, forward or backward, 3, 3) -> (1, mu, 3, 3, *sites); the backward link ends at the odd site."""
    odd = np.sum(np.indices(sites), axis=0) % 2 == 1
    forward, backward = np.moveaxis(eight, 2, 0)
    links = np.zeros((4, 3, 3, *sites), np.complex128)
    for mu in range(4):
        back = np.zeros((3, 3, *sites), np.complex128)
        back[:, :, odd] = np.moveaxis(backward[:, mu], 0, -1)
        links[mu] = np.roll(back, -1, axis=2 + mu)
        links[mu][:, :, odd] = np.moveaxis(forward[:, mu], 0, -1)
    return links[None]


def _checked(file: GaugeFile, links: np.ndarray, is_open: bool, tolerance: float) -> dict[str, Any]:
    if not file.verify:
        return {}
    count = 6 * math.prod(links.shape[4:])
    stored = float(np.frombuffer(file.bytes(16, 8), "<f8")[0])
    with np.errstate(all="ignore"):
        average = mean_plaquette(links)
        limit = math.sqrt(count) * _EPS  # of the trace, which is 3 times ours
        file.expect_close("header", "average plaquette (trace)", 3 * average, Stated(stored, limit))
        defect = defects(links)
        if is_open:
            defect[0, -1] = 0
        worst = check_group(file, defect, tolerance)
    return {"plaquette": average, "link_trace": mean_link_trace(links), "defect": worst}
