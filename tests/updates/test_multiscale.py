"""Several time scales: the schedule, exact limits, order, reversibility, HMC with it."""

import json
import math

import numpy as np
import pytest

from latticekit.actions import Action, FreeScalar, GaugeAction, OpenBoundary, Phi4, Sum, Wilson
from latticekit.groups import SU, U1
from latticekit.random import Key
from latticekit.testing import check_order, check_reversibility, check_volume_preservation, free_field_draws
from latticekit.updates import HMC, INTEGRATORS, LEAPFROG, OMELYAN, Level, MultiScale
from tests.cases import field
from tests.links import haar

TWO = MultiScale(Level((1,), "omelyan"), Level((0,), "leapfrog", steps=3))
SCHEMES = {
    "leapfrog in omelyan": TWO,
    "force gradient in omf4": MultiScale(Level((1,), "omf4"), Level((0,), "force_gradient", steps=2)),
    "omf4 in force gradient": MultiScale(Level((1,), "force_gradient"), Level((0,), "omf4")),
    "three levels": MultiScale(Level((2,)), Level((1,), "omelyan", steps=2), Level((0,), "omelyan", steps=2)),
    "two terms at once": MultiScale(Level((0, 2), "force_gradient"), Level((1,), "omf4")),
}


def action_for(scheme, group=None):
    """A sum of as many terms as the scheme has."""
    terms = 1 + max(term for level in scheme.levels for term in level.terms)
    if group is None:
        return Sum((Phi4(-1.0, 1.0), FreeScalar(0.4), FreeScalar(0.1))[:terms])
    return Sum((Wilson(group, 1.5), Wilson(group, 0.4, OpenBoundary()), GaugeAction(group, 0.2, -0.1))[:terms])


def by_definition(action, x, p, levels, length):
    """One step of the first level over a time, recursively, force by force."""
    one, rest = levels[0], levels[1:]
    forces = [action.terms[i] for i in one.terms]
    total = forces[0] if len(forces) == 1 else Sum(tuple(forces))
    for drift, kick, gradient in one.integrator.stages:
        if drift and rest:
            for _ in range(rest[0].steps):
                x, p = by_definition(action, x, p, rest, drift * length / rest[0].steps)
        elif drift:
            x = action.group.translate(x, drift * length * p)
        if kick:
            at = action.group.translate(x, gradient * length**2 * total.force(x))
            p = p + kick * length * total.force(at)
    return x, p


@pytest.mark.parametrize("group", [None, SU(2)], ids=str)
@pytest.mark.parametrize("name", SCHEMES)
def test_a_trajectory_is_its_definition(kernels, name, group):
    scheme = SCHEMES[name]
    action = action_for(scheme, group)
    x = field(3, 4, 6) if group is None else haar(group, 3, (4, 6))
    p = action.group.random_algebra(Key(1), x)
    y, q = action.evolve(x, p, scheme.schedule(0.1, 4))
    for _ in range(4):
        x, p = by_definition(action, x, p, scheme.levels, 0.1)
    np.testing.assert_allclose(y, x, atol=1e-12)
    np.testing.assert_allclose(q, p, atol=1e-12)


@pytest.mark.parametrize("name", SCHEMES)
def test_schedules(name):
    """Drifts and the kicks of every term add up to the trajectory; gradients scale with the square of the step."""
    scheme = SCHEMES[name]
    schedule = scheme.schedule(0.25, 4)
    assert schedule.shape[1] == 4
    assert schedule[:, 0].sum() == pytest.approx(1.0)
    for level in scheme.levels:
        assert schedule[schedule[:, 3] == level.members, 1].sum() == pytest.approx(1.0)
    np.testing.assert_allclose(scheme.schedule(0.5, 4), schedule * [2, 2, 4, 1], rtol=1e-14)


def test_an_inner_trajectory_is_one_call(reference):
    """Two outer kicks per step cut the inner force evaluations into as many runs, whatever their number."""
    runs = []

    class Counting(Phi4):
        def evolve(self, x, p, schedule):
            runs.append(len(schedule))
            return Action.evolve(self, x, p, schedule)

    action = Sum((Counting(-1.0, 1.0), FreeScalar(0.4)))
    x = field(2, 4, 4)
    action.evolve(x, x, MultiScale(Level((1,)), Level((0,), steps=5)).schedule(0.1, 3))
    assert runs == [1, 5, 5, 5]


def test_one_level_is_the_integrator_itself(kernels):
    action, x = Phi4(-4.0, 6.0) + FreeScalar(0.3), field(4, 4, 6)
    key = Key(3)
    for name in INTEGRATORS:
        plain, nested = (HMC(action, 0.8, steps=3, integrator=one) for one in (name, MultiScale(Level((0, 1), name))))
        a, b = (update.step(update.init(x), key) for update in (plain, nested))
        np.testing.assert_allclose(a[0].x, b[0].x, rtol=1e-12)
        np.testing.assert_allclose(a[1]["energy_error"], b[1]["energy_error"], atol=1e-10)


