"""Importance weights w = exp(log_weight): how many samples they are worth, and the free energy they measure."""

from __future__ import annotations

from typing import Any, NamedTuple

from latticekit.arrays import finite, namespace
from latticekit.estimators.estimate import Estimate
from latticekit.estimators.fluctuations import normalised_weights
from latticekit.estimators.gamma import analyse, gamma_method
from latticekit.estimators.series import Array, blocks

_OVERFLOW = 700.0


def log_mean_exp(x: Array, axis: int | tuple[int, ...] | None = None) -> Array:
    """log of the mean of exp(x), without overflow.  (...) -> () or the shape without `axis`; float64

    max x + log <exp(x - max x)>; entries of -inf are weights of zero.
    """
    xp = namespace(x)
    x = xp.astype(x, xp.float64)
    largest = xp.max(x, axis=axis, keepdims=True)
    largest = xp.where(xp.isfinite(largest), largest, xp.zeros_like(largest))
    mean = xp.mean(xp.exp(x - largest), axis=axis)
    logarithm = xp.log(xp.where(mean == 0, xp.ones_like(mean), mean))
    return xp.where(mean == 0, xp.full_like(mean, -float("inf")), logarithm + xp.reshape(largest, mean.shape))


def effective_sample_size(log_weights: Array, axis: int | tuple[int, ...] | None = None) -> Array:
    """Fraction of samples from q that count for p, in (0, 1].  (...) -> () or the shape without `axis`

    (sum w)^2 / (n sum w^2), from samples of q ("reverse"). It cannot see regions that q never visits.
    """
    xp = namespace(log_weights)
    log_w = xp.astype(log_weights, xp.float64)
    return xp.exp(2 * log_mean_exp(log_w, axis) - log_mean_exp(2 * log_w, axis))


def forward_effective_sample_size(log_weights: Array, axis: int | tuple[int, ...] | None = None) -> Array:
    """The same fraction from samples of p.  (...) -> () or the shape without `axis`

    1 / (<w>_p <1/w>_p): E_q[w]^2 / E_q[w^2] rewritten as means over p. It does see modes that q misses.
    """
    return namespace(log_weights).exp(-log_mean_exp(log_weights, axis) - log_mean_exp(-log_weights, axis))


def extrapolate_ess(ess: Array, volume: float, target_volume: float) -> Array:
    """Volume law of the effective sample size: ESS(V) = ESS(V0)^(V/V0).  (...) -> (...)

    Exact if the lattice falls into independent parts; going from L to 2L in four dimensions it is the 16th power.
    """
    if not (volume > 0 and target_volume > 0):
        raise ValueError(f"volumes must be positive, got {volume} and {target_volume}")
    return ess ** (target_volume / volume)


class FreeEnergy(NamedTuple):
    """log Z with its lower bound and, where samples of p were given, its upper bound: lower <= log_z <= upper."""

    log_z: Estimate
    lower: Estimate
    upper: Estimate | None


def free_energy(log_weights: Any, log_weights_p: Any = None, *, s_tau: float = 1.5) -> FreeEnergy:
    """log Z = log <w>_q of w = exp(-S)/q, with bounds.  (chain, draw, *dims) -> FreeEnergy of (*dims)

    <log w>_q <= log Z <= <log w>_p by Jensen's inequality; the gaps are the reverse and the forward Kullback-Leibler
    divergence. Nicoli et al., arXiv:1910.13496 and 2007.07115. log_weights_p: log w at samples of p, for the upper
    bound.
    """
    parts = blocks(log_weights, "log_weights")
    xp = namespace(*parts)
    relative = [w - 1 for w in normalised_weights(parts, log_weights=log_weights)]  # d log<w> = dw / <w>
    flat = [xp.reshape(part, (-1, *part.shape[2:])) for part in parts]
    log_z = analyse(log_mean_exp(xp.concat(flat), axis=0), relative, s_tau)
    upper = None if log_weights_p is None else gamma_method(log_weights_p, s_tau=s_tau)
    return FreeEnergy(log_z, gamma_method(log_weights, s_tau=s_tau), upper)


def exp_mean(delta_h: Array, *, s_tau: float = 1.5) -> Estimate:
    """<exp(-delta_h)>, which is 1 for a reversible area-preserving update.  (chain, draw, *dims) -> Estimate of (*dims)

    M. Creutz, Phys. Rev. D 38 (1988) 1228. A trajectory that diverged to delta_h = +inf counts as 0.
    """
    xp = namespace(delta_h)
    x = xp.astype(delta_h, xp.float64)
    x = finite(xp.where(x == float("inf"), xp.full_like(x, 2 * _OVERFLOW), x), "delta_h")
    if bool(xp.any(x < -_OVERFLOW)):
        raise ValueError(
            f"delta_h = {float(xp.min(x)):.4g}: exp(-delta_h) overflows, the integrator is unstable; reduce step_size"
        )
    return gamma_method(xp.exp(-x), s_tau=s_tau)
