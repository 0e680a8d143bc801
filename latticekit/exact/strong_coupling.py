"""The Wilson plaquette in any dimension at strong and at weak coupling, in infinite volume.

Strong coupling: log Z is a sum over closed surfaces of plaquettes in non-trivial representations.  The smallest are the
surface of a cube, six plaquettes, and of two cubes with a common face, ten.  A closed surface of k plaquettes alone has

    Z_k = sum_r d_r^2 rho_r^k,    P_k = (1/Z_k) sum_r sum_{r' in r x f} (d_r d_r' / N) rho_r^{k-1} rho_r',

(exact.torus on a sphere), with all its representations.  A plaquette lies on c = 2(d-2) cubes and on 10 c(c-1)/2 pairs.
"""

import numpy as np

from latticekit.exact import one_link
from latticekit.exact.characters import characters

__all__ = ["closed_surface_plaquette", "plaquette", "weak_coupling_plaquette"]


def plaquette(n: int, beta: float, dim: int) -> float:
    """<Re tr P / N> = u + c (P_6 - u) + 10 c(c-1)/2 (P_10 - u) + ..., u the single plaquette, c = 2(dim - 2).

    = u + 2(d-2) u^5 + ...  Exact in two dimensions; otherwise complete through u^9, except for SU(3), where three
    sheets may join and add to order u^10.  The last term taken is a measure of the error: useful up to u about 0.25.
    """
    if dim < 2:
        raise ValueError(f"a plaquette needs at least two dimensions: got {dim}")
    single, cubes = one_link.plaquette(n, beta), 2 * (dim - 2)
    if cubes == 0:
        return single
    pairs = 10 * cubes * (cubes - 1) // 2
    six, ten = (closed_surface_plaquette(n, beta, k) for k in (6, 10))
    return single + cubes * (six - single) + pairs * (ten - single)


def closed_surface_plaquette(n: int, beta: float, plaquettes: int) -> float:
    """<Re tr P / N> on a closed surface without handles.  n, beta, plaquettes -> float"""
    if plaquettes < 2:
        raise ValueError(f"a closed surface has at least two plaquettes: got {plaquettes}")
    group, casimir = characters(n), 2.0 * (n + 1)
    while True:
        found = group.representations(casimir)
        log_ratio = np.maximum(group.log_ratio(found.labels, beta), -800.0)
        weight = found.dimensions**2 * np.exp(plaquettes * log_ratio)
        if np.all(weight[found.boundary] < 1e-20):
            break
        casimir *= 1.5
    pair = found.dimensions[found.lower] * found.dimensions[found.upper] / n
    loop = pair * np.exp((plaquettes - 1) * log_ratio[found.lower] + log_ratio[found.upper])
    return float(np.sum(loop) / np.sum(weight))


def weak_coupling_plaquette(n: int, beta: float, dim: int) -> float:
    """<Re tr P / N> = 1 - g / (dim beta) + O(1/beta^2), g = N^2 - 1 gluons (U(1): 1 photon).  -> float

    Equipartition: (dim - 1) g quadratic modes per site share dim (dim - 1) / 2 plaquettes.
    """
    return 1 - max(n**2 - 1, 1) / (dim * beta)