@pytest.mark.parametrize("group", [U1(), SU(2)], ids=str)
@pytest.mark.parametrize("name", SCHEMES)
def test_order_and_reversibility(reference, name, group):
    scheme = SCHEMES[name]
    action = action_for(scheme, group)
    x = haar(group, 8, (4, 4))
    check_reversibility(action, x, scheme.schedule(0.05, 6))
    assert scheme.order == {"force gradient in omf4": 4, "omf4 in force gradient": 4, "two terms at once": 4}.get(
        name, 2
    )
    check_order(action, x, scheme, trajectory_length=0.5, steps={2: 12, 4: 6}[scheme.order], halvings=2, tolerance=0.15)


def test_phase_space_volume(reference):
    check_volume_preservation(action_for(TWO), field(2, 2, 2), TWO.schedule(0.1, 2))
    check_volume_preservation(action_for(TWO, SU(2)), haar(SU(2), 2, (2, 2)), TWO.schedule(0.1, 1))


def test_mean_of_exp_minus_delta_h_is_one(kernels):
    """2^14 trajectories from exact draws of the free field, cut into two masses."""
    x, _ = free_field_draws((6, 6), 2**14, np.zeros(0), mass_squared=0.5, key=Key(11))
    action = Sum((Scaled(FreeScalar(0.5), 0.7), Scaled(FreeScalar(0.5), 0.3)))
    update = HMC(action, 1.0, steps=3, integrator=MultiScale(Level((1,)), Level((0,), steps=2)))
    _, info = update.step(update.init(x), Key(12))
    weight = np.exp(-info["energy_error"])
    error = np.std(weight) / math.sqrt(weight.size)
    assert np.std(weight) > 0.02
    assert abs(np.mean(weight) - 1) < 4 * error


class Scaled(Action):
    """A share of an action."""

    def __init__(self, action, share):
        self.action, self.share, self.group = action, share, action.group

    def value(self, x):
        return self.share * self.action.value(x)

    def force(self, x):
        return self.share * self.action.force(x)


def test_a_kick_left_out_has_no_order(reference, monkeypatch):
    """Dropping one per cent of the outer kicks is seen as a wrong order."""
    right = MultiScale.schedule

    def wrong(self, step_size, steps):
        schedule = right(self, step_size, steps)
        schedule[schedule[:, 3] == 2, 1] *= 0.99
        return schedule

    monkeypatch.setattr(MultiScale, "schedule", wrong)
    with pytest.raises(AssertionError, match="fitted order"):
        check_order(action_for(TWO, SU(2)), haar(SU(2), 8, (4, 4)), TWO, trajectory_length=0.5, steps=12, halvings=2)


def test_tuning_and_parameters(reference):
    action = Phi4(-4.0, 6.0) + FreeScalar(0.3)
    update = HMC(action, integrator=TWO, target_acceptance=0.8)
    state = update.init(field(64, 6, 6))
    for n in range(60):
        state, info = update.step(state, Key(2).at(n))
        state = update.tune(state, info)
    assert 0.6 < np.mean(info["acceptance_rate"]) < 1.0
    plain = update.parameters()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["integrator"] == {
        "name": "MultiScale",
        "levels": [
            {"terms": [1], "integrator": "omelyan", "steps": 1},
            {"terms": [0], "integrator": "leapfrog", "steps": 3},
        ],
    }
    assert Level((0,), OMELYAN) == Level((0,), "omelyan")
    assert Level((1,)).integrator is LEAPFROG


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: HMC(Phi4(1.0, 1.0), integrator=TWO), "needs a sum of actions .* got terms .* for Phi4 of 1"),
        (
            lambda: HMC(Sum((FreeScalar(1.0),) * 3), integrator=TWO),
            r"each of its terms, 0 \.\. 2, on exactly one level",
        ),
        (lambda: HMC(Sum((FreeScalar(1.0),) * 2), integrator=MultiScale(Level((0,)))), "exactly one level"),
        (lambda: HMC(Sum((FreeScalar(1.0),) * 2), integrator=MultiScale(Level((0, 1)), Level((1,)))), "exactly one"),
        (lambda: Level(()), "different indices"),
        (lambda: Level((1, 1)), "different indices"),
        (lambda: Level((-1,)), "different indices"),
        (lambda: Level((0,), steps=0), "steps must be at least 1"),
        (lambda: Level((0,), "rk4"), "unknown integrator 'rk4'"),
        (lambda: MultiScale(), "at least one Level"),
        (lambda: MultiScale(Level((0,), steps=2)), "steps of the first level are those of HMC"),
    ],
)
def test_bad_settings_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
