"""Blocks of U(1): the density of the flux, the divergence layer by layer, its gradient, and what it trains to."""

import math

import numpy as np
import pytest

import latticekit as lk
from latticekit.arrays import tree_items, tree_map
from latticekit.flows import Flow
from latticekit.flows.gauge.angles import loop_angles
from latticekit.random import Key
from latticekit.testing.differences import slope
from latticekit.training import BlockPath
from latticekit.training.blocks import Flux, flux
from tests.training.flows import moved, vector

SITES, BETA = (4, 2), 2.3
ACTION, KEY, POINTS = lk.Wilson(lk.U1(), BETA), Key(7, step=3), BlockPath(24)
Y = np.linspace(-3.1, 3.1, 21)


def flow_of(sites=SITES, **where):
    """A flow with generic parameters."""
    made = Flow.init(lk.U1HierarchicalFlow(sites, (5,), 3), sites, action=ACTION, seed=4, **where)
    return made.with_params(tree_map(lambda p: p * 3.0, made.params))


@pytest.mark.parametrize("beta", [0.0, 0.3, 7.0, 40.0])
def test_flux_of_one_and_two_plaquettes(beta):
    """p_1 = exp(beta cos y) / I_0(beta), p_2 = I_0(2 beta cos(y/2)) / I_0(beta)^2, down to the rounding of a sum."""
    norm = math.log(np.i0(beta))
    one, two = (flux(beta, n).log(Y) for n in (1, 2))
    seen = np.exp(beta * np.cos(Y) - norm) > 1e-10
    np.testing.assert_allclose(one[0][seen], (beta * np.cos(Y) - norm)[seen], atol=1e-4)
    np.testing.assert_allclose(one[1][seen], -beta * np.sin(Y)[seen], atol=1e-3 * (1 + beta))
    np.testing.assert_allclose(np.exp(two[0]), np.i0(2 * beta * np.cos(Y / 2)) * math.exp(-2 * norm), atol=1e-13)


@pytest.mark.parametrize("plaquettes", [1, 4, 16])
def test_flux_of_halves_adds_up(plaquettes):
    """p_2n is p_n folded with itself; its derivative; quantiles of the root have its mean."""
    half, whole = Flux(BETA, plaquettes), Flux(BETA, 2 * plaquettes)
    circle = np.linspace(-np.pi, np.pi, 256, endpoint=False)
    for r in (0.0, 1.0, -3.0):
        folded = np.mean(np.exp(half.log(circle)[0] + half.log(r - circle)[0]))
        assert np.exp(whole.log(np.array([r]))[0][0]) == pytest.approx(folded, rel=1e-12)
    assert slope(lambda e: half.log(Y + e)[0] @ Y) == pytest.approx(half.log(Y)[1] @ Y, rel=1e-8)
    drawn, root = whole.quantile((np.arange(1000) + 0.5) / 1000), np.exp(0.5 * whole.log(circle)[0])
    assert np.mean(np.cos(drawn)) == pytest.approx(np.sum(root * np.cos(circle)) / np.sum(root), abs=2e-5)


def test_divergences_of_the_layers_are_that_of_the_flow():
    """Field by field, log p(x) - log q(x) is the sum over all blocks of log p(y|R) - log q(y|R): the chain rule."""
    flow = flow_of()
    x, _ = flow.prior.draw(KEY, 5, SITES, flow.like)
    total = 0.0
    for layer in flow.layer.layers:
        y, log_det, _ = layer.apply(x)
        n = layer.active.length * layer.active.height
        r = loop_angles(x, layer.rows, layer.rows.context(2, layer.loops))
        part = loop_angles(y, layer.rows, ((layer.path, (0, 0)),))
        one, other, whole = flux(BETA, n).log(part)[0], flux(BETA, n).log(r - part)[0], flux(BETA, 2 * n).log(r)[0]
        total, x = total + log_det + np.sum(one + other - whole, axis=(1, 2, 3)), y
    x, log_q = flow.draw(KEY, 5)
    np.testing.assert_allclose(total, -ACTION.value(x) - log_q - ACTION.exact(SITES)["log_z"], atol=1e-10)


