"""Layers whose parameters are polynomials in couplings."""

import numpy as np
import pytest

from latticekit.actions import Phi4
from latticekit.arrays import tree_map
from latticekit.flows import AffineCoupling, Conditioned, FourierScale, Setting, conditional_on
from latticekit.flows.networks import ConvNet
from latticekit.random import Key
from tests.cases import field

pytestmark = pytest.mark.usefixtures("reference")
RANGES = {"mass_squared": (-4.0, -4.0), "coupling": (5.0, 7.0)}


def made(layer, sites=(4, 4), degree=2):
    """With generic parameters."""
    fresh = conditional_on(layer, RANGES, degree).init(Setting(sites, np.zeros(0), Key(1), Phi4(-4.0, 6.0)))
    return fresh.with_params(tree_map(lambda p: p + 0.1 * Key(2).normal((1, *p.shape), p)[0], fresh.params))


def test_parameters_are_the_polynomial():
    layer = made(FourierScale())
    assert (layer.centre, layer.spread) == ((-4.0, 6.0), (1.0, 1.0)), "a coupling that does not vary has spread 1"
    a, u = layer.params["a"], 0.3
    assert layer._exponents == [(0, 0), (0, 1), (1, 0), (0, 2), (1, 1), (2, 0)]
    found = layer.conditioned((-4.0, 6.0 + u)).bound.own["a"]
    assert found == pytest.approx(a[0] + u * a[1] + u * u * a[3], abs=1e-14)


def test_starts_as_the_layer_at_all_couplings():
    setting, x = Setting((4, 4), np.zeros(0), Key(1)), field(2, 4, 4)
    layer = AffineCoupling(ConvNet((3,)))
    alone = layer.init(setting).apply(x)[0]
    for coupling in (5.0, 6.5):
        one = conditional_on(layer, RANGES).init(setting).conditioned((-4.0, coupling))
        assert np.array_equal(one.apply(x)[0], alone)


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_moved_to_another_lattice_it_is_what_the_layer_is_there(degree):
    """Everywhere if parameters move linearly, as filters do; else where the polynomial is fixed: at corners."""
    for kind, at in ((AffineCoupling(ConvNet((3,))), (-4.0, 5.7)), (FourierScale(), (-5.0, 7.0))):
        layer, x = made(kind, degree=degree), field(2, 6, 4)
        moved = layer.resized((6, 4)).conditioned(at)
        assert moved.apply(x)[0] == pytest.approx(layer.conditioned(at).bound.resized((6, 4)).apply(x)[0], abs=1e-10)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: Conditioned(FourierScale(), (1.0,), (0.0,)), "one per coupling"),
        (lambda: Conditioned(FourierScale(), (1.0, 2.0), (1.0,)), "one per coupling"),
        (lambda: Conditioned(FourierScale(), (1.0,), (1.0,), degree=0), "at least 1"),
        (lambda: made(FourierScale()).conditioned((1.0,)), "expected 2 couplings"),
        (lambda: made(FourierScale()).conditioned(np.zeros((2, 2))), "the same for all chains"),
        (lambda: made(FourierScale()).apply(field(1, 4, 4)), "bind them"),
    ],
)
def test_bad_input_says_what_to_do(wrong, says):
    with pytest.raises(ValueError, match=says):
        wrong()
