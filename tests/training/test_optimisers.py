"""Optimisers against sequences computed by hand, schedules and clipping against their formulas."""

import math

import numpy as np
import pytest

from latticekit.arrays import backend, to_host
from latticekit.training import (
    SGD,
    Adam,
    AdamW,
    Constant,
    Cosine,
    Exponential,
    MaxNorm,
    ReduceOnPlateau,
    RelativeNorm,
)

GRADIENTS = [1.0, -0.5, 0.25, 2.0]


def run(optimiser, gradients=GRADIENTS, start=1.0, rate=0.1, like=None):
    """Positions of one parameter under given gradients."""
    xp = np if like is None else backend("array_api_strict")
    params = {"a": xp.asarray([start]), "b": (xp.asarray([[start]]),)}
    state, seen = optimiser.init(params), []
    for count, g in enumerate(gradients, start=1):
        bars = {"a": xp.asarray([g]), "b": (xp.asarray([[-g]]),)}
        params, state = optimiser.update(params, bars, state, count, rate)
        seen.append(float(to_host(params["a"])[0]))
        assert float(to_host(params["b"][0])[0, 0]) == pytest.approx(2 * start - seen[-1]) or hasattr(
            optimiser, "weight_decay"
        )
    return seen


def test_adam_by_hand():
    """Two steps written out: m, v, their corrections, the step."""
    first, second, third, _ = run(Adam(beta_1=0.9, beta_2=0.99, epsilon=1e-8))
    assert first == pytest.approx(1.0 - 0.1 * 1.0 / (1.0 + 1e-8), rel=1e-15)
    m, v = 0.9 * 0.1 * 1.0 + 0.1 * -0.5, 0.99 * 0.01 * 1.0 + 0.01 * 0.25  # 0.04, 0.0124
    assert second == pytest.approx(first - 0.1 * (m / 0.19) / (math.sqrt(v / 0.0199) + 1e-8), rel=1e-15)
    assert (m, v) == pytest.approx((0.04, 0.0124))
    m, v = 0.9 * m + 0.1 * 0.25, 0.99 * v + 0.01 * 0.0625
    assert third == pytest.approx(second - 0.1 * (m / 0.271) / (math.sqrt(v / 0.029701) + 1e-8), rel=1e-14)


def test_adamw_decays_beside_the_step():
    plain, decayed = run(Adam()), run(AdamW(weight_decay=0.2))
    assert decayed[0] == pytest.approx(plain[0] - 0.1 * 0.2 * 1.0, rel=1e-14)
    assert decayed[1] == pytest.approx(decayed[0] * (1 - 0.02) + (plain[1] - plain[0]), rel=1e-14)
    assert run(AdamW(weight_decay=0.0)) == plain


def test_sgd_by_hand():
    assert run(SGD()) == pytest.approx([0.9, 0.95, 0.925, 0.725])
    assert run(SGD(momentum=0.5)) == pytest.approx([0.9, 0.9, 0.875, 0.6625])
    assert run(SGD(momentum=0.5, nesterov=True)) == pytest.approx([0.85, 0.9, 0.8625, 0.55625])


@pytest.mark.parametrize("optimiser", [SGD(momentum=0.5), Adam(), AdamW()], ids=lambda o: type(o).__name__)
def test_on_the_strict_namespace(optimiser, like):
    np.testing.assert_allclose(run(optimiser, like=like), run(optimiser), rtol=1e-14)


@pytest.mark.parametrize(
    "optimiser", [SGD(momentum=0.9), Adam(), AdamW(weight_decay=1e-3)], ids=lambda o: type(o).__name__
)
def test_a_parabola_is_minimised(optimiser):
    x = np.asarray([3.0, -2.0])
    params, state = {"x": x}, optimiser.init({"x": x})
    for n in range(1, 600):
        params, state = optimiser.update(params, {"x": params["x"] * np.asarray([1.0, 10.0])}, state, n, 0.1 * 0.99**n)
    assert np.max(np.abs(params["x"])) < 2e-2
    assert x.tolist() == [3.0, -2.0]


def test_schedules():
    cosine, exponential = Cosine(warmup=0.1, last=0.01), Exponential(warmup=0.1, last=0.01)
    for one in (cosine, exponential):
        assert one.factor(0.05, {}) == pytest.approx(0.5)
        assert one.factor(0.1, {}) == pytest.approx(1.0)
        assert one.factor(1.0, {}) == pytest.approx(0.01)
    assert cosine.factor(0.55, {}) == pytest.approx(0.01 + 0.99 / 2)
    assert exponential.factor(0.55, {}) == pytest.approx(0.1)
    assert [Constant().factor(s, {}) for s in (0.01, 1.0)] == [1, 1]
    assert not Constant().has_end
    assert cosine.has_end


def test_plateau_shrinks_the_rate():
    one = ReduceOnPlateau(shrink=0.5, patience=3, smoothing=0.0)
    memory, factors = one.init(), []
    for loss in (5, 4, 4, 4, 4, 4, 4, 4, 3, 4, 4, 4):
        memory = one.observe(float(loss), memory)
        factors.append(one.factor(0.5, memory))
    assert factors == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.125]


def test_norms_are_limited():
    assert MaxNorm(2.0).factor(8.0, {}) == (0.25, {})
    assert MaxNorm(2.0).factor(1.0, {})[0] == 1
    one = RelativeNorm(multiple=3.0, decay=0.5)
    factor, memory = one.factor(2.0, one.init())
    assert factor == 1
    assert one.factor(6.0, memory)[0] == 1
    factor, after = one.factor(60.0, memory)
    assert factor == pytest.approx(0.1)
    assert after["norm"] / after["weight"] == pytest.approx((0.5 * 2 * 0.5 + 0.5 * 6) / 0.75)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Adam(beta_1=1.0), "beta_1"),
        (lambda: SGD(momentum=1.0), "momentum"),
        (lambda: Cosine(warmup=1.0), "warmup"),
        (lambda: MaxNorm(0.0), "positive"),
        (lambda: RelativeNorm(multiple=1.0), "multiple > 1"),
        (lambda: ReduceOnPlateau(shrink=1.0), "shrink"),
    ],
)
def test_bad_settings_are_refused(make, says):
    with pytest.raises(ValueError, match=says):
        make()
