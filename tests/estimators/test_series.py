"""What every estimator refuses, in words; what it accepts without changing it."""

import array_api_strict
import numpy as np
import pytest

from latticekit import estimators as lk

x = np.random.default_rng(1).standard_normal((3, 40))


def gate(series):
    return lk.gamma_method(series)


def test_non_finite_numbers_are_named():
    bad = np.stack([x, x], axis=-1)
    bad[1, 7, 0] = np.nan
    bad[2, 3, 1] = np.inf
    message = r"series holds 2 non-finite number\(s\), the first at index \(1, 7, 0\)"
    for estimator in (lk.gamma_method, lk.rhat, lk.thermalised, lk.stuck, lk.binning):
        with pytest.raises(ValueError, match=message):
            estimator(bad)


def test_complex_numbers_are_refused():
    with pytest.raises(ValueError, match="split into real and imaginary parts"):
        gate(x + 1j)


@pytest.mark.parametrize(
    ("series", "message"),
    [
        (x[0], r"use x\[None\] for one chain"),
        (x[:1, :1], "at least 2 draws"),
        ([x[0], np.zeros((4, 2))], "same observable axes"),
    ],
)
def test_shapes(series, message):
    with pytest.raises(ValueError, match=message):
        gate(series)


def test_plain_lists():
    with pytest.raises(TypeError, match="expected an array"):
        gate([1.0, 2.0])


def test_weights_must_fit():
    with pytest.raises(ValueError, match="one weight for each draw"):
        lk.gamma_method(x, x[:, 1:])
    with pytest.raises(ValueError, match="not both"):
        lk.gamma_method(x, x, log_weights=x)
    with pytest.raises(ValueError, match="mean is zero"):
        lk.gamma_method(x, np.tile([1.0, -1.0], (3, 20)))


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.int8, bool])
def test_other_real_types_count_in_double(dtype):
    given = (10 * x).astype(dtype)
    e = lk.gamma_method(given)
    assert e.value.dtype == e.error.dtype == np.float64
    assert e.value == pytest.approx(np.mean(given, dtype=np.float64), abs=1e-14)


def test_single_precision_sums_do_not_drift():
    """A mean of 2^24 in steps of one: float32 sums would stop counting."""
    given = (2.0**24 + 2 * (np.arange(20000) % 2)).astype(np.float32)[None]
    with pytest.warns(RuntimeWarning, match="anti-correlated"):
        assert lk.gamma_method(given).value == 2.0**24 + 1


def ratio(m):
    return m[0, ...] / m[1, ...]


def pairs(series):
    if isinstance(series, list):
        return series
    xp = series.__array_namespace__()
    return xp.stack([series, 2 + series * series], axis=2)


CALLS = {
    "gamma_method": lambda s, w: lk.gamma_method(s),
    "weighted": lambda s, w: lk.gamma_method(s, log_weights=w),
    "replicas": lambda s, w: lk.gamma_method([s[0, ...], s[1, :20, ...]]),
    "autocorrelation": lambda s, w: lk.autocorrelation(s, 5),
    "gamma_function": lambda s, w: lk.gamma_function(ratio, pairs(s), log_weights=w),
    "difference": lambda s, w: lk.difference(s, 2 * s, log_weights=(w, None)),
    "jackknife": lambda s, w: lk.jackknife(ratio, pairs(s), 4, log_weights=w),
    "bootstrap": lambda s, w: lk.bootstrap(ratio, pairs(s), 4, 50, 3, log_weights=w),
    "binning": lambda s, w: lk.binning(s),
    "rhat": lambda s, w: lk.rhat(s),
    "split_rhat": lambda s, w: lk.split_rhat(s),
    "thermalised": lambda s, w: lk.thermalised(s),
    "stuck": lambda s, w: lk.stuck(s),
    "log_mean_exp": lambda s, w: lk.log_mean_exp(s, axis=(0, 1)),
    "effective_sample_size": lambda s, w: lk.effective_sample_size(s, axis=1),
    "forward_effective_sample_size": lambda s, w: lk.forward_effective_sample_size(w),
    "reverse_ess": lambda s, w: lk.reverse_ess(w),
    "forward_ess": lambda s, w: lk.forward_ess(w),
    "expected_acceptance": lambda s, w: lk.expected_acceptance(w),
    "free_energy": lambda s, w: lk.free_energy(s, w),
    "exp_mean": lambda s, w: lk.exp_mean(s),
    "linear_extrapolation": lambda s, w: lk.linear_extrapolation(w[0, :9], s[0, :9, ...], s[1, :9, ...] ** 2 + 1.0, 2),
}


def leaves(result):
    """Every array of a result, in order."""
    if result is None or isinstance(result, int):
        return []
    if isinstance(result, lk.Estimate):
        return leaves(tuple(vars(result).values()))
    if isinstance(result, tuple):
        return [leaf for part in result for leaf in leaves(part)]
    return [result]


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("dims", [(), (2,), (2, 3)])
def test_strict_arrays_and_read_only_arrays(name, dims):
    rng = np.random.default_rng(2)
    series, weights = 0.5 * rng.standard_normal((3, 40, *dims)), 0.3 * rng.standard_normal((3, 40))
    series.flags.writeable = weights.flags.writeable = False
    ours = leaves(CALLS[name](series, weights))
    strict = CALLS[name](array_api_strict.asarray(series), array_api_strict.asarray(weights))
    assert ours
    for a, b in zip(ours, leaves(strict), strict=True):
        assert type(b) is type(array_api_strict.asarray(0.0))
        assert np.allclose(a, np.asarray(b), rtol=1e-9, atol=1e-12)


def test_every_estimator_is_in_the_parity_test():
    functions = {name for name in lk.__all__ if name[0].islower()}
    assert functions - set(CALLS) == {"bracket", "extrapolate_ess", "rejections"}  # of numbers, or counted on the host
