"""The theta term: its weights, the exact partition function with a real weight, and the reweighting at a real angle."""

import math

import numpy as np
import pytest
from scipy import integrate

import latticekit.actions.theta as theta_module
from latticekit.actions import GeometricTheta, SineTheta, ThetaTerm, Wilson
from latticekit.exact.u1_torus import U1Torus
from latticekit.fields import geometric_charge, plane_averages
from latticekit.groups import U1
from latticekit.random import Key
from latticekit.testing import check_force
from latticekit.updates import HMC, Heatbath, Metropolis, Overrelaxation, Repeat, Sequence
from tests.links import haar

BETA, SITES, VOLUME = 2.0, (4, 4), 16


def log_z(theta, density, beta=BETA):
    """log Z of weight prod exp(beta cos P) exp(theta q(P)): sum over fluxes n of [int dP/2pi exp(...) e^{i n P}]^V."""

    def transform(n, part):
        return integrate.quad(lambda p: part(n * p) * math.exp(beta * math.cos(p) + theta * density(p)), -np.pi, np.pi)[
            0
        ]

    terms = [complex(transform(n, math.cos), transform(n, math.sin)) / (2 * np.pi) for n in range(-40, 41)]
    return math.log(sum(term**VOLUME for term in terms).real)


DENSITY = {"geometric": lambda p: p / (2 * math.pi), "sine": lambda p: math.sin(p) / (2 * math.pi)}


def mean_charge(theta, charge):
    """<Q> = d log Z / d theta by central differences."""
    h = 1e-3
    return (log_z(theta + h, DENSITY[charge]) - log_z(theta - h, DENSITY[charge])) / (2 * h)


def charge_of(x, name):
    return geometric_charge(x) if name == "geometric" else -SineTheta(1.0).value(x)


def test_the_oracle_knows_the_susceptibility():
    """d<Q>/dtheta at 0 is <Q^2>: the published 0.2906361, and the sectors of the exact solution at theta = 1."""
    assert mean_charge(0.01, "geometric") / 0.01 == pytest.approx(0.2906361, rel=1e-4)
    charges, shares = U1Torus(BETA, SITES).charge_distribution()
    weight = shares * np.exp(charges)
    assert mean_charge(1.0, "geometric") == pytest.approx(weight @ charges / weight.sum(), rel=1e-5)


UPDATES = {
    "geometric, hmc": ("geometric", lambda a: HMC(a, 1.0, steps=4)),
    "sine, hmc": ("sine", lambda a: HMC(a, 1.0, steps=4)),
    "sine, heatbath": ("sine", Heatbath),
    "sine, overrelaxation": ("sine", lambda a: Sequence([Heatbath(a), Repeat(Overrelaxation(a), 2)])),
    "sine, metropolis": ("sine", lambda a: Metropolis(a, 1.2, hits=2)),
}


@pytest.mark.parametrize("name", UPDATES)
def test_mean_charge_and_plaquette(reference, name):
    """|z| < 4 (false alarm 6e-5); without the term the charge would be 0, more than ten sigma away."""
    charge, make = UPDATES[name]
    theta, chains = 2.0, 600
    update, key = make(Wilson(U1(), BETA) + ThetaTerm(theta, charge)), Key(5)
    state, total, cosine = update.init(haar(U1(), chains, SITES)), 0.0, 0.0
    for n in range(100):
        state, _ = update.step(state, key.at(n))
        if n >= 30:
            total, cosine = total + charge_of(state.x, charge), cosine + plane_averages(state.x)[:, 0]
    h = 1e-3
    energy = (log_z(theta, DENSITY[charge], BETA + h) - log_z(theta, DENSITY[charge], BETA - h)) / (2 * h * VOLUME)
    for values, exact in ((total / 70, mean_charge(theta, charge)), (cosine / 70, energy)):
        error = np.std(values, ddof=1) / math.sqrt(chains)
        assert abs(np.mean(values) - exact) < 4 * error
        assert abs(exact) > 10 * error


def test_a_real_angle_by_reweighting(reference):
    """<cos(angle Q)> = Z(angle)/Z(0) and the plaquette at that angle, as the docstring says."""
    update, key, angle = Heatbath(Wilson(U1(), BETA)), Key(6), 2.5
    state, means = update.init(haar(U1(), 2000, SITES)), []
    for n in range(60):
        state, _ = update.step(state, key.at(n))
        if n >= 20:
            wave = np.cos(angle * geometric_charge(state.x))
            means.append((wave, wave * plane_averages(state.x)[:, 0]))
    wave, both = np.mean(means, axis=0)
    exact = U1Torus(BETA, SITES)
    assert abs(wave.mean() - exact.theta_ratio(angle)) < 4 * wave.std() / math.sqrt(2000)
    ratio = both.mean() / wave.mean()
    spread = np.std(both - ratio * wave) / wave.mean()
    assert abs(ratio - exact.theta_plaquette(angle)) < 4 * spread / math.sqrt(2000)
    assert abs(exact.theta_plaquette(angle) - exact.theta_plaquette(0.0)) > 10 * spread / math.sqrt(2000)


def test_the_geometric_charge_has_no_force_and_an_integer_value(reference):
    x, term = haar(U1(), 50, (5, 4)), GeometricTheta(0.7)
    np.testing.assert_array_equal(term.force(x), 0 * x)
    charge = term.value(x) / -0.7
    np.testing.assert_allclose(charge, np.round(charge), atol=1e-12)
    assert np.ptp(charge) > 1
    v = U1().random_algebra(Key(4), x)
    np.testing.assert_array_equal(term.value(U1().translate(x, 1e-9 * v)), term.value(x))


def local_error(term):
    """Worst difference between the change of the action and of -Re(U V) when one link changes, over all links."""
    x, y, worst = haar(U1(), 3, (4, 4)), haar(U1(), 3, (4, 4), seed=2), 0.0
    u = U1().matrices(x)
    for mu, *site in np.ndindex(2, 4, 4):
        z = np.array(x)
        z[:, mu, *site] = y[:, mu, *site]
        change = (np.exp(1j * z) - np.exp(1j * x))[:, mu, *site] * term.staple(u, mu)[:, 0, 0, *site]
        worst = max(worst, np.max(abs(term.value(z) - term.value(x) + change.real)))
    return worst


def test_the_sine_charge_has_a_force_and_a_local_weight(reference):
    check_force(SineTheta(1.3), haar(U1(), 3, (4, 4)))
    assert local_error(SineTheta(1.3)) < 1e-13


def test_a_local_weight_of_the_wrong_sense_is_caught(reference, monkeypatch):
    monkeypatch.setattr(theta_module, "_REVERSED", (-1j, -1j))
    assert local_error(SineTheta(1.3)) > 0.1


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match="unknown charge 'clover': one of geometric, sine"):
        ThetaTerm(1.0, "clover")
    with pytest.raises(ValueError, match="GeometricTheta needs a finite theta, got nan"):
        ThetaTerm(math.nan)
    with pytest.raises(ValueError, match="a theta term needs U"):
        SineTheta(1.0).value(np.zeros((2, 3, 4, 4, 4)))
    with pytest.raises(ValueError, match="geometric_charge needs U"):
        GeometricTheta(1.0).value(np.zeros((2, 3, 4, 4, 4)))
    with pytest.raises(TypeError, match=r"Heatbath needs an action .* Sum lacks"):
        Heatbath(Wilson(U1(), 1.0) + GeometricTheta(0.5))
