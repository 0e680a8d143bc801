"""Every estimator is the gradient of what it says, at fixed random numbers; different ones agree on average."""

import math

import numpy as np
import pytest

from latticekit.arrays import backend, to_host, tree_items
from latticekit.flows import Flow, FourierScale
from latticekit.flows.free_field import FreeField
from latticekit.random import Key
from latticekit.testing.differences import slope
from latticekit.training import (
    Blend,
    ForceMatching,
    Forward,
    ForwardPath,
    LeaveOneOut,
    Path,
    Samples,
    Total,
)
from latticekit.training.clipping import sample_weights
from tests.training.flows import FREE, PHI4, bent, free_samples, moved, vector

KEY, BATCH = Key(7, step=3), 6


def fixed_fields(flow, x):
    """What the estimators hold while the flow moves: z of given fields."""
    return flow.layer.inverse(x)[0]


def path_loss(flow, z, action):
    """flow' -> mean of log q(f'(z)) + S(f'(z)), with the density of `flow`: what a path gradient is the gradient of."""

    def loss(other):
        x = other.layer.apply(z)[0]
        return float(np.mean(flow.log_q(x) + action.value(x)))

    return loss


def drawn_z(flow):
    return flow.prior.draw(KEY, BATCH, flow.sites, flow.like)[0]


def case_total(flow):
    return Total(clip=None), lambda other: float(Total(clip=None).gradient(other, PHI4, KEY, BATCH).loss)


def case_path(flow):
    return Path(clip=None), path_loss(flow, drawn_z(flow), PHI4)


def case_leave_one_out(flow):
    x, log_q = flow.draw(KEY, BATCH)
    w = log_q + PHI4.value(x)
    baseline = (np.sum(w) - w) / (BATCH - 1)
    return LeaveOneOut(), lambda other: float(np.mean((w - baseline) * other.log_q(x)))


def case_forward(flow):
    one = Forward(free_samples(40))
    return one, lambda other: float(one.gradient(other, PHI4, KEY, BATCH).loss)


def case_forward_path(flow):
    one = ForwardPath(free_samples(40), clip=None)
    return one, path_loss(flow, fixed_fields(flow, one.samples.batch(flow, KEY, BATCH)), PHI4)


def case_force_matching(flow):
    one = ForceMatching(free_samples(40), clip=None)
    return one, lambda other: float(one.gradient(other, PHI4, KEY, BATCH).loss)


def case_force_matching_of_the_flow(flow):
    x, _ = flow.draw(KEY, BATCH)

    def loss(other):
        force = score_of(other, x) - PHI4.force(x)
        return 0.5 * float(np.mean(np.sum(force**2, axis=(1, 2))))

    return ForceMatching(clip=None), loss


def score_of(flow, x):
    """d log q by differences of log_q: no carry."""
    score = np.zeros_like(x)
    for place in np.ndindex(x.shape[1:]):
        v = np.zeros_like(x)
        v[(slice(None), *place)] = 1.0
        h = 1e-3
        low, high, lower, higher = (flow.log_q(x + s * h * v) for s in (-1, 1, -2, 2))
        score[(slice(None), *place)] = (8 * (high - low) - (higher - lower)) / (12 * h)
    return score


CASES = {name.removeprefix("case_"): one for name, one in list(globals().items()) if name.startswith("case_")}
LOOSE = {"force_matching": 1e-6, "force_matching_of_the_flow": 1e-6}