def held_loss(flow, at):
    """flow' -> loss at the y of flow', with the density of `flow`: what the path gradient is the gradient of."""

    def loss(other):
        total = 0.0
        for i, (held, layer) in enumerate(zip(flow.layer.layers, other.layer.layers)):
            n = layer.active.length * layer.active.height
            blocks = math.prod(flow.sites) // (2 * n)
            whole = flux(BETA, 2 * n)
            shift = at.fold("direction", i).uniform((1, 2), np.zeros(0))[0]
            r, x = (one.reshape(1, -1, 1) for one in POINTS._places(whole, blocks, shift))
            context = np.stack([np.cos(r), np.sin(r)], axis=1)
            y, _ = layer.transform.apply(x, layer.network.apply(context)[0])
            log_q = layer.transform.inverse(y, held.network.apply(context)[0])[1]
            log_p = flux(BETA, n).log(y)[0] + flux(BETA, n).log(r - y)[0] - whole.log(r)[0]
            total += blocks * np.mean(log_q - log_p)
        return total

    return loss


def test_gradient_against_differences():
    flow = flow_of()
    found, loss = POINTS.gradient(flow, ACTION, KEY, 4), held_loss(flow, KEY)
    assert float(found.loss) == pytest.approx(loss(flow), rel=1e-10)
    bars = dict(tree_items(found.params_bar))
    assert set(bars) == {name for name, _ in tree_items(flow.params)}
    for name, bar in bars.items():
        v = np.cos(np.arange(bar.size)).reshape(bar.shape)
        assert slope(lambda e, name=name, v=v: loss(moved(flow, {name: e * v}))) == pytest.approx(
            np.sum(bar * v), rel=1e-7, abs=1e-8
        )


def test_log_weights_are_those_of_the_flow():
    flow = flow_of()
    x, log_q = flow.draw(KEY, 6)
    np.testing.assert_array_equal(POINTS.gradient(flow, ACTION, KEY, 6).log_weights, -ACTION.value(x) - log_q)


def test_nothing_to_do_without_an_action():
    """At beta = 0 Haar's measure is the target: the identity has neither loss nor gradient."""
    flow = flow_of()
    flow = flow.with_params(tree_map(np.zeros_like, flow.params))
    found = POINTS.gradient(flow, lk.Wilson(lk.U1(), 0.0), KEY, 4)
    assert abs(float(found.loss)) < 1e-14
    assert np.max(np.abs(vector(found.params_bar))) < 1e-14


def test_on_any_library_and_in_single_precision():
    reference = POINTS.gradient(flow_of(), ACTION, KEY, 4)
    strict = POINTS.gradient(flow_of(namespace="array_api_strict"), ACTION, KEY, 4)
    single = POINTS.gradient(flow_of(dtype="float32"), ACTION, KEY, 4)
    assert float(strict.loss) == pytest.approx(float(reference.loss), rel=1e-12)
    np.testing.assert_allclose(vector(strict.params_bar), vector(reference.params_bar), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(vector(single.params_bar), vector(reference.params_bar), rtol=1e-2, atol=1e-3)


def test_trains_from_nothing():
    """4 x 4 at beta = 3: the ESS after 200 steps was 0.77."""
    trained = lk.train(
        lk.U1HierarchicalFlow((4, 4), (12,), 6),
        lk.Wilson(lk.U1(), 3.0),
        (4, 4),
        estimator=BlockPath(128),
        steps=200,
        batch=2,
        learning_rate=2e-2,
        progress=False,
    )
    assert trained.ess > 0.6
    assert float(trained.history["loss"][-1]) < 0.4


REFUSED = {
    "other group": (lk.Wilson(lk.SU(2), 2.0), flow_of, "U\\(1\\)"),
    "rectangles": (lk.Iwasaki(lk.U1(), 2.0), flow_of, "one coupling"),
    "boundary": (lk.Wilson(lk.U1(), 2.0, weights=lk.OpenBoundary()), flow_of, "one coupling"),
    "other flow": (ACTION, lambda: Flow.init(lk.U1Flow(2, (2,), 2), (4, 4), action=ACTION), "U1HierarchicalFlow"),
    "other lattice": (ACTION, lambda: flow_of().on((4, 4)), "U1HierarchicalFlow"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_what_blocks_are_not_exact_for(name):
    action, make, words = REFUSED[name]
    with pytest.raises(ValueError, match=words):
        POINTS.gradient(make(), action, KEY, 2)


def test_needs_points():
    with pytest.raises(ValueError, match="points"):
        BlockPath(1)
