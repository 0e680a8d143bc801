"""Sequences: names, keys, tuning, nesting."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from latticekit.actions import Phi4
from latticekit.random import Key
from latticekit.updates import HMC, Cluster, Heatbath, Metropolis, Overrelaxation, Repeat, Sequence, State, Update

ACTION = Phi4(-1.0, 1.0)
X = 0.5 * np.random.default_rng(1).normal(size=(3, 4, 4))


@dataclass(frozen=True)
class Recorder(Update):
    """Leaves the field alone and writes down its keys."""

    action: Phi4 = ACTION
    steps: list = field(default_factory=list, compare=False)

    def step(self, state, key):
        self.steps.append(key.step)
        return state, {}


def test_parts_run_in_turn_each_with_its_own_key(reference):
    heatbath, over = Heatbath(ACTION), Overrelaxation(ACTION)
    state, _ = Sequence([heatbath, Repeat(over, 2)]).step(heatbath.init(X)._replace(tuning=((), ())), Key(1, step=5))
    expected = heatbath.init(X)
    for index, part in enumerate((heatbath, over, over)):
        expected, _ = part.step(expected, Key(1, step=5).part(index, 3))
    np.testing.assert_array_equal(state.x, expected.x)


def test_keys_never_repeat_however_deep(reference):
    one, two, three = Recorder(), Recorder(), Recorder()
    update = Sequence([one, Repeat(Sequence([two, Repeat(three, 3)]), 2), one])
    state = update.init(X)
    for n in range(20):
        state, _ = update.step(state, Key(1).at(n))
    steps = one.steps + two.steps + three.steps
    assert update.substeps == 10
    assert sorted(steps) == list(range(200))


def test_names_stay_plain_unless_two_parts_report_them(reference):
    hmc, metropolis = HMC(ACTION, steps=5), Metropolis(ACTION, 0.5)
    _, info = Sequence([hmc, Cluster(ACTION)]).step(Sequence([hmc, Cluster(ACTION)]).init(X), Key(1))
    assert {"acceptance_rate", "energy_error", "n_clusters"} <= set(info)
    update = Sequence([hmc, metropolis, Repeat(metropolis, 2)])
    _, info = update.step(update.init(X), Key(1))
    rates = {name for name in info if name.endswith("acceptance_rate")}
    assert rates == {"hmc_acceptance_rate", "metropolis_acceptance_rate", "metropolis_2_acceptance_rate"}
    assert "energy_error" in info


def test_every_part_tunes_itself(reference):
    parts = [
        HMC(ACTION, target_acceptance=0.7),
        Metropolis(ACTION),
        Repeat(Metropolis(ACTION, target_acceptance=0.3), 2),
    ]
    update, key = Sequence(parts), Key(2)
    state, rates = update.init(np.tile(X, (40, 1, 1))), []
    for n in range(160):
        state, info = update.step(state, key.at(n))
        state = update.tune(state, info)
    state = update.settle(state)
    for n in range(160, 180):
        state, info = update.step(state, key.at(n))
        rates.append([info[f"{name}_acceptance_rate"].mean() for name in ("hmc", "metropolis", "metropolis_2")])
    assert np.all(abs(np.mean(rates, axis=0) - [0.7, 0.5, 0.3]) < [0.12, 0.03, 0.03])


def test_ergodicity_is_known():
    assert not Cluster(ACTION).ergodic
    assert not Sequence([Cluster(ACTION), Repeat(Overrelaxation(ACTION), 3)]).ergodic
    assert Sequence([Cluster(ACTION), HMC(ACTION)]).ergodic
    assert Repeat(HMC(ACTION), 2).ergodic


def test_check_and_parameters_reach_the_parts():
    update = Sequence([Cluster(ACTION), Repeat(Metropolis(ACTION, 0.5), 4)])
    with pytest.raises(ValueError, match="checkerboard of Metropolis"):
        update.check((3, 4))
    update.check((4, 4))
    assert update.parameters() == {
        "name": "Sequence",
        "updates": [
            {"name": "Cluster", "kind": "swendsen_wang"},
            {"name": "Repeat", "update": Metropolis(ACTION, 0.5).parameters(), "n": 4},
        ],
    }


def test_wrong_settings_are_refused():
    with pytest.raises(ValueError, match="at least one update"):
        Sequence([])
    with pytest.raises(ValueError, match="one action for all parts"):
        Sequence([Heatbath(ACTION), Heatbath(Phi4(1.0, 1.0))])
    with pytest.raises(ValueError, match="n must be at least 1, got 0"):
        Repeat(Heatbath(ACTION), 0)


def test_state_is_plain(reference):
    state = Sequence([Metropolis(ACTION), Heatbath(ACTION)]).init(X)
    assert isinstance(state, State)
    assert len(state.tuning) == 2
