"""What the links themselves must satisfy: plaquette, link trace, and to be in SU(N)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np

from latticekit.arrays import using_kernels
from latticekit.ensembles.formats.checks import GaugeFile, Stated
from latticekit.fields.plaquettes import plane_averages
from latticekit.groups.matrices import determinant, identity_like, mul_dagger

PLAQUETTE, LINK_TRACE = "plaquette", "link_trace"
_CAP = {PLAQUETTE: 1e-5, LINK_TRACE: 1e-6}
"""Largest accepted difference, however few digits a file states; all that 32 bits allow.  (Grid, NerscIO.h)"""
_FLOOR = 1e-12
_NONE: Mapping[str, str] = {}
_DEFECT = {"complex64": 1e-5, "complex128": 1e-9}


def stated(text: str, cap: float, dtype: np.dtype) -> Stated | None:
    """A decimal number with the tolerance of its last digit; None if it is no number."""
    try:
        unit = float(Decimal((0, (1,), int(Decimal(text).as_tuple().exponent))))
        return Stated(float(text), cap if dtype == np.complex64 else max(_FLOOR, min(cap, unit)))
    except (InvalidOperation, ValueError, OverflowError):
        return None


def mean_plaquette(links: np.ndarray) -> float:
    """Mean over sites and planes of Re tr P / N; 1 where there is no plane.  (1, mu, N, N, *sites) -> number

    By the reference: a file is read in less time than a kernel takes to compile.
    """
    if links.shape[1] == 1:
        return 1.0
    with using_kernels("reference"):
        return float(np.mean(np.asarray(plane_averages(links), dtype=np.float64)))


def mean_link_trace(links: np.ndarray) -> float:
    """Mean over all links of Re tr U / N.  (1, mu, N, N, *sites) -> number"""
    return float(np.mean(np.einsum("cmii...->cm...", links).real, dtype=np.float64)) / links.shape[2]


def defects(links: np.ndarray) -> np.ndarray:
    """Largest entry of |U U^dagger - 1| or |det U - 1| of every link.  (1, mu, N, N, *sites) -> (mu, *sites)"""
    found = []
    for u in links[0]:  # one direction at a time, to be gentle with memory
        u = u[None].astype(np.complex128)
        unitarity = np.max(np.abs(mul_dagger(u, u) - identity_like(u)), axis=(1, 2))
        found.append(np.maximum(unitarity, np.abs(determinant(u) - 1.0))[0])
    return np.stack(found)


def check_links(
    file: GaugeFile,
    links: np.ndarray,
    record: str = "",
    numbers: Mapping[str, str] = _NONE,
    tolerance: float | None = None,
) -> dict[str, Any]:
    """Measure the links and compare with the numbers that a record of the file states as text, "" if it does not.

    Nothing is computed when the caller wants no checks: the links may be anything then.
    """
    if not file.verify:
        return {}
    with np.errstate(all="ignore"):
        found: dict[str, Any] = {PLAQUETTE: mean_plaquette(links), LINK_TRACE: mean_link_trace(links)}
        for name, text in numbers.items():
            number = stated(text, _CAP[name], links.dtype)
            if number is not None:
                file.expect_close(record, name, found[name], number)
        limit = _DEFECT[links.dtype.name] if tolerance is None else tolerance
        return found | {"defect": check_group(file, defects(links), limit)}


def check_group(file: GaugeFile, defect: np.ndarray, tolerance: float) -> float:
    """Refuse links that are not in SU(N), naming the worst one; its defect otherwise."""
    defect = np.where(np.isfinite(defect), defect, np.inf)
    worst = np.unravel_index(np.argmax(defect), defect.shape)
    if defect[worst] > tolerance:
        mu, *site = (int(i) for i in worst)
        file.doubt(
            f"link mu = {mu} at site {tuple(site)} (time first)",
            f"distance from SU(N) is {defect[worst]:.1e}, expected at most {tolerance:.1e} (argument tolerance)",
        )
    file.verified.append("unitarity")
    return float(defect[worst])
