"""Character expansion of the Wilson weight, exp((beta/N) Re tr U) = sum_r c_r(beta) chi_r(U), for U(1) and SU(N).

For SU(N), with x = beta/N, l_j = lambda_j + N - j and partitions lambda of at most N rows, lambda_N = 0,

    c_lambda = sum_{m in Z} det_{jk} I_{l_j + m - k}(x),        k = 0, ..., N-1

(Drouffe and Zuber, Phys. Rep. 102 (1983) 1; the sum over m makes det U = 1).  At large x all entries are alike and the
determinant cancels.  Both its rows and its columns are then replaced by divided differences: columns by
<z^l (1/z - 1)^k>, which are integrals free of cancellation, rows by Newton's scheme in l.  The Vandermonde product that
comes out of the rows is the dimension d_lambda, so that what is left is c_lambda / d_lambda itself.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np
from scipy.special import ive

from latticekit.exact import von_mises

__all__ = ["Characters", "Representations", "SUNCharacters", "TooManyRepresentations", "U1Characters", "characters"]

NOISE = 1e-14  # of c_r / (d_r c_0); smaller ones are set to zero
WEAK = 3.0  # x from which the determinant is taken of divided differences; either way has 14 digits there
CHUNK = 2**20  # determinants at a time
MAX_REPRESENTATIONS = 300_000


class TooManyRepresentations(ValueError):
    """A sum over representations that is too long."""


class Representations(NamedTuple):
    """Irreducible representations up to some Casimir value, the trivial one first, and their products with the
    fundamental: `upper[i]` is contained in `lower[i]` x fundamental."""

    labels: np.ndarray  # (r, rows): U(1) the charge, SU(N) the partition without its last row
    dimensions: np.ndarray  # (r,)
    lower: np.ndarray  # (pairs,)
    upper: np.ndarray  # (pairs,)
    boundary: np.ndarray  # (r,) bool: has a neighbour that was left out


class Characters(Protocol):
    """What a gauge group must say about its irreducible representations."""

    @property
    def n(self) -> int:
        """Dimension of the fundamental representation."""

    def representations(self, casimir: float) -> Representations:
        """All irreducible representations with quadratic Casimir up to `casimir` (U(1): n^2 / 2)."""

    def log_ratio(self, labels: np.ndarray, beta: float) -> np.ndarray:
        """log c_r(beta) / (d_r c_0(beta)), -inf where that is zero or unresolved.  (r, rows) -> (r,)"""

    def log_trivial(self, beta: float) -> float:
        """log c_0(beta), the log of the integral of exp((beta/N) Re tr U) over the group."""


def characters(n: int) -> Characters:
    """U(1) for n = 1, SU(n) for n >= 2."""
    if n < 1 or n != int(n):
        raise ValueError(f"a gauge group needs a positive number of colours (1: U(1), n: SU(n)), got {n}")
    return U1Characters() if n == 1 else SUNCharacters(n)


@dataclass(frozen=True)
class U1Characters:
    """chi_n(U) = U^n, c_n = I_n(beta)."""

    n = 1

    def representations(self, casimir: float) -> Representations:
        """Charges 0, 1, -1, 2, -2, ... with n^2 / 2 <= casimir."""
        largest = math.isqrt(int(2 * casimir))
        charges = np.array(sorted(range(-largest, largest + 1), key=abs))
        order = np.argsort(charges)
        boundary = np.abs(charges) == largest
        return Representations(charges[:, None], np.ones(len(charges)), order[:-1], order[1:], boundary)

    def log_ratio(self, labels: np.ndarray, beta: float) -> np.ndarray:
        """log I_n(beta) / I_0(beta)."""
        return von_mises.log_bessel_ratio(labels[:, 0], beta)

    def log_trivial(self, beta: float) -> float:
        """log I_0(beta)."""
        return von_mises.log_i0(beta)


@dataclass(frozen=True)
class SUNCharacters:
    """Partitions with fewer than n rows; c_lambda by the determinant in the module's docstring."""

    n: int

    def representations(self, casimir: float) -> Representations:
        """C_2 = [sum_i lambda_i (lambda_i - 2i + n + 1) - |lambda|^2 / n] / 2 <= casimir, sorted by C_2."""
        radius, rank = math.sqrt(2 * casimir + self.n * (self.n**2 - 1) / 12), self.n - 1
        count = math.pi ** (rank / 2) / math.gamma(rank / 2 + 1) * radius**rank * self.n**0.5 / math.factorial(self.n)
        if count > MAX_REPRESENTATIONS:  # weights in a ball, a chamber of which is filled
            raise TooManyRepresentations(
                f"about {count:.2g} representations of SU({self.n}) have a Casimir value up to {casimir:.6g}, at most "
                f"{MAX_REPRESENTATIONS} are summed: use more plaquettes, a smaller beta, or fewer colours"
            )
        return _representations(self.n, float(casimir))

    def log_ratio(self, labels: np.ndarray, beta: float) -> np.ndarray:
        """log of c_lambda / (d_lambda c_0), accurate to 1e-14 beside the 1 of the trivial representation."""
        size = labels.sum(axis=1)
        trivial = self._determinants(np.zeros_like(labels[:1]), size[:1] * 0, beta)
        ratio = self._determinants(labels, size, beta) / trivial
        return np.where(ratio > NOISE, np.log(np.maximum(ratio, NOISE)), -np.inf)

    def log_trivial(self, beta: float) -> float:
        """log c_0(beta)."""
        determinant = abs(self._determinants(np.zeros((1, self.n - 1), dtype=int), np.zeros(1, dtype=int), beta)[0])
        return float(np.log(determinant * _superfactorial(self.n)) + self.n * von_mises.log_i0(beta / self.n))

    def _determinants(self, labels: np.ndarray, size: np.ndarray, beta: float) -> np.ndarray:
        """c_lambda / d_lambda up to a constant, sum over m of the divided determinants.  (r, n-1), (r,) -> (r,)"""
        x = beta / self.n
        width = math.ceil(9.5 * math.sqrt(x / self.n)) + 16  # of the sum over m, about -|lambda| / n
        shifts = np.arange(-width, width + 1) - np.round(size / self.n).astype(int)[:, None]
        rows = np.concatenate([labels, np.zeros_like(labels[:, :1])], axis=1) + np.arange(self.n)[::-1]
        lowest, highest = int(shifts.min()), int(rows.max() + shifts.max())
        order = np.arange(lowest, highest + 1)
        table = _bessel_table(self.n, x, order) if x < WEAK else _fourier_table(self.n, x, order)
        total = np.empty(len(labels))
        for part in _chunks(len(labels), shifts.shape[1]):
            entries = table[rows[part, None, :] + shifts[part, :, None] - lowest]
            if x < WEAK:
                total[part] = np.sum(np.linalg.det(entries), axis=1) / _vandermonde(rows[part])
            else:
                total[part] = np.sum(np.linalg.det(_newton(entries, rows[part])), axis=1)
        return total