@pytest.mark.parametrize("name", CASES)
def test_gradient_against_differences(name):
    flow = bent()
    estimator, loss = CASES[name](flow)
    bars = dict(tree_items(estimator.gradient(flow, PHI4, KEY, BATCH).params_bar))
    assert set(bars) == {key for key, _ in tree_items(flow.params)}
    for key, bar in bars.items():
        v = np.cos(np.arange(bar.size)).reshape(bar.shape)
        measured = slope(lambda e, key=key, v=v: loss(moved(flow, {key: e * v})))
        assert measured == pytest.approx(np.sum(bar * v), rel=LOOSE.get(name, 1e-8), abs=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_log_weights_are_those_of_the_batch(name):
    flow = bent()
    estimator, _ = CASES[name](flow)
    found = estimator.gradient(flow, PHI4, KEY, BATCH)
    x = flow.draw(KEY, BATCH)[0] if estimator.reverse else estimator.samples.batch(flow, KEY, BATCH)
    np.testing.assert_allclose(found.log_weights, -PHI4.value(x) - flow.log_q(x), atol=1e-11)


def means(estimator, flow, action, batches, size):
    """Gradients of independent batches.  -> (batches, parameters)"""
    return np.stack([vector(estimator.gradient(flow, action, Key(11, n), size).params_bar) for n in range(batches)])


def largest_pull(difference):
    """Largest |mean| in units of its error over the parameters."""
    return np.max(np.abs(np.mean(difference, axis=0)) / (np.std(difference, axis=0, ddof=1) / len(difference) ** 0.5))


@pytest.mark.parametrize("other", [Path(clip=None), LeaveOneOut()], ids=["path", "leave one out"])
def test_reverse_estimators_agree_on_average(other):
    """5 parameters, |z| < 4.5: false-alarm rate 3e-5.  A gradient wrong by 1 % is seen by the path estimator."""
    flow, batches = bent(action=lk_far()), 60
    total = means(Total(clip=None), flow, PHI4, batches, 4000)
    found = means(other, flow, PHI4, batches, 4000)
    assert largest_pull(found - total) < 4.5
    wrong = 1.01 if isinstance(other, Path) else 1.1
    assert largest_pull(found * wrong - total) > 4.5


def lk_far():
    """An action whose Gaussian is far from PHI4's: gradients are large."""
    return type(FREE)(mass_squared=0.05, coupling=0.0)


def test_forward_estimators_agree_on_average():
    """5 parameters, |z| < 4.5: false-alarm rate 3e-5; a 2 % error is seen.  Samples of the free field are exact."""
    flow, batches = moved(bent(), {"1.a": 0.2}), 60
    score, path = Forward(free_samples(200_000)), ForwardPath(free_samples(200_000), clip=None)
    one, two = means(score, flow, FREE, batches, 4000), means(path, flow, FREE, batches, 4000)
    assert largest_pull(one - two) < 4.5
    assert largest_pull(one - 1.02 * two) > 4.5


def test_path_gradients_vanish_where_the_flow_is_the_target():
    flow = Flow.init(FourierScale(), (4, 4), action=FREE)
    samples = free_samples(50, (4, 4))
    for estimator in (Path(), ForwardPath(samples), ForceMatching(samples)):
        assert np.max(np.abs(vector(estimator.gradient(flow, FREE, KEY, 64).params_bar))) < 1e-10, estimator
    for estimator in (Total(), LeaveOneOut(), Forward(samples)):
        found = np.max(np.abs(vector(estimator.gradient(flow, FREE, KEY, 64).params_bar)))
        assert (found > 1e-2) == (not isinstance(estimator, LeaveOneOut)), estimator
    assert np.std(Path().gradient(flow, FREE, KEY, 64).log_weights) < 1e-12


def test_blend_is_the_sum_of_its_parts():
    flow, parts = bent(), (Path(), Forward(free_samples(30)))
    found = Blend(parts, (0.75, 0.25)).gradient(flow, PHI4, KEY, BATCH)
    one, two = (part.gradient(flow, PHI4, KEY, BATCH) for part in parts)
    np.testing.assert_allclose(vector(found.params_bar), 0.75 * vector(one.params_bar) + 0.25 * vector(two.params_bar))
    assert found.loss == pytest.approx(0.75 * one.loss + 0.25 * two.loss)
    np.testing.assert_array_equal(found.log_weights, one.log_weights)


def test_runaway_samples_count_less(like):
    xp = backend("numpy") if isinstance(like, np.ndarray) else backend("array_api_strict")
    weights = to_host(sample_weights(xp.asarray([1.0, 2.0, 3.0, 100.0, 2.5]), 4.0))
    np.testing.assert_allclose(weights, [1, 1, 1, 0.1, 1])
    np.testing.assert_array_equal(to_host(sample_weights(xp.zeros(4), 4.0)), np.ones(4))
    np.testing.assert_array_equal(to_host(sample_weights(xp.asarray([1.0, 1e9]), None)), np.ones(2))


def test_a_runaway_sample_cannot_decide_the_gradient():
    """One field of the batch lies 30 times too far out; clipped, the gradient stays that of the others."""
    flow, fields = bent(), np.array(free_samples(64).fields)
    fields[5] *= 30.0
    free, clipped = (ForwardPath(Samples(fields), clip=clip) for clip in (None, 4.0))
    sizes = [np.linalg.norm(vector(one.gradient(flow, PHI4, KEY, 256).params_bar)) for one in (free, clipped)]
    assert sizes[0] > 20 * sizes[1]


@pytest.mark.parametrize("estimator", [Path(), Total(), LeaveOneOut(), ForceMatching()], ids=lambda e: type(e).__name__)
def test_on_any_library_and_in_single_precision(estimator):
    reference = vector(estimator.gradient(bent(), PHI4, KEY, BATCH).params_bar)
    strict = estimator.gradient(bent(namespace="array_api_strict"), PHI4, KEY, BATCH)
    np.testing.assert_allclose(vector(strict.params_bar), reference, rtol=1e-9)
    single = estimator.gradient(bent(dtype="float32"), PHI4, KEY, BATCH)
    assert all(leaf.dtype == np.float32 for _, leaf in tree_items(single.params_bar))
    assert single.log_weights.dtype == np.float64
    tolerance = 2e-2 if isinstance(estimator, ForceMatching) else 2e-4
    np.testing.assert_allclose(vector(single.params_bar), reference, atol=tolerance * np.max(np.abs(reference)))


def test_bad_input_says_what_to_do():
    with pytest.raises(ValueError, match="clip is a multiple"):
        Path(clip=0.5)
    with pytest.raises(ValueError, match="at least 2"):
        LeaveOneOut().gradient(bent(), PHI4, KEY, 1)
    with pytest.raises(ValueError, match=r"shape \(40, 4, 4\)"):
        Forward(free_samples(40)).gradient(bent((4, 4)), PHI4, KEY, BATCH)
    with pytest.raises(ValueError, match="non-finite"):
        Samples(np.full((3, 2, 2), np.nan))
    with pytest.raises(ValueError, match="one share per part"):
        Blend((Path(),), (0.5, 0.5))


def test_exact_samples_are_exact():
    """<phi^2> of the free field against its momentum sum: |z| < 4.5, false-alarm rate 7e-6."""
    x = free_samples(200_000).fields
    k = [2 * np.pi * np.arange(n) / n for n in x.shape[1:]]
    hat = sum(np.meshgrid(*[4 * np.sin(one / 2) ** 2 for one in k], indexing="ij"))
    exact = np.mean(0.5 / (hat + FREE.mass_squared))
    square = np.mean(x**2, axis=(1, 2))
    assert abs(np.mean(square) - exact) < 4.5 * np.std(square) / math.sqrt(len(square))
    assert FreeField(FREE.mass_squared).group == FREE.group
