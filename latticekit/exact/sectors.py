"""Weights of the topological sectors of two-dimensional U(1): how often V plaquette angles add up to 2 pi Q.

With angles in (-pi, pi] distributed as prod_p f_p, the angles of all plaquettes of a torus add up to a multiple of
2 pi, and the geometric charge Q = sum_p angle_p / 2 pi has

    Z_Q / prod_p I_0(beta_p) = 2 pi F(2 pi Q),    F = f_1 * f_2 * ... * f_V the density of the sum.

F comes from its Fourier transform where that falls fast, and from convolution piece by piece where it does not, that is
for few plaquettes at strong coupling: f_p jumps at +-pi, so its transform falls like 1/nu only.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from latticekit.exact import von_mises

__all__ = ["Factor", "sector_weights"]

MANY = 24  # plaquettes from which the transform falls faster than exp(-DEPTH) in any case
STEEP = 20.0  # coupling from which the jump at +-pi is below exp(-2 STEEP)
DEPTH = 45.0
NOISE = 3e-16  # beside the sector Q = 0, where a Fourier sum has no digits left
POINTS = 96  # per piece, even
PANELS = 8


class Factor(NamedTuple):
    """`number` plaquettes of coupling `beta`; with `cosine`, cos(angle) goes into the average."""

    beta: float
    number: int
    cosine: bool = False


def sector_weights(factors: Sequence[Factor], largest: int) -> np.ndarray:
    """Z_Q / prod I_0 for Q = 0, ..., largest, to 1e-15 of their sum.  -> (largest + 1,)"""
    plain = [factor for factor in factors if not factor.cosine]
    volume = sum(factor.number for factor in factors)
    if sum(factor.number for factor in plain) >= MANY or any(factor.beta >= STEEP for factor in plain):
        return _by_transform(factors, largest)
    weights = np.zeros(largest + 1)
    pieces = _by_pieces(factors, volume)[: largest + 1]
    weights[: len(pieces)] = pieces
    return weights


def largest_charge(factors: Sequence[Factor]) -> int:
    """|Q| beyond which a sector holds less than 1e-21 of the weight, from <angle^2>; |Q| < V / 2 in any case."""
    volume, variance = 0, 0.0
    for factor in factors:
        angles, weights = von_mises.nodes(factor.beta)
        volume += factor.number
        variance += factor.number * float(angles**2 @ weights) / (2 * np.pi) ** 2
    return min((volume - 1) // 2, math.ceil(10 * math.sqrt(variance)) + 1)


def _by_transform(factors: Sequence[Factor], largest: int) -> np.ndarray:
    """Trapezoidal rule in nu, which is exact up to F at 2 pi (1/step - largest) and beyond."""
    step, block = 1 / (2 * largest + 4), 256
    parts = [_transform(factors, step * np.arange(block))]
    while np.max(np.abs(parts[-1])) > math.exp(-DEPTH):
        parts.append(_transform(factors, step * (np.arange(block) + block * len(parts))))
    transform = np.concatenate(parts)
    transform[0] /= 2
    phase = np.multiply.outer(np.arange(largest + 1), np.arange(len(transform))) % (2 * largest + 4)
    weights = 2 * step * (np.cos(2 * np.pi * step * phase) @ transform)
    lost = np.flatnonzero(np.abs(weights) < NOISE * np.abs(weights[0]))
    return np.where(np.arange(largest + 1) < lost[0], weights, 0.0) if len(lost) else weights


def _transform(factors: Sequence[Factor], nu: np.ndarray) -> np.ndarray:
    """prod_p <cos nu a>_p, and <cos a cos nu a> for a factor with the cosine.  (k,) -> (k,)"""
    log_size, sign = np.zeros(len(nu)), np.ones(len(nu))
    for factor in factors:
        if factor.cosine:
            angles, weights = von_mises.nodes(factor.beta, float(nu[-1]))
            sign = sign * (np.cos(np.multiply.outer(nu, angles)) @ (weights * np.cos(angles))) ** factor.number
        else:
            log_ratio, one = von_mises.log_fourier(nu, factor.beta)
            log_size, sign = log_size + factor.number * log_ratio, sign * one**factor.number
    return sign * np.exp(log_size)


def _by_pieces(factors: Sequence[Factor], volume: int) -> np.ndarray:
    """Repeated convolution; 2 pi F at 0, 2 pi, ..., all |2 pi Q| < pi V.

    The density of a sum of k angles is smooth between the points k pi, (k-2) pi, ..., -k pi.  Each such piece is held
    at Chebyshev points.  The range x - pi ... x + pi of the next convolution spans two neighbouring pieces, cut at a
    fixed place for each point, so that one convolution is the same pair of matrices for all pieces.
    """
    angles = [factor for factor in factors for _ in range(factor.number)]
    density = _density(angles[0], np.pi * _points())[None]
    for factor in angles[1:]:
        below, above = (_convolution(factor, side) for side in (-1, 1))
        padded = np.pad(density, ((1, 1), (0, 0)))
        density = padded[:-1] @ below.T + padded[1:] @ above.T
    # piece j of V is centred on (2 j + 1 - V) pi: 2 pi Q is the centre for odd V, the lower edge for even V
    return 2 * np.pi * density[volume // 2 :, POINTS // 2 if volume % 2 else 0]


def _points() -> np.ndarray:
    """Chebyshev points of [-1, 1], with both ends and 0."""
    return np.sin(np.pi / 2 * np.linspace(-1, 1, POINTS + 1))


def _convolution(factor: Factor, side: int) -> np.ndarray:
    """Matrix from values on the piece of length 2 pi on one side of a cut to values on the piece centred on the cut."""
    distance, weights, basis = _pairs(side)
    return np.einsum("ts,tsk->tk", _density(factor, distance) * weights, basis)


@lru_cache(maxsize=2)
def _pairs(side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Quadrature of the source within pi of each target: distance (t, s), weight (t, s), interpolation (t, s, k)."""
    x, weights = np.polynomial.legendre.leggauss(16)
    x = ((2 * np.arange(PANELS)[:, None] + 1 + x) / PANELS).ravel() - 1
    target = np.pi * _points()[:, None]  # from the cut
    low, high = (target - np.pi, 0 * target) if side < 0 else (0 * target, target + np.pi)
    source = (low + high) / 2 + (high - low) / 2 * x
    scaled = np.tile(weights, PANELS) / PANELS * (high - low) / 2
    return target - source, scaled, _interpolation(source / np.pi - side)


def _interpolation(x: np.ndarray) -> np.ndarray:
    """Barycentric formula from values at the Chebyshev points to values at x.  (...) -> (..., points)"""
    sign = (-1.0) ** np.arange(POINTS + 1)
    sign[[0, -1]] /= 2
    gap = x[..., None] - _points()
    met = gap == 0
    weights = np.where(met, 1.0, sign / np.where(met, 1.0, gap) * ~np.any(met, axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def _density(factor: Factor, angle: np.ndarray) -> np.ndarray:
    """f(a) = exp(beta cos a) / 2 pi I_0(beta), times cos a for a factor with the cosine."""
    log_norm = von_mises.log_i0(factor.beta) - factor.beta
    density = np.exp(-2 * factor.beta * np.sin(angle / 2) ** 2 - log_norm) / (2 * np.pi)
    return density * np.cos(angle) if factor.cosine else density
