"""Jackknife, bootstrap and binning against their definitions, loop by loop."""

import numpy as np
import pytest

from latticekit.estimators import binning, bootstrap, gamma_function, gamma_method, jackknife
from latticekit.random import Key


def jackknife_by_hand(f, x, w):
    count = len(x)
    samples = []
    for b in range(count):
        keep = np.arange(count) != b
        samples.append(f(np.sum((w * x.T).T[keep], axis=0) / np.sum(w[keep])))
    samples = np.array(samples)
    return np.sqrt((count - 1) / count * np.sum((samples - np.mean(samples, axis=0)) ** 2, axis=0))


@pytest.mark.parametrize("weighted", [False, True])
def test_jackknife_by_hand(ar1, weighted):
    x = 4 + ar1(0.5, (2, 30, 2), 1)
    w = np.exp(x[:, :, 0] / 5) if weighted else np.ones((2, 30))
    e = jackknife(lambda m: m[0] / m[1], x, 1, w if weighted else None)
    by_hand = jackknife_by_hand(lambda m: m[0] / m[1], x.reshape(60, 2), w.reshape(60))
    assert e.error == pytest.approx(by_hand, rel=1e-11)
    assert e.value == pytest.approx(np.sum(w * x[:, :, 0]) / np.sum(w * x[:, :, 1]), rel=1e-13)
    assert e.error_error == pytest.approx(e.error / np.sqrt(2 * 59), rel=1e-13)


def test_jackknife_of_bins_is_jackknife_of_bin_means(ar1):
    x = ar1(0.5, (2, 43), 2)
    e = jackknife(np.exp, x, 5)
    bins = x[:, 3:].reshape(2, 8, 5).mean(axis=-1)  # the first three draws do not fill a bin
    assert e.error == pytest.approx(jackknife(np.exp, bins, 1).error, rel=1e-12)
    assert e.value == pytest.approx(np.exp(np.mean(bins)), rel=1e-13)
    assert e.n == 80


def test_the_three_methods_agree(ar1):
    x = 4 + ar1(0.5, (4, 5000, 2), 3)
    f = lambda m: m[0] ** 2 / m[1]  # noqa: E731
    gamma = gamma_function(f, x)
    for other in (jackknife(f, x, 50), bootstrap(f, x, 50, 2000)):
        assert other.value == pytest.approx(gamma.value, rel=1e-12)
        assert other.error == pytest.approx(gamma.error, rel=0.12)


def test_bootstrap_by_hand(ar1):
    x = ar1(0.5, (2, 30), 4)
    e = bootstrap(None, x, 3, 40, Key(7))
    drawn = np.floor(Key(7).fold("bootstrap").uniform((40, 20), x) * 20).astype(int)
    means = x.reshape(20, 3).mean(axis=1)[drawn].mean(axis=1)
    assert e.error == pytest.approx(np.std(means, ddof=1) * np.sqrt(20 / 19), rel=1e-12)
    assert bootstrap(None, x, 3, 40, 7).error == e.error
    assert bootstrap(None, x, 3, 40, 8).error != e.error


def test_resampled_arrays(ar1):
    x = 4 + ar1(0.5, (2, 60, 3, 2), 5)
    for method in (jackknife, bootstrap):
        whole = method(lambda m: m[:2] / m[2], x, 4)
        assert whole.error.shape == (2, 2)
        part = method(lambda m: m[0] / m[1], x[:, :, ::2, 1], 4)
        assert part.error == pytest.approx(whole.error[0, 1], rel=1e-12)


@pytest.mark.parametrize("method", [jackknife, bootstrap])
def test_constants_have_no_error(method):
    e = method(None, np.full((2, 30), 0.1), 7)
    assert (e.value, e.error) == (0.1, 0.0)


@pytest.mark.parametrize("rho", [0.5, 0.9])
def test_binning_reaches_the_plateau(ar1, rho):
    x = ar1(rho, (4, 8192, 20), 6)
    table = binning(x)
    naive = np.std(x, axis=(0, 1)) / np.sqrt(x.shape[0] * x.shape[1] - 1)
    assert np.allclose(table.error[0], naive, rtol=1e-10)
    assert list(table.bin_size) == [2**k for k in range(len(table.bin_size))]
    assert list(table.bins) == [32768 // size for size in table.bin_size]
    wide = list(table.bin_size).index(256)
    assert np.mean(table.error[wide]) == pytest.approx(np.mean(gamma_method(x).error), rel=0.06)
    scatter = np.std(table.error[wide])
    assert scatter == pytest.approx(np.mean(table.error_error[wide]), rel=0.6)


def test_refusals(ar1):
    x = ar1(0.5, (1, 10), 7)
    for size in (0, -1, 6, 11):
        with pytest.raises(ValueError, match="bin_size must be at least 1 and leave 2 bins"):
            jackknife(None, x, size)
    with pytest.raises(ValueError, match="at least 2 replicas"):
        bootstrap(None, x, 1, 1)
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match="f of the resampled means"):
        jackknife(np.sqrt, x - 10, 1)
