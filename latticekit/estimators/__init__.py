"""Series of numbers -> value, error, tau_int: Gamma method, resampling, reweighting, convergence.  (floor 1)

A series is (chain, draw, *dims), or a list of chains (draw_r, *dims) of unequal length. tau_int = 1/2 + sum_{t>=1}
rho(t), effective number of draws n / (2 tau_int), error^2 = 2 tau_int var / n.
"""

from latticekit.estimators.autocorrelation import Autocorrelation, autocorrelation
from latticekit.estimators.convergence import Stuck, Thermalisation, stuck, thermalised
from latticekit.estimators.derived import difference, gamma_function
from latticekit.estimators.estimate import Estimate, bracket
from latticekit.estimators.extrapolation import Extrapolation, linear_extrapolation
from latticekit.estimators.gamma import gamma_method
from latticekit.estimators.importance import expected_acceptance, forward_ess, reverse_ess
from latticekit.estimators.rejections import Rejections, rejections
from latticekit.estimators.resampling import Binning, binning, bootstrap, jackknife
from latticekit.estimators.rhat import rhat, split_rhat
from latticekit.estimators.weights import (
    FreeEnergy,
    effective_sample_size,
    exp_mean,
    extrapolate_ess,
    forward_effective_sample_size,
    free_energy,
    log_mean_exp,
)

__all__ = [
    "Autocorrelation",
    "Binning",
    "Estimate",
    "Extrapolation",
    "FreeEnergy",
    "Rejections",
    "Stuck",
    "Thermalisation",
    "autocorrelation",
    "binning",
    "bootstrap",
    "bracket",
    "difference",
    "effective_sample_size",
    "exp_mean",
    "expected_acceptance",
    "extrapolate_ess",
    "forward_effective_sample_size",
    "forward_ess",
    "free_energy",
    "gamma_function",
    "gamma_method",
    "jackknife",
    "linear_extrapolation",
    "log_mean_exp",
    "rejections",
    "reverse_ess",
    "rhat",
    "split_rhat",
    "stuck",
    "thermalised",
]
