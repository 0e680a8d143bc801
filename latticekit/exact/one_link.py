"""One link in the field of its staples: normalisation and moments of exp(Re tr U A), which is what heatbaths sample.

U(1): kappa = |A|; SU(2): A = k times an SU(2) matrix, alpha = 2k the coefficient of a_0 = Re tr U / 2; SU(N): any
complex A with singular values mu_j, y_j = mu_j^2, arg det A = phi (Brower, Rossi and Tan, Phys. Rev. D 23 (1981) 942;
Leutwyler and Smilga, Phys. Rev. D 46 (1992) 5607):

    Z = prod_{k<N} 2^k k! sum_{m in Z} cos(m phi) det_{ij}[mu_j^{i-1} I_{m+i-1}(mu_j)] / prod_{i<j} (y_j - y_i).
"""

import math

import numpy as np
from scipy.special import hyp0f1, ive

from latticekit.exact.characters import characters

__all__ = ["log_z", "plaquette", "re_trace_moments", "su2_moments", "u1_moments"]

CONTOUR = 256  # points of the circles of Cauchy's formula
CIRCLE = 24


def plaquette(n: int, beta: float) -> float:
    """<Re tr U / N> of weight exp((beta/N) Re tr U): a plaquette with open boundaries, or in infinite volume in 2D."""
    group = characters(n)
    found = group.representations(1.01 * (n + 1))
    neighbour = found.upper[found.lower == 0][:1]
    return float(np.exp(group.log_ratio(found.labels[neighbour], beta)[0])) if beta > 0 else 0.0


def u1_moments(kappa: float) -> tuple[float, float]:
    """<cos d> = I_1/I_0 and <cos^2 d> = 1 - I_1 / (kappa I_0) of weight exp(kappa cos d)."""
    ratio = ive(1, kappa) / ive(0, kappa)
    return float(ratio), float(1 - ratio / kappa) if kappa > 1e-8 else 0.5


def su2_moments(alpha: float) -> tuple[float, float]:
    """<a_0> = I_2/I_1 and <a_0^2> = 1 - 3 I_2 / (alpha I_1) of weight exp(alpha a_0) sqrt(1 - a_0^2)."""
    if alpha < 1e-8:
        return alpha / 4, 0.25
    ratio = float(ive(2, alpha) / ive(1, alpha))
    return ratio, 1 - 3 * ratio / alpha


def log_z(source: np.ndarray) -> float:
    """log of the integral of exp(Re tr U A) over SU(N) with normalised Haar measure.  (N, N) complex -> float"""
    mu, determinant = _invariants(source)
    scale = sum(len(group) * mu[group[0]] for group in _clusters(mu))
    return float(np.log(_scaled_z(mu, determinant, 1.0).real) + scale)


def re_trace_moments(source: np.ndarray) -> tuple[float, float]:
    """<Re tr U A> and <(Re tr U A)^2> of weight exp(Re tr U A) on SU(N).  (N, N) complex -> two floats

    Derivatives of Z(t A) at t = 1, from its values on a circle around it.
    """
    mu, determinant = _invariants(source)
    radius = 1 / (1 + 2 * len(mu) * mu.max())
    turns = np.exp(2j * np.pi * np.arange(CIRCLE) / CIRCLE)
    values = np.array([_scaled_z(mu, determinant, 1 + radius * turn) for turn in turns])
    z, first, second = ((values * turns**-k).mean().real * math.factorial(k) / radius**k for k in range(3))
    return float(first / z), float(second / z)


def _invariants(source: np.ndarray) -> tuple[np.ndarray, complex]:
    source = np.asarray(source, dtype=complex)
    if source.ndim != 2 or source.shape[0] != source.shape[1] or len(source) < 2:
        raise ValueError(f"a source of SU(N) is an N x N matrix, N >= 2: got shape {source.shape}")
    return np.linalg.svd(source, compute_uv=False), complex(np.linalg.det(source))


def _clusters(mu: np.ndarray) -> list[np.ndarray]:
    """Indices of falling singular values, parted at gaps above 1."""
    return np.split(np.arange(len(mu)), np.flatnonzero(mu[:-1] - mu[1:] > 1) + 1)


def _scaled_z(mu: np.ndarray, determinant: complex, t: complex) -> complex:
    """Z(t A), analytic in t, times exp(-mu) of the largest in its cluster for every singular value.

    Sectors +m and -m are complex conjugates at real t.
    """
    n, phase, m = len(mu), np.angle(determinant), 0
    total = _sector(mu, abs(determinant), t, 0)
    change = abs(total) if determinant else 0.0
    while change > 1e-18 * abs(total):
        m += 1
        sector = 2 * _sector(mu, abs(determinant), t, m)
        total, change = total + np.cos(m * phase) * sector, abs(sector)
    return total * math.prod(2**k * math.factorial(k) for k in range(n))


def _sector(mu: np.ndarray, size: float, t: complex, m: int) -> complex:
    """Determinant of size^{m/N} y^{i-1} h_{m+i-1}(y), h_v(y) = y^{-v/2} I_v(sqrt y), by prod (y_j - y_i), y = (t mu)^2.

    Clusters enter by divided differences, so that equal singular values need no special case.
    """
    n, y = len(mu), (t * mu) ** 2
    log_size = m / n * math.log(size) if m else 0.0
    columns, apart = [], 1.0 + 0j
    for group in _clusters(mu):
        w, kernels = _divided_differences(y[group])
        rows = [w**i * _regular_bessel(m + i, w, log_size - mu[group[0]]) for i in range(n)]
        columns.append(np.array(rows) @ kernels)
        apart *= np.prod(y[group] - y[: group[0], None])
    return complex(np.linalg.det(np.concatenate(columns, axis=1)) / apart) * t ** (n * m)


def _divided_differences(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """w and kernels with f[y_1], f[y_1, y_2], ... = f(w) @ kernels for entire f: Cauchy's formula on a circle."""
    centre = y.mean()
    radius = np.max(np.abs(y - centre)) + 4 * abs(centre) ** 0.5 + 1
    steps = radius * np.exp(2j * np.pi * np.arange(CONTOUR) / CONTOUR)
    w = centre + steps
    return w, np.cumprod(1 / (w[:, None] - y), axis=1) * steps[:, None] / CONTOUR


def _regular_bessel(order: int, w: np.ndarray, log_factor: float) -> np.ndarray:
    """exp(log_factor) w^{-v/2} I_v(sqrt w), entire in w.  (k,) complex -> (k,)"""
    root = np.sqrt(w)
    near = np.abs(w) < 1
    far = np.where(near, 1.0, root)
    series = hyp0f1(order + 1, np.where(near, w, 0) / 4)
    series = series * math.exp(log_factor - math.lgamma(order + 1) - order * math.log(2))
    return np.where(near, series, ive(order, far) * np.exp(np.abs(far.real) + log_factor - order * np.log(far)))
