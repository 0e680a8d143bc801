"""SU(N) on a two-dimensional torus with the Wilson action: exact values by observable."""

import numpy as np

from latticekit.exact import torus

__all__ = ["observables"]


def observables(n: int, beta: float | np.ndarray, sites: tuple[int, ...]) -> dict[str, float | np.ndarray]:
    """Exact values by name; beta a number or an array over plaquettes.  n, beta, sites -> {name: value}

    As `exact.torus.observables`; {} beyond two dimensions, for couplings below 0, and where too many representations
    would have to be summed.
    """
    if len(sites) != 2 or np.any(np.asarray(beta) < 0):
        return {}
    try:
        return torus.observables(torus.GaugeTorus(n, beta, sites))
    except torus.TooManyRepresentations:
        return {}
