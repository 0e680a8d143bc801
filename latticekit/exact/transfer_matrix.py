"""Transfer matrix of a ring of sites in a truncated product basis, one block for each sign under phi -> -phi.

Rows of the lattice are joined by one bond index per site.  Of the products of bond indices only those of largest weight
are kept: their number grows like the volume of a simplex instead of a cube, and the error falls with the weight that
was discarded.  All operators of one row are matrices between such products.
"""

from collections.abc import Mapping

import numpy as np

from latticekit.exact.site_weights import SiteWeights

__all__ = ["RingTransfer", "product_basis"]

EVEN, ODD = 0, 1
NEGLIGIBLE = np.log(1e-15)  # weight of a product


def product_basis(log_spectrum: np.ndarray, length: int, states: int) -> np.ndarray:
    """The bond indices of the heaviest products over a ring, closed under rotation.  (a,) -> (n <= states, length)

    The prefixes of a heavy product are heavy, so the same cut can be made site by site.
    """
    basis, totals = np.zeros((1, 0), dtype=int), np.zeros(1)
    for _ in range(length):
        pairs = np.indices((len(basis), len(log_spectrum))).reshape(2, -1)
        totals = totals[pairs[0]] + log_spectrum[pairs[1]]
        kept = np.argsort(-totals, kind="stable")[: np.count_nonzero(totals > NEGLIGIBLE)]
        if len(kept) > states:  # equal weights, up to rounding, stay or go together
            kept = kept[totals[kept] > totals[kept[states]] + 1e-9]
        basis = np.hstack([basis[pairs[0, kept]], pairs[1, kept, None]])
        totals = totals[kept]
    return basis


class RingTransfer:
    """Transfer matrix of a ring of `length` sites: eigenvalues and one-row operators from at most `states` products.

    Matrix elements count the row on which the operator stands: the partition function of T rows with one operator is
    Tr[O Lambda^(T-1)], with Lambda the eigenvalues, all divided by the largest (`log_largest` per row).
    """

    def __init__(self, site: SiteWeights, length: int, states: int) -> None:
        basis = product_basis(site.log_spectrum, length, states)
        self.site, self.length = site._replace(time=site.time[:, : basis.max() + 1]), length
        parity = basis.sum(axis=1) % 2
        self.basis = (basis[parity == EVEN], basis[parity == ODD])
        solved = [np.linalg.eigh(self._matrix({}, sector, sector)) for sector in (EVEN, ODD)]
        largest = float(solved[EVEN][0][-1])
        self.log_largest = float(np.log(largest)) + length * site.log_scale
        self._largest = largest
        # an operator's element to a dropped eigenstate is at most the root of this ratio, and enters squared
        floor = largest * (1e-15 if length == 1 else 1e-11)
        kept = [values > floor for values, _ in solved]
        self.eigenvalues = tuple(values[k] / largest for (values, _), k in zip(solved, kept, strict=True))
        self._vectors = tuple(vectors[:, k] for (_, vectors), k in zip(solved, kept, strict=True))

    def operator(self, insertions: Mapping[int, np.ndarray], bra: int, ket: int) -> np.ndarray:
        """Functions of phi (p,) at given sites of one row, between sectors.  {site: (p,)} -> (eigen bra, eigen ket)"""
        return self._vectors[bra].T @ self._matrix(insertions, bra, ket) @ self._vectors[ket] / self._largest

    def source(self, momentum: float) -> np.ndarray:
        """exp(i k sum_x phi_x) on one row, both sectors together, in a basis that makes it real.  -> (eigen, eigen)

        cos joins bond indices of even total, sin odd ones.  Multiplying every index by i^parity, which cancels around
        the ring and is a similarity between rows, turns both into real numbers.
        """
        wave = (
            self.site.tensor(np.cos(momentum * self.site.points)),
            self.site.tensor(np.sin(momentum * self.site.points)),
        )
        a, b, l, r = (index % 2 for index in np.indices(wave[0].shape))
        quarter_turns = (a - b + l - r) % 4  # of each element of cos; the i of sin adds one more
        tensor = np.where(quarter_turns % 2 == 0, (1 - quarter_turns) * wave[0], (quarter_turns - 2) * wave[1])
        tensors = [tensor] * self.length
        even, odd, mixed = (self._turned(tensors, *pair) for pair in ((EVEN, EVEN), (ODD, ODD), (EVEN, ODD)))
        return np.block([[even, mixed], [-mixed.T, odd]]) / self._largest

    def _matrix(self, insertions: Mapping[int, np.ndarray], bra: int, ket: int) -> np.ndarray:
        plain = self.site.tensor()
        tensors = [self.site.tensor(insertions[x]) if x in insertions else plain for x in range(self.length)]
        return ring_matrix(tensors, self.basis[bra], self.basis[ket])

    def _turned(self, tensors: list[np.ndarray], bra: int, ket: int) -> np.ndarray:
        """Operator from tensors whose indices carry i^parity: a product with n odd indices has turned by i^n."""
        left, right = (
            (1 - 2 * (np.sum(self.basis[sector] % 2, axis=1) // 2 % 2))[:, None] * self._vectors[sector]
            for sector in (bra, ket)
        )
        return left.T @ ring_matrix(tensors, self.basis[bra], self.basis[ket]) @ right


def ring_matrix(tensors: list[np.ndarray], rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """tr[A_1(a_1, b_1) A_2(a_2, b_2) ...] for products a of rows and b of columns.  L x (a, b, l, r) -> (rows, columns)

    Each half of the ring is multiplied out once for the pairs of half-products that occur.
    """
    middle = len(tensors) // 2
    if middle == 0:
        return np.trace(tensors[0][rows[:, 0][:, None], columns[:, 0]], axis1=-2, axis2=-1)
    (rows_left, left_row), (columns_left, left_column) = _halves(rows[:, :middle]), _halves(columns[:, :middle])
    (rows_right, right_row), (columns_right, right_column) = _halves(rows[:, middle:]), _halves(columns[:, middle:])
    left = _open_product(tensors[:middle], rows_left, columns_left)
    right = np.swapaxes(_open_product(tensors[middle:], rows_right, columns_right), -1, -2)
    left, right = left.reshape(*left.shape[:2], -1), right.reshape(*right.shape[:2], -1)
    matrix = np.empty((len(rows), len(columns)))
    for half in range(len(rows_left)):
        here = np.nonzero(left_row == half)[0]
        joined = np.tensordot(right[right_row[here]], left[half], axes=(2, 1))
        matrix[here] = joined[:, right_column, left_column]
    return matrix


def _halves(indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    unique, inverse = np.unique(indices, axis=0, return_inverse=True)
    return unique, inverse.reshape(-1)


def _open_product(tensors: list[np.ndarray], rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """(rows, columns, l, r) of the neighbouring sites multiplied along space."""
    product = tensors[0][rows[:, 0][:, None], columns[:, 0]]
    for site in range(1, len(tensors)):
        product = product @ tensors[site][rows[:, site][:, None], columns[:, site]]
    return product