def _chunks(count: int, terms: int) -> Iterator[slice]:
    step = max(1, CHUNK // terms)
    return (slice(start, start + step) for start in range(0, count, step))


def _bessel_table(n: int, x: float, order: np.ndarray) -> np.ndarray:
    """I_{l-k}(x) / I_0(x), k < n.  (l,) -> (l, k)"""
    return ive(np.abs(order[:, None] - np.arange(n)), x) / ive(0, x)


def _fourier_table(n: int, x: float, order: np.ndarray) -> np.ndarray:
    """<e^{ila} (e^{-ia} - 1)^k> over the weight e^{x cos a}, up to a sign that depends on k only.  (l,) -> (l, k)

    e^{-ia} - 1 = -2i sin(a/2) e^{-ia/2} leaves cos or sin of (l - k/2) a, for even and odd k.
    """
    angles, weights = von_mises.nodes(x, order=np.max(np.abs(order)))
    columns = []
    for k in range(n):
        wave = np.cos if k % 2 == 0 else np.sin
        columns.append(wave((order[:, None] - k / 2) * angles) @ (weights * (2 * np.sin(angles / 2)) ** k))
    return np.stack(columns, axis=1)


def _vandermonde(rows: np.ndarray) -> np.ndarray:
    """prod_{i<j} (l_i - l_j), an integer in double precision.  (r, n) -> (r,)"""
    product = np.ones(len(rows))
    for gap in range(1, rows.shape[1]):
        product *= np.prod(rows[:, :-gap] - rows[:, gap:], axis=1)
    return product


def _newton(values: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Divided differences f[l_1], f[l_1, l_2], ... along the rows.  (r, m, j, k), (r, j) -> (r, m, j, k)"""
    result = values.copy()
    for depth in range(1, points.shape[1]):
        gaps = (points[:, depth:] - points[:, :-depth])[:, None, :, None]
        result[:, :, depth:] = (result[:, :, depth:] - result[:, :, depth - 1 : -1]) / gaps
    return result


@lru_cache(maxsize=16)
def _representations(n: int, casimir: float) -> Representations:
    dynkin = _ball(n, casimir)
    padded = np.full(dynkin.max(axis=0) + 3, -1)  # index of each set of labels, -1 outside; one cell of margin
    padded[tuple((dynkin + 1).T)] = np.arange(len(dynkin))
    steps = np.eye(n - 1, n, dtype=int) - np.eye(n - 1, n, k=1, dtype=int)  # labels added by a box in row j
    lower, upper, boundary = [], [], np.zeros(len(dynkin), dtype=bool)
    for step in steps.T:
        target = padded[tuple((dynkin + step + 1).T)]
        lower.append(np.nonzero(target >= 0)[0])
        upper.append(target[target >= 0])
        for moved, index in ((dynkin + step, target), (dynkin - step, padded[tuple((dynkin - step + 1).T)])):
            boundary |= (index < 0) & np.all(moved >= 0, axis=1)
    labels = np.cumsum(dynkin[:, ::-1], axis=1)[:, ::-1]
    return Representations(labels, _dimensions(labels), np.concatenate(lower), np.concatenate(upper), boundary)


def _ball(n: int, casimir: float) -> np.ndarray:
    """Dynkin labels of all representations with C_2 <= casimir, sorted by C_2.  -> (r, n-1)

    Grown label by label: C_2 is a quadratic form in the labels with positive coefficients.
    """
    index = np.arange(1, n)
    form = np.minimum.outer(index, index) * (n - np.maximum.outer(index, index)) / n  # inverse Cartan matrix
    found = np.zeros((1, 0), dtype=int)
    for count in range(1, n):
        along = form[count - 1, count - 1]
        more = np.arange(int(math.sqrt(2 * casimir / along)) + 1)
        found = np.hstack([np.repeat(found, len(more), axis=0), np.tile(more, len(found))[:, None]])
        values = _casimir(found, form[:count, :count], form.sum(axis=1)[:count])
        found, values = found[values <= casimir], values[values <= casimir]
    return found[np.argsort(values, kind="stable")]


def _casimir(dynkin: np.ndarray, form: np.ndarray, rho: np.ndarray) -> np.ndarray:
    return 0.5 * np.einsum("ri,ij,rj->r", dynkin, form, dynkin) + dynkin @ rho


def _dimensions(labels: np.ndarray) -> np.ndarray:
    """Weyl's formula prod_{i<j} (l_i - l_j) / (j - i), rounded to the integer that it is.  (r, n-1) -> (r,)"""
    n = labels.shape[1] + 1
    rows = np.concatenate([labels, np.zeros_like(labels[:, :1])], axis=1) - np.arange(n)
    return np.round(_vandermonde(rows) / _superfactorial(n))


def _superfactorial(n: int) -> int:
    """prod_{k<n} k!"""
    return math.prod(math.factorial(k) for k in range(n))
