"""What is stored of an action is plain, and rebuilds it."""

import json
from dataclasses import dataclass

import numpy as np
import pytest

from latticekit.actions import Action, Anisotropic, Phi4, Sum, Wilson, action_from, restored, stored
from latticekit.groups import SU, U1, Real
from tests.cases import ACTIONS


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_comes_back_from_json(name):
    action = ACTIONS[name].action
    plain = action.parameters()
    again = action_from(json.loads(json.dumps(plain)))
    assert again == action
    assert type(again) is type(action)
    assert again.parameters() == plain


def test_parameters_of_phi4_are_those_of_older_ensembles():
    old = {"name": "Phi4", "mass_squared": -4.0, "coupling": 6.975}
    assert Phi4(-4.0, 6.975).parameters() == old
    assert action_from(old) == Phi4(-4.0, 6.975)
    pair = {"name": "Sum", "terms": [old, {"name": "Phi4", "mass_squared": 1.0, "coupling": 0.0}]}
    assert action_from(pair) == Sum((Phi4(-4.0, 6.975), Phi4(1.0, 0.0)))
    assert action_from(pair).parameters() == pair


def test_what_is_not_known_is_none():
    assert action_from({"name": "Phi6", "coupling": 1.0}) is None
    assert action_from({"name": "Sum", "terms": [{"name": "Phi6"}]}) is None
    assert action_from({**Wilson(SU(3), 1.0).parameters(), "group": {"name": "G2"}}) is None
    with pytest.raises(LookupError, match="named 'G2'"):
        restored({"name": "G2"})


def test_actions_of_other_packages_come_back():
    @dataclass(frozen=True)
    class Elsewhere(Action):
        """Of a user."""

        levels: tuple[tuple[int, float], ...]
        group = Real()

        def value(self, x):
            return x

        def force(self, x):
            return x

    one = Elsewhere(((1, 0.5), (2, 0.25)))
    assert one.parameters() == {"name": "Elsewhere", "levels": [[1, 0.5], [2, 0.25]]}
    assert action_from(json.loads(json.dumps(one.parameters()))) == one


def test_groups_weights_and_numbers():
    for thing in (SU(3), U1(), Real(), Anisotropic(1.5)):
        assert restored(json.loads(json.dumps(stored(thing)))) == thing
    assert stored({"a": np.float64(0.5), "b": (np.int64(3), None, "x", True)}) == {"a": 0.5, "b": [3, None, "x", True]}
    assert json.dumps(stored(Phi4(np.float64(1.0), 2.0))) == '{"name": "Phi4", "mass_squared": 1.0, "coupling": 2.0}'


def test_sums_are_flat():
    a, b, c = Phi4(1.0, 1.0), Phi4(2.0, 0.0), Phi4(0.0, 3.0)
    assert (a + b + c).terms == (a, b, c)
    assert (a + (b + c)).terms == (a, b, c)
