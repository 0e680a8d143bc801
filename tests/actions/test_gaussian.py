"""The Gaussian that actions offer flows as a start."""

import numpy as np
import pytest

from latticekit.actions import FreeScalar, Phi4, Wilson
from latticekit.exact.free_field import FreeField
from latticekit.groups import SU


def divergence(action, omega, khat_squared):
    """Reverse Kullback-Leibler divergence of a Gaussian from exp(-S), less log Z: <S> - entropy, per site."""
    square = np.mean(1 / omega)
    kinetic = np.mean((khat_squared + action.mass_squared) / omega)
    return kinetic + 3 * action.coupling * square**2 + 0.5 * np.mean(np.log(omega))


@pytest.mark.parametrize("sites", [(5,), (4, 6), (2, 3, 3), (1, 4)])
@pytest.mark.parametrize("couplings", [(-4.0, 6.008), (-4.0, 0.01), (0.5, 3.0), (-1.0, 500.0)])
def test_no_other_spectrum_is_closer(sites, couplings):
    action, khat_squared = Phi4(*couplings), FreeField(sites, 1.0).omega / 2 - 1
    omega = action.gaussian(sites)
    assert omega.shape == sites
    best, rng = divergence(action, omega, khat_squared), np.random.default_rng(1)
    for _ in range(20):
        direction = rng.normal(size=sites)
        ahead, back = (divergence(action, omega * np.exp(e * direction), khat_squared) for e in (1e-4, -1e-4))
        assert min(ahead, back) > best - 1e-13 * abs(best)
        assert abs(ahead - back) < 1e-10 * max(1, abs(best))  # 2e-4 times a slope that vanishes


@pytest.mark.parametrize("couplings", [(-4.0, 1e-9), (-4.0, 1e6), (1e-9, 1e-12), (0.0, 1e-3), (3.0, 0.2)])
def test_gap_equation(couplings):
    mass_squared, coupling = couplings
    omega = Phi4(mass_squared, coupling).gaussian((6, 6))
    gap = omega[0, 0] / 2
    assert gap > 0
    assert gap == pytest.approx(mass_squared + 6 * coupling * np.mean(1 / omega), abs=1e-12 * (4 + gap))


def test_of_a_free_field_it_is_the_field_itself():
    assert FreeScalar(0.3).gaussian((5, 4)) == pytest.approx(FreeField((5, 4), 0.3).omega, rel=1e-15)


def test_other_actions_offer_none():
    assert Wilson(SU(2), 2.0).gaussian((4, 4)) is None
    assert (Phi4(1.0, 1.0) + Phi4(1.0, 1.0)).gaussian((4, 4)) is None
