"""Two-dimensional lattice gauge theory between two fixed boundaries, solved by characters.

T layers of L plaquettes, periodic in space; the links of the two outer lines are fixed, with holonomies W and W' around
space.  With rho_r of `exact.characters`, d_r the dimension and chi_r the character of a representation,

    Z(W, W') = prod_p c_0(beta_p) sum_r chi_r(W) chi_r(W')^* prod_p rho_r(beta_p),

since int dU chi_r(A U B U^dagger) = chi_r(A) chi_r(B) / d_r (Migdal, Sov. Phys. JETP 42 (1975) 413).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from latticekit.exact.torus import GaugeTorus

__all__ = ["GaugeStrip"]

_DISTINCT = 1e-6  # the least |z_i - z_j| for which the ratio of determinants is taken


@dataclass(frozen=True, eq=False)
class GaugeStrip:
    """U(1) (n = 1) or SU(n) on T x L plaquettes with coupling beta >= 0, a number or an array over them.

    `phases` are the eigenphases of the holonomies of the first and last line, (2, n), distinct on each line, or None
    where all the links there are 1.
    """

    n: int
    beta: float | np.ndarray
    sites: tuple[int, int]
    phases: np.ndarray | None = None

    @cached_property
    def _torus(self) -> GaugeTorus:
        return GaugeTorus(self.n, self.beta, self.sites)

    @cached_property
    def _weights(self) -> np.ndarray:
        """Re chi_r(W) chi_r(W')^*.  -> (r,)"""
        found = self._torus._solved[0]
        if self.phases is None:
            return found.dimensions**2
        first, last = (_characters(found.labels, np.asarray(line, float)) for line in np.asarray(self.phases))
        return (first * last.conj()).real

    @cached_property
    def _total(self) -> float:
        """Z / prod c_0."""
        return float(self._weights @ np.exp(self._torus._kinds[1] @ self._torus._solved[1]))

    @property
    def log_z(self) -> float:
        """log of the integral of exp(-S) over the links that are not fixed."""
        values, counts, _ = self._torus._kinds
        trivial = sum(count * self._torus.group.log_trivial(beta) for beta, count in zip(values, counts))
        return float(trivial + np.log(self._total))

    def plaquettes(self) -> np.ndarray:
        """<Re tr P / N> of each plaquette.  -> (T, L)

        Its representation r' is in the product of that of all the others, r, with the fundamental one.
        """
        torus, found = self._torus, self._torus._solved[0]
        share = self._weights[found.lower] * found.dimensions[found.upper] / (self.n * found.dimensions[found.lower])
        _, counts, kind = torus._kinds
        table, means = torus._solved[1], []
        for inside in np.eye(len(counts), dtype=int):
            exponent = (counts - inside) @ table[:, found.lower] + inside @ table[:, found.upper]
            means.append(np.exp(exponent) @ share / self._total)
        return np.broadcast_to(np.array(means)[kind], self.sites).copy()


def _characters(labels: np.ndarray, phases: np.ndarray) -> np.ndarray:
    """chi_lambda = det z_i^(l_j) / det z_i^(N-j), l_j = lambda_j + N - j; U(1): z^charge.  (r, rows) -> (r,)"""
    n, z = len(phases), np.exp(1j * phases)
    if n == 1:
        return z[0] ** labels[:, 0]
    if min(abs(a - b) for i, a in enumerate(z) for b in z[:i]) < _DISTINCT:
        raise ValueError(f"the eigenphases of a holonomy must be distinct, or all boundary links 1: got {phases}")
    rows = np.concatenate([labels, np.zeros_like(labels[:, :1])], axis=1) + np.arange(n)[::-1]
    return np.linalg.det(z[None, :, None] ** rows[:, None, :]) / np.linalg.det(z[:, None] ** np.arange(n)[::-1])
