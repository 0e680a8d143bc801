"""One site of a phi^4 lattice cut into a tensor: quadrature points and factorised nearest-neighbour weights.

exp(-S) is a product of one-site weights exp(-(m^2 + 2D) phi^2 - lambda phi^4) and bonds exp(2 phi phi').  A bond
dressed with a share of the one-site weights is a positive kernel with rapidly falling spectrum,

    w(phi) exp(2 phi phi') w(phi') = sum_k f_k(phi) f_k(phi'),

so that each bond carries a small index instead of a field.  f_k has the parity of k.
"""

import math
from typing import NamedTuple

import numpy as np

__all__ = ["SiteWeights", "site_weights"]


class SiteWeights(NamedTuple):
    """Factors of exp(-S) at one site, on quadrature points (p,)."""

    points: np.ndarray  # (p,) values of phi, symmetric about 0
    time: np.ndarray  # (p, a) factors of the bonds along time
    space: np.ndarray  # (p, l) factors of the bonds along space; (p, 1) of ones when there are none
    rest: np.ndarray  # (p,) remaining one-site weight, times the quadrature weight
    log_spectrum: np.ndarray  # (a,) logarithm of the weight of each factor along time, 0 for the first
    log_scale: float  # logarithm of what was divided out per site

    def tensor(self, insertion: np.ndarray | float = 1.0) -> np.ndarray:
        """Sum over phi of insertion(phi) times the factors of the four bonds.  (p,) -> (a, b, l, r)"""
        pairs = (self.rest * insertion)[:, None, None] * self.time[:, :, None] * self.time[:, None, :]
        bonds = self.space[:, :, None] * self.space[:, None, :]
        p, a, l = len(self.points), self.time.shape[1], self.space.shape[1]
        return (pairs.reshape(p, a * a).T @ bonds.reshape(p, l * l)).reshape(a, a, l, l)


def site_weights(mass_squared: float, coupling: float, space_bonds: bool, points: int) -> SiteWeights:
    """Factorise the weight of a site of a chain (no space bonds) or of a square lattice.

    How the one-site weight is shared between the two kinds of bond changes no result, only how soon the sums
    converge; giving the time bonds most of it was the best of the shares tried.
    """
    half = _interval(mass_squared, coupling)
    x = (2 * np.arange(points) + 1 - points) * (half / points)
    time, spectrum, time_scale = _bond(x, mass_squared + (3 if space_bonds else 2), coupling)
    if space_bonds:
        space, spectrum_along, space_scale = _bond(x, 2.0, 0.2 * coupling)
        space = space[:, spectrum_along > 1e-13 * spectrum_along[0]]
        log_rest = x**2 + 0.2 * coupling * x**4
    else:
        space, space_scale, log_rest = np.ones((points, 1)), 0.0, np.zeros(points)
    rest = np.exp(log_rest) * (2 * half / points)
    return SiteWeights(x, time, space, rest, np.log(spectrum / spectrum[0]), time_scale + space_scale)


def _interval(mass_squared: float, coupling: float) -> float:
    """Half-width outside of which the density of a chain's phi is below 1e-18 of its maximum.

    More dimensions add kinetic terms, which only narrow it.
    """
    if mass_squared < 0:
        bound = math.sqrt((-mass_squared + math.sqrt(180 * coupling)) / (2 * coupling))
    else:
        bound = math.sqrt(90 / (mass_squared + math.sqrt(mass_squared**2 + 180 * coupling)))
    x = np.linspace(-bound, bound, 400)
    ground = _bond(x, mass_squared + 2, coupling)[0][:, 0]
    inside = x[ground**2 > 1e-18 * np.max(ground**2)]
    return min(bound, 1.05 * float(inside[-1]))


def _bond(x: np.ndarray, quadratic: float, quartic: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Factors (p, k) of exp(2xx' - (q x^2 + q x'^2 + l x^4 + l x'^4) / 2), their weights (k,), the log of their scale.

    Even and odd factors are found apart, so that the tunnelling between two deep wells cannot mix them, and are listed
    in turn: exp(2xx') is totally positive, hence its eigenfunctions alternate in parity as their weights fall.
    """
    log_weight = -0.5 * (quadratic * x**2 + quartic * x**4)
    scale = float(np.max(2 * log_weight + 2 * x**2))
    kernel = np.exp(2 * np.outer(x, x) + log_weight[:, None] + log_weight - scale)
    half = len(x) // 2
    near, across = kernel[half:, half:], kernel[half:, :half][:, ::-1]
    factors, weights = np.empty_like(kernel), np.empty(len(x))
    for parity, sign in enumerate((1, -1)):
        weight, vectors = np.linalg.eigh(near + sign * across)
        outward = (vectors * np.sqrt(np.maximum(weight, 0) / 2))[:, ::-1]
        factors[half:, parity::2], factors[:half, parity::2] = outward, sign * outward[::-1]
        weights[parity::2] = weight[::-1]
    kept = int(np.argmax(weights < 1e-15 * weights[0]))
    return factors[:, :kept], weights[:kept], scale
