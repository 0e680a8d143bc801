"""The same numbers as pyerrors, ArviZ and emcee where the definitions agree."""

import numpy as np
import pytest

from latticekit.estimators import gamma_function, gamma_method, rhat, split_rhat


@pytest.mark.parametrize(("rho", "seed"), [(0.3, 1), (0.5, 2), (0.9, 3), (0.98, 4)])
@pytest.mark.parametrize("s_tau", [1.5, 2.0])
def test_pyerrors_one_chain(peers, ar1, rho, seed, s_tau):
    pe, _, _ = peers
    x = ar1(rho, (1, 3000), seed) + 2.0
    theirs = pe.Obs([x[0]], ["ensemble"])
    theirs.gamma_method(S=s_tau)
    _agree(gamma_method(x, s_tau=s_tau), theirs)


def test_pyerrors_replicas_of_unequal_length(peers, ar1):
    """pyerrors subtracts the mean of each replica, Wolff the mean of all: with equal means they are one."""
    pe, _, _ = peers
    parts = [ar1(0.8, (1, n), n)[0] for n in (2000, 1500, 700)]
    centred = [x - np.mean(x) + 1.0 for x in parts]
    theirs = pe.Obs(centred, ["ensemble|1", "ensemble|2", "ensemble|3"])
    theirs.gamma_method(S=1.5)
    _agree(gamma_method(centred), theirs)
    theirs = pe.Obs(parts, ["ensemble|1", "ensemble|2", "ensemble|3"])
    theirs.gamma_method(S=1.5)
    assert gamma_method(parts).error == pytest.approx(theirs.dvalue, rel=0.05)
    assert gamma_method(parts).value == pytest.approx(theirs.value, rel=1e-12)


def _agree(ours, theirs):
    (name,) = theirs.e_names
    assert ours.window == theirs.e_windowsize[name]
    assert ours.value == pytest.approx(theirs.value, rel=1e-13)
    assert ours.error == pytest.approx(theirs.dvalue, rel=1e-10)
    assert ours.error_error == pytest.approx(theirs.ddvalue, rel=1e-10)
    # tau_int: pyerrors divides by Gamma(0) (1 + 1/N), Wolff's code by Gamma(0) + C/N
    assert ours.tau_int == pytest.approx(theirs.e_tauint[name], rel=2 * ours.tau_int / ours.n)
    assert ours.tau_int_error == pytest.approx(theirs.e_dtauint[name], rel=3 * ours.window / ours.n)


def test_pyerrors_derived(peers, ar1):
    pe, _, _ = peers
    x = ar1(0.6, (1, 4000, 2), 5)
    a, b = np.exp(0.3 * x[0, :, 0]), 1 + x[0, :, 0] + 0.5 * x[0, :, 1]
    theirs = pe.Obs([a], ["e"]) ** 2 / pe.Obs([b], ["e"])
    theirs.gamma_method(S=1.5)
    ours = gamma_function(lambda m: m[0] ** 2 / m[1], np.stack([a, b], axis=-1)[None])
    exact = gamma_function(
        lambda m: m[0] ** 2 / m[1],
        np.stack([a, b], axis=-1)[None],
        gradient=lambda m: np.stack([2 * m[0] / m[1], -(m[0] ** 2) / m[1] ** 2]),
    )
    assert exact.value == pytest.approx(theirs.value, rel=1e-12)
    assert exact.error == pytest.approx(theirs.dvalue, rel=1e-10)
    assert ours.error == pytest.approx(exact.error, rel=1e-3)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9, 0.98])
def test_arviz_and_emcee_tau(peers, ar1, rho):
    """Three ways to truncate one sum: they agree within twice the error of tau_int."""
    _, arviz, emcee = peers
    x = ar1(rho, (4, 5000), 6)
    e = gamma_method(x)
    theirs = x.size / (2 * arviz.ess(x, chain_axis=0, draw_axis=1, method="mean"))
    assert abs(e.tau_int - theirs) < 2 * e.tau_int_error + 0.01
    (double,) = emcee.integrated_time(x.T[:, :, None], tol=0)
    assert abs(e.tau_int - double / 2) < 2 * e.tau_int_error + 0.01
    assert e.error == pytest.approx(arviz.mcse(x, chain_axis=0, draw_axis=1, method="mean"), rel=0.1)


@pytest.mark.parametrize("draws", [100, 101])
@pytest.mark.parametrize("distort", [lambda x: x, np.exp, np.round, lambda x: x * np.arange(1, 5)[:, None, None]])
def test_arviz_rhat(peers, ar1, draws, distort):
    _, arviz, _ = peers
    x = distort(ar1(0.8, (4, draws, 6), 7) + 0.3 * np.arange(4)[:, None, None])
    for ours, method in ((rhat, "rank"), (split_rhat, "split")):
        theirs = arviz.rhat(x, chain_axis=0, draw_axis=1, method=method)
        assert np.allclose(ours(x), theirs, rtol=1e-10, atol=0)
        assert np.any(theirs > 1.01)
