"""Two-dimensional lattice gauge theory on a torus, solved by characters: any group, any coupling of each plaquette.

The weight prod_p exp((beta_p/N) Re tr P) is a product of character expansions, and links integrate out one by one
(Migdal, Sov. Phys. JETP 42 (1975) 413; Gross and Witten, Phys. Rev. D 21 (1980) 446).  With the ratios
rho_r(beta) = c_r / (d_r c_0) of exact.characters,

    Z = prod_p c_0(beta_p) sum_r prod_p rho_r(beta_p),
    W(C) = (1/Z) sum_r sum_{r' in r x f} (d_r' / N d_r) prod_{outside C} rho_r prod_{inside C} rho_r'

for a contractible loop, normalised to 1 at weak coupling.  beta_p = 0 cuts the torus open: only r = 0 is left.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from latticekit.exact.characters import Characters, Representations, TooManyRepresentations, characters

__all__ = ["GaugeTorus", "TooManyRepresentations", "observables"]

DEPTH = 46.0  # representations of relative weight below exp(-DEPTH) = 1e-20 are left out
FLOOR = -800.0  # stands for log 0: exp(FLOOR) = 0 in double precision, and 0 * FLOOR = 0


@dataclass(frozen=True, eq=False)
class GaugeTorus:
    """U(1) (n = 1) or SU(n) on the torus `sites` (time first), beta >= 0 a number or an array over plaquettes.

    S = -(1/N) sum_p beta_p Re tr P_p; an array of beta broadcasts to `sites`.  log Z is that of the normalised Haar
    measure (U(1): d theta / 2 pi) without additive constants.  Every plaquette of `roll` counts: extents 1 and 2 too.
    """

    n: int
    beta: float | np.ndarray
    sites: tuple[int, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "sites", tuple(int(extent) for extent in self.sites))
        if len(self.sites) != 2 or min(self.sites) < 1:
            raise ValueError(f"a torus has two positive extents: got {self.sites}")
        beta = np.array(self.beta, dtype=float)
        if not (np.all(np.isfinite(beta)) and np.all(beta >= 0)):
            raise ValueError(f"couplings of plaquettes must be finite and >= 0: got {self.beta}")
        np.broadcast_to(beta, self.sites)
        object.__setattr__(self, "beta", beta)

    @property
    def volume(self) -> int:
        """Number of plaquettes."""
        return math.prod(self.sites)

    @cached_property
    def group(self) -> Characters:
        """Representations of the group."""
        return characters(self.n)

    @cached_property
    def _kinds(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Different couplings (k,), how often each occurs (k,), which one each plaquette has (*sites) or (1, 1)."""
        values, kind = np.unique(self.beta, return_inverse=True)
        if values.size > 1:
            kind = np.broadcast_to(kind.reshape(np.shape(self.beta)), self.sites)
            return values, np.bincount(kind.ravel()), kind
        return values, np.array([self.volume]), np.zeros((1, 1), dtype=int)

    @cached_property
    def _solved(self) -> tuple[Representations, np.ndarray]:
        """Representations that matter, and log rho_r of each coupling (k, r).

        Enlarged until all that border on the left-out ones have a weight below exp(-DEPTH).
        """
        values, counts, _ = self._kinds
        with np.errstate(divide="ignore"):
            stiffness = self.n * np.sum(counts / values)  # rho_r is about exp(-N C_2 / beta) at weak coupling
        casimir = 1.01 * (self.n + 1) + 1.1 * DEPTH / stiffness
        while True:
            found = self.group.representations(casimir)
            table = np.maximum([self.group.log_ratio(found.labels, beta) for beta in values], FLOOR)
            if np.all((counts @ table)[found.boundary] < -DEPTH):
                return found, table
            casimir *= 1.5

    @cached_property
    def _probabilities(self) -> tuple[np.ndarray, float]:
        """Share of each representation in Z (r,), and log of Z / prod c_0."""
        log_weight = self._kinds[1] @ self._solved[1]
        total = np.sum(np.exp(log_weight))  # the trivial one has log_weight 0, the largest
        return np.exp(log_weight) / total, float(np.log(total))

    @property
    def log_z(self) -> float:
        """log of the integral of exp(-S)."""
        values, counts, _ = self._kinds
        trivial = sum(count * self.group.log_trivial(beta) for beta, count in zip(values, counts))
        return float(trivial + self._probabilities[1])

    def _pairs(self, inside: np.ndarray, share: np.ndarray) -> np.ndarray:
        """Sum over r' in r x f of share prod_outside rho_r prod_inside rho_r' / Z.  (loops, k), (pairs,) -> (loops,)"""
        found, table = self._solved
        exponent = (self._kinds[1] - inside) @ table[:, found.lower] + inside @ table[:, found.upper]
        return np.exp(exponent - self._probabilities[1]) @ share

    def _loops(self, inside: np.ndarray) -> np.ndarray:
        """W of loops that enclose so many plaquettes of each coupling.  (loops, k) -> (loops,)"""
        found = self._solved[0]
        return self._pairs(inside, found.dimensions[found.upper] / (self.n * found.dimensions[found.lower]))

    def _windows(self, time: int, space: int) -> tuple[np.ndarray, np.ndarray]:
        """Plaquettes of each coupling in the time x space windows of the lattice, and their share.  -> (w, k), (w,)"""
        values, _, kind = self._kinds
        if len(values) == 1:
            return np.array([[time * space]]), np.ones(1)
        inside = (kind == np.arange(len(values))[:, None, None]).astype(int)
        for axis, extent in ((1, time), (2, space)):
            rolled = [np.roll(inside, -step, axis) for step in range(extent)]
            inside = np.sum([np.zeros_like(inside), *rolled], axis=0)
        windows, counts = np.unique(inside.reshape(len(values), -1).T, axis=0, return_counts=True)
        return windows, counts / self.volume

    def loop(self, inside: np.ndarray) -> float:
        """<Re tr W / N> around the plaquettes of a simply connected region.  (*sites) bool -> float"""
        values, _, kind = self._kinds
        kinds = np.broadcast_to(kind, self.sites)[np.broadcast_to(inside, self.sites)]
        return float(self._loops(np.bincount(kinds, minlength=len(values))[None])[0])

    def wilson_loop(self, time: int, space: int) -> float:
        """Mean over the lattice of the time x space loop.  -> float"""
        if not (1 <= time <= max(1, self.sites[0] - 1) and 1 <= space <= max(1, self.sites[1] - 1)):
            raise ValueError(f"a {time} x {space} loop is not contractible on {self.sites}: use extents below those")
        windows, share = self._windows(time, space)
        return float(share @ self._loops(windows))

    def polyakov_correlator(self) -> np.ndarray:
        """<Re P(x) P(x + r)^*>, P = tr / N round the time axis, mean over x; r = 0 .. sites[1] // 2.  -> (r,)

        (1/N^2 Z) sum_r sum_{r' in r x f} prod_outside rho_r prod_between rho_r': the loops leave two cylinders.
        """
        share = np.full(len(self._solved[0].lower), self.n**-2.0)
        windows = [self._windows(self.sites[0], r) for r in range(self.sites[1] // 2 + 1)]
        return np.array([each @ self._pairs(inside, share) for inside, each in windows])

    @property
    def plaquette(self) -> float:
        """<Re tr P / N>, mean over all plaquettes."""
        values, counts, _ = self._kinds
        return float(counts @ self._loops(np.eye(len(values), dtype=int)) / self.volume)

    def plaquettes(self) -> np.ndarray:
        """<Re tr P / N> of each plaquette.  -> (*sites)"""
        values, _, kind = self._kinds
        return np.broadcast_to(self._loops(np.eye(len(values), dtype=int))[kind], self.sites).copy()

    @property
    def action(self) -> float:
        """<S>, the total."""
        values, counts, _ = self._kinds
        return float(-(counts * values) @ self._loops(np.eye(len(values), dtype=int)))

    @cached_property
    def action_variance(self) -> float:
        """<S^2> - <S>^2, to a relative 1e-16 beta^2; ValueError beyond beta = 1e4.

        In each representation plaquettes fluctuate apart, and the representations add their spread.  X = Re tr P / N
        acts on characters as a matrix M between neighbours: <X>_r = (M c)_r / c_r, <X^2>_r = (M^2 c)_r / c_r.
        """
        values, counts, _ = self._kinds
        if values[-1] > 1e4:
            raise ValueError(f"the variance of the action is lost in rounding at beta = {values[-1]:.6g}, at most 1e4")
        found, table = self._solved
        probability = self._probabilities[0]
        within, mean = np.zeros(len(probability)), np.zeros(len(probability))
        for beta, count, log_ratio in zip(values, counts, table):
            coefficient = found.dimensions * np.exp(log_ratio)
            first = self._multiplied(coefficient)
            square = self._multiplied(first)
            known = probability > 0
            first, square = (x[known] / coefficient[known] for x in (first, square))
            within[known] += count * beta**2 * (square - first**2)
            mean[known] += count * beta * first
        return float(probability @ within + probability @ mean**2 - (probability @ mean) ** 2)

    def _multiplied(self, coefficient: np.ndarray) -> np.ndarray:
        """Coefficients of X f from those of f.  (r,) -> (r,)"""
        found, size = self._solved[0], len(coefficient)
        up = np.bincount(found.lower, coefficient[found.upper], size)
        down = np.bincount(found.upper, coefficient[found.lower], size)
        return (up + down) / (2 * self.n)


def observables(torus: GaugeTorus, largest: int = 4) -> dict[str, float | np.ndarray]:
    """Exact values by name: `action` the total, `wilson_loop` (t, r) up to min(largest, extent / 2) each way."""
    time, space = (min(largest, max(1, extent // 2)) for extent in torus.sites)
    loops = [[torus.wilson_loop(t, r) for r in range(1, space + 1)] for t in range(1, time + 1)]
    return {
        "log_z": torus.log_z,
        "action": torus.action,
        "plaquette": torus.plaquette,
        "plaquette_time": torus.plaquette,
        "wilson_loop": np.array(loops),
        "polyakov_correlator": torus.polyakov_correlator(),
    }
