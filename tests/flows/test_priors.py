"""Priors draw what their density says."""

import numpy as np
import pytest

from latticekit.actions import Action, FreeScalar, Phi4, Wilson
from latticekit.arrays import backend
from latticekit.exact import free_field
from latticekit.flows import FreeField, Normal, StoredEnsemble
from latticekit.groups import SU
from latticekit.lattice import hartley
from latticekit.random import Key
from latticekit.testing import check_force, check_strict
from tests.cases.layers import PRIORS, stored

pytestmark = pytest.mark.usefixtures("reference")


class AsAction(Action):
    """S = -log q."""

    def __init__(self, prior):
        self.group, self.value, self.force = prior.group, lambda x: -prior.log_q(x), prior.score

    value = force = None


@pytest.fixture(params=PRIORS)
def case(request):
    return PRIORS[request.param]


def test_draws_carry_their_density(case):
    x, log_q = case.prior.draw(Key(1), 7, case.sites, np.zeros(0))
    assert x.shape == case.prior.group.shape(7, case.sites)
    assert log_q.dtype == "float64"
    assert log_q == pytest.approx(case.prior.log_q(x), abs=1e-12)


def test_score_is_the_derivative(case):
    x, _ = case.prior.draw(Key(1), 3, case.sites, np.zeros(0))
    check_force(AsAction(case.prior), x)


def test_a_chain_does_not_know_its_block(case):
    x, _ = case.prior.draw(Key(1), 8, case.sites, np.zeros(0))
    tail, _ = case.prior.draw(Key(1, chain=5), 3, case.sites, np.zeros(0))
    assert tail == pytest.approx(x[5:], abs=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_on_array_api_strict(case, dtype):
    like = np.zeros(1, dtype)

    def drawn(like):
        prior = case.prior
        if isinstance(prior, StoredEnsemble) and not isinstance(like, np.ndarray):
            xp = backend("array_api_strict")
            prior = StoredEnsemble(xp.asarray(prior.configurations), prior.action, prior.replacement)
        x, log_q = prior.draw(Key(1), 5, case.sites, like)
        return {"x": x, "log_q": log_q, "score": prior.score(x)}

    assert drawn(like)["x"].dtype == dtype
    check_strict(drawn, like, tolerance=1e-5 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize("sites", [(5,), (4, 6), (3, 2, 2)])
def test_free_field_is_the_free_action_normalised(sites):
    x = stored(6, sites)
    expected = -FreeScalar(0.4).value(x) - free_field.FreeField(sites, 0.4).log_z
    assert FreeField(0.4).log_q(x) == pytest.approx(expected, abs=1e-12)


def test_free_field_draws_have_their_spectrum():
    """Variance of every mode and of all together: false alarm 1e-6 each of 25; 1 % on all would be 7 sigma."""
    sites, draws = (4, 6), 40_000
    x, _ = FreeField(0.4).draw(Key(3), draws, sites, np.zeros(0))
    scaled = hartley(x) ** 2 * free_field.FreeField(sites, 0.4).omega
    pulls = (scaled.mean(axis=0) - 1) / np.sqrt(2 / draws)
    assert np.max(np.abs(pulls)) < 4.9
    assert abs(scaled.mean() - 1) / np.sqrt(2 / scaled.size) < 4.9


def test_a_massless_field_is_refused():
    with pytest.raises(ValueError, match="mass_squared > 0"):
        FreeField(0.0)
    with pytest.raises(ValueError, match="positive"):
        Normal(0.0)


def test_stored_configurations_once_each():
    configurations = stored(40)
    prior = StoredEnsemble(configurations, Phi4(1.0, 0.5), replacement=False)
    x, log_q = prior.draw(Key(1), 40, (4, 6), np.zeros(0))
    order = np.argsort(x[:, 0, 0])
    assert np.array_equal(x[order], configurations[np.argsort(configurations[:, 0, 0])])
    assert not np.array_equal(x, configurations)
    assert log_q == pytest.approx(-Phi4(1.0, 0.5).value(x), abs=1e-13)
    assert not prior.normalised
    again, _ = prior.draw(Key(1).at(1), 40, (4, 6), np.zeros(0))
    assert not np.array_equal(again, x)
    with pytest.raises(ValueError, match="41 draws without replacement of 40"):
        prior.draw(Key(1), 41, (4, 6), np.zeros(0))


def test_stored_configurations_with_replacement_are_equally_likely():
    """chi^2 of 40 counts: false alarm 1e-6."""
    configurations, draws = stored(40), 20_000
    x, _ = StoredEnsemble(configurations, Phi4(1.0, 0.5)).draw(Key(4), draws, (4, 6), np.zeros(0))
    counts = np.array([np.sum(x[:, 0, 0] == c[0, 0]) for c in configurations])
    assert counts.sum() == draws
    assert np.sum((counts - draws / 40) ** 2) / (draws / 40) < 95.0  # 39 degrees of freedom


def test_stored_links():
    group = SU(2)
    links = group.random(Key(1), group.shape(5, (2, 2)), np.zeros(0))
    prior = StoredEnsemble(links, Wilson(group, 2.0))
    x, log_q = prior.draw(Key(2), 3, (2, 2), np.zeros(0))
    assert x.dtype == "complex128"
    assert log_q == pytest.approx(-Wilson(group, 2.0).value(x), abs=1e-13)


def test_stored_shapes_are_checked():
    with pytest.raises(ValueError, match=r"got shape \(4,\)"):
        StoredEnsemble(np.zeros(4), Phi4(1.0, 1.0))
    with pytest.raises(ValueError, match="at least one"):
        StoredEnsemble(np.zeros((0, 4)), Phi4(1.0, 1.0))
    with pytest.raises(ValueError, match=r"none on \(4, 4\)"):
        StoredEnsemble(stored(), Phi4(1.0, 1.0)).draw(Key(1), 3, (4, 4), np.zeros(0))
