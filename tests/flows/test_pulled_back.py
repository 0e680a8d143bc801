"""An action seen through a flow: its force is right, and HMC through the flow is exact."""

import numpy as np
import pytest

from latticekit.actions import FreeScalar, Phi4
from latticekit.exact.free_field import FreeField
from latticekit.flows import Flow, FourierScale, Normal, pulled_back
from latticekit.random import Key
from latticekit.testing import check_force, check_strict
from latticekit.updates import HMC
from tests.cases import field
from tests.cases.layers import LAYERS, initialised

SMOOTH = [name for name, case in LAYERS.items() if not case.kinks]


@pytest.mark.parametrize("name", SMOOTH)
def test_force(reference, name):
    case = LAYERS[name]
    check_force(pulled_back(Phi4(-1.0, 0.7), initialised(case)), field(3, *case.sites), step=5e-4)


def test_on_strict_arrays(reference):
    case = LAYERS["affine"]

    def both(x):
        layer = initialised(case, namespace="numpy" if isinstance(x, np.ndarray) else "array_api_strict")
        action = pulled_back(Phi4(-1.0, 0.7), layer)
        return action.value(x), action.force(x)

    check_strict(both, field(3, *case.sites))


def test_a_perfect_flow_leaves_its_prior(reference):
    flow = Flow.init(FourierScale(), (4, 4), action=FreeScalar(0.5))
    z = field(3, 4, 4)
    action = pulled_back(FreeScalar(0.5), flow)
    constant = FreeField((4, 4), 0.5).log_z
    assert action.value(z) == pytest.approx(-Normal().log_q(z) - constant, abs=1e-12)
    assert action.force(z) == pytest.approx(-z, abs=1e-12)


def test_hmc_through_a_flow_is_exact(reference):
    """<phi^2> of the free field: false alarm 1e-6; an error of 1 % would be 5 sigma off."""
    sites, chains, layer = (2, 2), 20_000, initialised(LAYERS["affine of halves, dense"]._replace(sites=(2, 2)))
    update, seen = HMC(pulled_back(FreeScalar(3.0), layer), trajectory_length=0.45, steps=3), []
    state = update.init(np.zeros((chains, *sites)))
    for draw in range(20):
        state, _ = update.step(state, Key(3).at(draw))
        if draw >= 6:
            seen.append(np.mean(layer.apply(state.x)[0] ** 2, axis=(1, 2)))
    means = np.mean(seen, axis=0)
    error, exact = np.std(means, ddof=1) / np.sqrt(chains), FreeField(sites, 3.0).phi_squared
    assert error < 0.002 * exact
    assert abs(means.mean() - exact) < 5 * error


def test_what_is_stored_with_an_ensemble():
    stored = pulled_back(Phi4(-1.0, 0.7), initialised(LAYERS["affine"])).parameters()
    assert stored["action"]["name"] == "Phi4"
    assert stored["layer"]["name"] == "AffineCoupling"
    assert "1904.12072" in pulled_back(Phi4(-1.0, 0.7), initialised(LAYERS["affine"])).conventions()["phi4"]
