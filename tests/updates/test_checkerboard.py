"""The weight of one site given its neighbours, and what every checkerboard update needs."""

import numpy as np
import pytest

from latticekit.actions import Action, Phi4, Sum
from latticekit.groups import Real
from latticekit.random import Key
from latticekit.updates import Cluster, Heatbath, Metropolis, Overrelaxation

ACTION = Phi4(-1.3, 0.7)
SITES = [(1,), (2,), (6,), (2, 2), (4, 1), (1, 1), (4, 2), (2, 4, 6), (2, 2, 2, 2)]


class Opaque(Action):
    """An action that offers nothing but its value and force."""

    group = Real()

    def value(self, x):
        return x

    def force(self, x):
        return x


@pytest.mark.parametrize("sites", SITES)
def test_the_conditional_is_the_change_of_the_action_at_one_site(reference, sites):
    x = Key(1).normal((3, *sites), np.zeros(0))
    y = Key(2).normal((3, *sites), np.zeros(0))
    weight = ACTION.conditional(x)
    local = weight.value(y) - weight.value(x)
    for site in np.ndindex(sites):
        z = x.copy()
        z[:, *site] = y[:, *site]
        np.testing.assert_allclose(ACTION.value(z) - ACTION.value(x), local[:, *site], rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("sites", [*SITES, (3,), (5, 3)])
def test_bonds_hold_all_that_depends_on_signs(reference, sites):
    x = Key(1).normal((3, *sites), np.zeros(0))
    signs = np.where(Key(3).uniform(x.shape, x) < 0.5, 1.0, -1.0)
    axes = tuple(range(1, x.ndim + 1))
    even = [ACTION.value(y) + np.sum(ACTION.bonds(y), axis=axes) for y in (x, signs * x)]
    np.testing.assert_allclose(even[0], even[1], rtol=1e-12)


@pytest.mark.parametrize("update", [Metropolis, Heatbath, Overrelaxation])
def test_odd_extents_are_refused(update):
    with pytest.raises(ValueError, match=rf"even for the checkerboard of {update.__name__}: got 7 .* use 8"):
        update(ACTION).check((4, 7))
    with pytest.raises(ValueError, match="got 3"):
        update(ACTION).init(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="at least 1"):
        update(ACTION).check((4, 0))
    update(ACTION).check((4, 1, 2))
    update(ACTION).check((1,))


@pytest.mark.parametrize("update", [Metropolis, Heatbath, Overrelaxation, Cluster])
@pytest.mark.parametrize("action", [Opaque(), Sum((ACTION, ACTION))])
def test_an_action_without_the_local_weight_is_refused(update, action):
    with pytest.raises(TypeError, match=rf"{update.__name__} needs an action .* {type(action).__name__} lacks"):
        update(action)


@pytest.mark.parametrize(
    ("update", "settings", "message"),
    [
        (Metropolis, {"step_size": 0.0}, "step_size must be positive"),
        (Metropolis, {"step_size": float("nan")}, "step_size must be positive"),
        (Metropolis, {"hits": 0}, "hits must be at least 1"),
        (Metropolis, {"target_acceptance": 1.0}, "target_acceptance"),
        (Heatbath, {"attempts": 0}, "attempts must be at least 1"),
        (Cluster, {"kind": "niedermayer"}, "unknown kind 'niedermayer': one of swendsen_wang, wolff"),
    ],
)
def test_wrong_settings_are_refused(update, settings, message):
    with pytest.raises(ValueError, match=message):
        update(ACTION, **settings)
