"""An action seen through stout smearing: force against differences, symmetries, faults."""

import numpy as np
import pytest

from latticekit.actions import Phi4
from latticekit.actions.gauge import Iwasaki, Wilson
from latticekit.actions.smeared import Smeared
from latticekit.fields import stout
from latticekit.groups import SU, U1
from latticekit.testing import check_force, check_strict
from tests.fields.symmetries import link_symmetries, links

pytestmark = pytest.mark.usefixtures("reference")
ACTIONS = [
    (Smeared(Wilson(U1(), 2.0), 0.1, steps=3), (4, 3)),
    (Smeared(Wilson(SU(2), 2.3), 0.1, steps=2), (3, 4, 2)),
    (Smeared(Wilson(SU(3), 5.7), 0.12, steps=2), (2, 2, 3, 2)),
    (Smeared(Iwasaki(SU(3), 2.6), 0.1, spatial=True), (3, 2, 3)),
    (Smeared(Wilson(SU(4), 9.0), 0.15), (3, 4)),
]


@pytest.mark.parametrize(("action", "sites"), ACTIONS)
def test_force(action, sites):
    check_force(action, links(action.group, sites))


def test_a_force_that_is_not_carried_back_is_seen():
    action, sites = ACTIONS[1]

    class Forgotten(Smeared):
        def force(self, x):
            return self.action.force(stout(x, self.rho, self.steps))

    with pytest.raises(AssertionError, match="force of"):
        check_force(Forgotten(action.action, 0.01), links(action.group, sites))


@pytest.mark.parametrize(("action", "sites"), ACTIONS)
def test_symmetries_and_strict_arrays(action, sites):
    x = links(action.group, sites)
    for name, g in link_symmetries(sites, ("gauge", "translation", "conjugation", "reflection of space")).items():
        np.testing.assert_allclose(action.value(g(x)), action.value(x), rtol=1e-12, atol=1e-12, err_msg=name)
    check_strict(action.value, x, tolerance=1e-12)
    check_strict(action.force, x, tolerance=1e-12)
    np.testing.assert_allclose(
        action.value(x), action.action.value(stout(x, action.rho, action.steps, spatial=action.spatial)), rtol=1e-12
    )


def test_impossible_settings_are_refused():
    with pytest.raises(TypeError, match="gauge links"):
        Smeared(Phi4(1.0, 1.0), 0.1)
    with pytest.raises(ValueError, match="finite rho"):
        Smeared(Wilson(SU(3), 6.0), float("inf"))
    with pytest.raises(ValueError, match="at least one step"):
        Smeared(Wilson(SU(3), 6.0), 0.1, steps=0)
