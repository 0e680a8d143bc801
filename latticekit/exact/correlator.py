"""What a zero-momentum correlator says by itself: second-moment correlation length and effective mass."""

import numpy as np

__all__ = ["effective_mass", "second_moment_correlation_length"]


def second_moment_correlation_length(two_point: np.ndarray) -> float:
    """Second-moment correlation length of a periodic zero-momentum correlator.  (extent,) -> float

    xi = sqrt(C(0) / C(k) - 1) / (2 sin(k/2)), with C(k) the Fourier transform of C(t) at the smallest momentum
    k = 2 pi / extent.  Infinite when the correlator is constant to rounding; needs an extent of at least 2.
    """
    extent = len(two_point)
    if extent < 2:
        raise ValueError(f"a second moment needs an extent of at least 2 along time: got {extent}")
    momentum = 2 * np.pi / extent
    transformed = float(np.cos(momentum * np.arange(extent)) @ two_point)
    excess = max(float(np.sum(two_point)) / transformed - 1, 0.0) if transformed > 0 else np.inf
    return float(np.sqrt(excess) / (2 * np.sin(momentum / 2)))


def effective_mass(two_point: np.ndarray) -> np.ndarray:
    """Mass of the single cosh through three neighbouring times.  (extent,) -> (extent,)

    cosh m(t) = [C(t-1) + C(t+1)] / 2 C(t).  For a free field m(t) is the pole mass at every t except 0, where the
    contact term adds to C and the entry is NaN.
    """
    cosh = (np.roll(two_point, 1) + np.roll(two_point, -1)) / (2 * np.asarray(two_point))
    with np.errstate(invalid="ignore"):
        mass = np.arccosh(cosh)
    mass[0] = np.nan
    return mass
