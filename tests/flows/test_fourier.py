"""The free-theory layer: exact for free fields, on its lattice and on others."""

import numpy as np
import pytest

from latticekit.actions import FreeScalar, Phi4
from latticekit.exact.free_field import FreeField
from latticekit.flows import Flow, FourierScale, Setting
from latticekit.random import Key

pytestmark = pytest.mark.usefixtures("reference")


def layer(sites, action=None):
    return FourierScale().init(Setting(sites, np.zeros(0), Key(1), action))


@pytest.mark.parametrize("sites", [(5,), (4, 6), (3, 3, 2)])
def test_makes_the_free_field_of_normal_numbers(sites):
    flow = Flow.init(FourierScale(), sites, action=FreeScalar(0.3))
    x, log_q = flow.draw(Key(1), 5)
    expected = -FreeScalar(0.3).value(x) - FreeField(sites, 0.3).log_z
    assert log_q == pytest.approx(expected, abs=1e-12)
    assert flow.log_q(x) == pytest.approx(expected, abs=1e-12)


def test_starts_from_the_identity_without_a_target_or_without_its_gaussian():
    class Unknown:
        pass

    for action in (None, Unknown()):
        x = Key(1).normal((2, 4, 4), np.zeros(0))
        assert layer((4, 4), action).apply(x)[0] == pytest.approx(x, abs=1e-14)


@pytest.mark.parametrize(("old", "new"), [((4, 4), (8, 8)), ((6, 8), (9, 5)), ((5, 3), (8, 8)), ((12,), (5,))])
def test_a_free_field_is_carried_to_other_volumes_exactly(old, new):
    moved = layer(old, FreeScalar(0.3)).resized(new)
    assert moved.sites == new
    assert moved.spectrum() == pytest.approx(FreeField(new, 0.3).omega, rel=1e-13)


def test_an_interacting_spectrum_is_carried_smoothly():
    """Back on its own lattice it is what it was; between, it stays within its range."""
    start = layer((8, 8), Phi4(-4.0, 6.0))
    noisy = start.with_params({"a": start.own["a"] + 0.1 * np.sin(3.0 * np.arange(15))})
    assert noisy.resized((8, 8)).own["a"] == pytest.approx(noisy.own["a"], abs=1e-14)
    moved = noisy.resized((32, 32))
    assert moved.spectrum()[::4, ::4] == pytest.approx(noisy.spectrum(), rel=1e-13)
    assert np.all(moved.spectrum() >= noisy.spectrum().min())
    assert np.all(moved.spectrum() <= noisy.spectrum().max() * (1 + 1e-13))


def test_another_lattice_or_dimension_is_refused():
    with pytest.raises(ValueError, match=r"parameters for \(4, 4\), got a field on \(4, 6\)"):
        layer((4, 4)).apply(np.zeros((1, 4, 6)))
    with pytest.raises(ValueError, match="no lattice"):
        FourierScale().apply(np.zeros((1, 4, 6)))
    with pytest.raises(ValueError, match="another number of dimensions"):
        layer((4, 4)).resized((4, 4, 4))


def test_the_gaussian_start_of_an_interacting_theory_is_good():
    """Effective sample size at L = 6 well above that of normal numbers; a regression would be seen at once."""
    action, sizes = Phi4(-4.0, 6.975), []
    for start in (action, None):
        flow = Flow.init(FourierScale(), (6, 6), action=start)
        x, log_q = flow.draw(Key(2), 4000)
        w = -action.value(x) - log_q
        w = np.exp(w - w.max())
        sizes.append(w.sum() ** 2 / (w @ w) / 4000)
    assert sizes[0] > 0.01
    assert sizes[1] < 0.001
