"""The loop: pure steps, bit-identical continuation, non-finite steps caught."""

import hashlib
import math
from itertools import islice

import numpy as np
import pytest

import latticekit as lk
from latticekit.arrays import to_host, tree_items
from latticekit.random import Key
from latticekit.training import (
    SGD,
    Constant,
    Fixed,
    LeaveOneOut,
    Path,
    Range,
    Recipe,
    ReduceOnPlateau,
    Total,
    TrainingError,
    begin,
    fit,
)
from latticekit.training.estimator import GradientEstimator
from tests.training.flows import FREE, PHI4, bent, vector

KEY = Key(5)


def digest(tree):
    """SHA-256 of all leaves."""
    found = hashlib.sha256()
    for name, leaf in tree_items(tree):
        found.update(name.encode() + np.asarray(to_host(leaf)).tobytes())
    return found.hexdigest()


def run(recipe, flow=None, state=None, steps=None, target=None):
    """States and reports up to the end, or for some steps."""
    flow = flow or bent()
    state = state or begin(recipe, flow.params)
    return list(islice(fit(recipe, flow, target or Fixed(PHI4), KEY, state), steps))


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(steps=12, batch=16),
        Recipe(steps=12, batch=16, optimiser=SGD(0.9), schedule=ReduceOnPlateau(patience=2), learning_rate=1e-3),
        Recipe(steps=12, batch=16, estimator=LeaveOneOut(), average=0.0),
    ],
    ids=["adam", "sgd", "leave one out"],
)
def test_continuing_from_any_state_is_the_unbroken_training(recipe):
    whole = run(recipe)
    for cut in (1, 5, 11):
        rest = run(recipe, state=whole[cut - 1][0])
        assert [digest(s) for s, _ in rest] == [digest(s) for s, _ in whole[cut:]]
        assert [r for _, r in rest] == [r for _, r in whole[cut:]]


def test_states_are_never_changed():
    recipe, flow = Recipe(steps=5, batch=8), bent()
    first = begin(recipe, flow.params)
    before = digest(first)
    run(recipe, flow, first)
    assert digest(first) == before


def test_the_loss_falls_and_the_flow_gets_better():
    recipe = Recipe(steps=150, batch=256, learning_rate=3e-2)
    reports = [report for _, report in run(recipe, bent(start=0.4))]
    assert np.mean([r.loss for r in reports[-20:]]) < reports[0].loss - 0.3
    assert np.mean([r.ess for r in reports[-20:]]) > reports[0].ess + 0.2
    assert reports[-1].learning_rate == pytest.approx(0.01 * 3e-2)


def test_the_free_field_is_learned_exactly():
    """From a wrong spectrum to the exact one: the path gradient lets ESS reach 1."""
    flow = lk.Flow.init(lk.flows.FourierScale(), (4, 2), action=PHI4)
    recipe = Recipe(steps=300, batch=64, learning_rate=5e-2)
    state, report = run(recipe, flow, target=Fixed(FREE))[-1]
    assert report.ess > 1 - 1e-6
    assert report.acceptance_rate > 1 - 1e-3
    exact = lk.Flow.init(lk.flows.FourierScale(), (4, 2), action=FREE).params
    np.testing.assert_allclose(vector(state.params), vector(exact), atol=1e-4)


def test_average_is_the_running_mean():
    recipe = Recipe(steps=30, batch=8, average=0.9)
    flow, mean = bent(), vector(bent().params)
    for n, (state, _) in enumerate(run(recipe, flow), start=1):
        decay = min(0.9, n / (n + 9))
        mean = decay * mean + (1 - decay) * vector(state.params)
        np.testing.assert_allclose(vector(state.average), mean, rtol=1e-12)


class Broken(GradientEstimator):
    """Path, but not finite at some steps."""

    def __init__(self, at, where="loss"):
        self.at, self.where = at, where

    def gradient(self, flow, action, key, batch):
        found = Path().gradient(flow, action, key, batch)
        if key.step not in self.at:
            return found
        if self.where == "loss":
            return found._replace(loss=np.asarray(math.inf))
        bars = {name: {k: v * math.nan for k, v in tree.items()} for name, tree in found.params_bar.items()}
        return found._replace(params_bar=bars)


@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_a_step_that_is_not_finite_is_skipped_and_told(where):
    recipe = Recipe(steps=8, batch=8, estimator=Broken({2, 5}, where), schedule=Constant())
    steps = run(recipe)
    assert [r.skipped for _, r in steps] == [n in (2, 5) for n in range(8)]
    assert steps[2][0].params is steps[1][0].params
    assert (steps[-1][0].updates, steps[-1][0].failures, steps[-1][0].step) == (6, 0, 8)
    assert np.all(np.isfinite(vector(steps[-1][0].params)))


def test_too_many_in_a_row_stop_the_training_with_the_last_good_parameters():
    recipe = Recipe(steps=50, batch=8, estimator=Broken(range(4, 50)), patience=3)
    flow, seen = bent(), []
    steps = fit(recipe, flow, Fixed(PHI4), KEY, begin(recipe, flow.params))
    with pytest.raises(TrainingError, match="last 3 steps, up to step 7") as caught:
        list(map(seen.append, steps))
    assert len(seen) == 7
    np.testing.assert_array_equal(vector(caught.value.state.good), vector(seen[2][0].params))
    assert digest(caught.value.state) == digest(seen[-1][0])


def test_conditional_targets_draw_couplings():
    target = Range(lk.Phi4, {"mass_squared": (0.5, 0.5), "coupling": (0.0, 2.0)})
    seen = [target.at(bent(), KEY.at(n))[1] for n in range(400)]
    assert {a.mass_squared for a in seen} == {0.5}
    couplings = np.asarray([a.coupling for a in seen])
    assert abs(np.mean(couplings) - 1) < 4.5 * (2 / 12**0.5) / 20  # false-alarm rate 7e-6
    assert np.all((couplings >= 0) & (couplings <= 2))
    assert target.typical(bent())[1] == lk.Phi4(0.5, 1.0)
    steps = run(Recipe(steps=4, batch=8), target=target)
    assert all(math.isfinite(report.loss) for _, report in steps)


@pytest.mark.parametrize("estimator", [Path(), Total()], ids=["path", "total"])
def test_single_precision_stays_single(estimator):
    state, report = run(Recipe(steps=3, batch=8, estimator=estimator), bent(dtype="float32"))[-1]
    leaves = [leaf for part in (state.params, state.moments, state.average) for _, leaf in tree_items(part)]
    assert {leaf.dtype for leaf in leaves} == {np.dtype("float32")}
    assert 0 < report.ess <= 1


def test_on_the_strict_namespace():
    recipe = Recipe(steps=3, batch=8)
    one, two = run(recipe), run(recipe, bent(namespace="array_api_strict"))
    np.testing.assert_allclose(vector(two[-1][0].params), vector(one[-1][0].params), rtol=1e-12)
    np.testing.assert_allclose(two[-1][1][:5], one[-1][1][:5], rtol=1e-10)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"steps": 0}, "steps must be"),
        ({"batch": 1}, "batch must be"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"average": 1.0}, "average"),
        ({"patience": 0}, "patience"),
    ],
)
def test_bad_recipes_are_refused(settings, says):
    with pytest.raises(ValueError, match=says):
        Recipe(**({"steps": 10} | settings))


def test_wrong_kinds_are_refused():
    with pytest.raises(TypeError, match="estimator"):
        Recipe(steps=1, estimator=Path)
    with pytest.raises(ValueError, match="low, high"):
        Range(lk.Phi4, {"mass_squared": (1, 0), "coupling": (1, 1)})
