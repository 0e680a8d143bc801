"""Every network through the oracles: vjp, symmetries, libraries, precision, volumes."""

from dataclasses import replace

import numpy as np
import pytest

from latticekit.arrays import backend, tree_items, using_kernels
from latticekit.flows import Setting, networks
from latticekit.flows.bundled import built, described
from latticekit.flows.networks import (
    Activation,
    CombiConvolution,
    Conditional,
    ConvNet,
    Convolution,
    Dense,
    DenseNet,
    Filter,
    Flattened,
    ResidualBlock,
    Stack,
    Symmetrised,
)
from latticekit.lattice import shift
from latticekit.random import Key
from latticekit.testing import check_equivariance, check_network, check_strict, scalar_symmetries
from tests.cases.networks import NETWORKS

ZERO = np.zeros(0)
CASES = pytest.mark.parametrize("case", NETWORKS.values(), ids=list(NETWORKS))


def transforms(case):
    """Symmetries of a case by name."""
    kinds = [kind for kind in case.symmetries if kind != "turn"]
    found = scalar_symmetries(case.sites, kinds)
    if "turn" in case.symmetries:
        found["turn"] = lambda x: np.flip(np.swapaxes(x, -1, -2), -1)
    return found


@CASES
def test_vjp(case, kernels):
    check_network(case.made(ZERO), case.input())


@CASES
def test_vjp_strict(case):
    x = case.input("array_api_strict", chains=1)
    check_network(case.made(x[:0, ...]), x, directions=1)


@CASES
def test_strict_agrees(case):
    network, x = case.made(ZERO), case.input()

    def run(x, params):
        y, residuals = network.with_params(params).apply(x)
        return y, network.with_params(params).vjp(residuals, y)

    check_strict(run, x, network.params)


@CASES
def test_symmetries(case, kernels):
    if found := transforms(case):
        network = case.made(ZERO)
        check_equivariance(lambda x: network.apply(x)[0], case.input(), found)


@CASES
def test_odd_is_true(case):
    network, x = case.made(ZERO), case.input()
    error = np.max(np.abs(network.apply(x)[0] + network.apply(-x)[0]))
    assert (error < 1e-12) == network.odd


@CASES
def test_single_precision(case, kernels):
    x = case.input(dtype="float32")
    network = case.made(x[:0])
    y, residuals = network.apply(x)
    x_bar, bars = network.vjp(residuals, y)
    assert y.dtype == x_bar.dtype == np.float32
    assert y.shape == (3, case.channels[1], *case.sites)
    assert x_bar.shape == x.shape
    assert {leaf.dtype for _, leaf in (*tree_items(bars), *tree_items(network.params))} <= {
        np.dtype("float32")
    }  # some have none


@CASES
def test_settings_come_back(case):
    network = case.made(ZERO)
    classes = {name: getattr(networks, name) for name in networks.__all__ if isinstance(getattr(networks, name), type)}
    again = built(described(network), classes).with_params(network.params)
    x = case.input()
    np.testing.assert_array_equal(again.apply(x)[0], network.apply(x)[0])


@CASES
def test_volume_transfer(case):
    """Parameters of one lattice serve another, where the network has no lattice inside."""
    network, bigger = case.made(ZERO), tuple(2 * n for n in case.sites)
    if isinstance(network, Flattened):
        with pytest.raises(ValueError, match="use ConvNet"):
            network.resized(bigger)
        return
    x = case.input()
    tiled = np.tile(x, (1, 1, *(2,) * len(case.sites)))
    expected = np.tile(network.apply(x)[0], (1, 1, *(2,) * len(case.sites)))
    np.testing.assert_allclose(network.resized(bigger).apply(tiled)[0], expected, atol=1e-12)


@pytest.mark.parametrize("dim", [1, 2, 3, 4])
def test_convolution_by_definition(dim):
    """y_c(x) = sum W_cc'd u_c'(x + d), written out."""
    sites, kernel = (4, 3, 2, 3)[:dim], (3, 2, 1, 4)[:dim]
    network = Convolution(kernel=kernel).between(2, 3).init(Setting(sites, ZERO, Key(1)))
    w, x = network.params["w"], np.asarray(Key(2).fold("test").normal((2, 2, *sites), ZERO))
    assert w.shape == (3, 2, *kernel)
    expected = np.zeros((2, 3, *sites))
    for index in np.ndindex(*kernel):
        seen = x
        for mu, (i, k) in enumerate(zip(index, kernel)):
            seen = shift(seen, mu, i - (k - 1) // 2, dim=dim)
        expected += np.einsum("oi,bi...->bo...", w[(slice(None), slice(None), *index)], seen)
    np.testing.assert_allclose(network.apply(x)[0], expected, atol=1e-13)


def test_filters_are_convolutions():
    x = Key(3).fold("test").normal((2, 1, 5, 6), ZERO)
    for name, taps in {
        "laplacian": [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
        "gaussian": np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16,
    }.items():
        network = Convolution(bias=False).between(1, 1).init(Setting((5, 6), ZERO, Key(1)))
        network = network.with_params({"w": np.asarray(taps, float).reshape(1, 1, 3, 3)})
        np.testing.assert_allclose(network.apply(x)[0], Filter(name).apply(x)[0], atol=1e-14)


def test_laplacian_of_a_plane_wave():
    n, k = 12, 2 * np.pi / 12
    wave = np.cos(k * np.arange(n))[None, None, :, None] * np.ones((1, 1, n, 4))
    np.testing.assert_allclose(Filter("laplacian").apply(wave)[0], (2 * np.cos(k) - 2) * wave, atol=1e-13)
    np.testing.assert_allclose(Filter("gaussian").apply(wave)[0], 0.5 * (1 + np.cos(k)) * wave, atol=1e-13)


def test_combi_is_the_sum_of_convolutions():
    sites, x = (4, 3, 5), Key(4).fold("test").normal((2, 2, 4, 3, 5), ZERO)
    combi = CombiConvolution(kernel=3, along=2).between(2, 3).init(Setting(sites, ZERO, Key(5)))
    w = combi.params["w"].reshape(3, 2, 3, 9)
    expected = 0
    for n, kernel in enumerate([(3, 3, 1), (3, 1, 3), (1, 3, 3)]):
        one = Convolution(kernel=kernel, bias=False).between(2, 3).init(Setting(sites, ZERO, Key(6)))
        expected = expected + one.with_params({"w": w[:, :, n].reshape(3, 2, *kernel)}).apply(x)[0]
    np.testing.assert_allclose(combi.apply(x)[0], expected, atol=1e-13)


@pytest.mark.parametrize(
    ("kernel", "tied", "free"),
    [
        (3, "none", 9),
        (3, "reflections", 4),
        (3, "rotations", 3),
        (3, "hypercubic", 3),
        (5, "rotations", 7),
        (5, "hypercubic", 6),
    ],
)
def test_number_of_orbits(kernel, tied, free):
    """Orbits of the square: corner, edge, ... counted by hand."""
    network = Convolution(kernel=kernel, tied=tied).between(1, 1).init(Setting((6, 6), ZERO, Key(1)))
    assert network.params["w"].size == free


def test_first_weights_have_the_width_of_glorot():
    network = Convolution(64, kernel=3).between(32, 64).init(Setting((6, 6), ZERO, Key(1)))
    w = network.params["w"]
    assert abs(np.std(w) / np.sqrt(2 / (96 * 9)) - 1) < 4 / np.sqrt(2 * w.size)  # 4 sigma: false alarm 6e-5
    assert not np.any(network.params["b"])


def test_parts_start_differently():
    network = ConvNet((4, 4, 4)).between(4, 4).init(Setting((4, 4), ZERO, Key(1)))
    first, second = network.params["0"]["w"], network.params["1"]["w"]
    assert np.max(np.abs(first - second)) > 0.01
    assert np.std(network.params["3"]["w"]) < 0.2 * np.std(first)


def test_parities():
    case = NETWORKS["parities"]
    network, x = case.made(ZERO), case.input()
    y, mirrored = network.apply(x)[0], network.apply(-x)[0]
    np.testing.assert_allclose(mirrored[:, :2], y[:, :2], atol=1e-14)
    np.testing.assert_allclose(mirrored[:, 2:], -y[:, 2:], atol=1e-14)


def test_couplings_per_chain():
    case = NETWORKS["conditional"]
    network, x = case.made(ZERO), case.input()
    rows = np.array([[-3.9, 6.1], [-4.0, 5.0], [-4.2, 4.4]])
    together = network.conditioned(rows).apply(x)[0]
    for n, row in enumerate(rows):
        np.testing.assert_allclose(network.conditioned(row).apply(x[n : n + 1])[0], together[n : n + 1], atol=1e-14)
    assert np.max(np.abs(together[1:] - network.apply(x)[0][1:])) > 1e-3


def test_chains_are_apart(kernels):
    """A chain gives the same bits whatever the others hold."""
    network = NETWORKS["convnet"].made(ZERO)
    x = NETWORKS["convnet"].input(chains=7)
    with np.errstate(invalid="ignore"):
        worse = x.copy()
        worse[2] = np.nan
        y, bad = network.apply(x)[0], network.apply(worse)[0]
    keep = np.arange(7) != 2
    np.testing.assert_array_equal(y[keep], bad[keep])
    assert np.all(np.isnan(bad[2]))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Activation("relu6"), "one of identity, tanh"),
        (lambda: Convolution(kernel=0), "at least 1"),
        (lambda: Convolution(kernel=4, tied="hypercubic"), "odd extents"),
        (lambda: Convolution(tied="cubic"), "one of none, reflections"),
        (lambda: ConvNet(odd=True, activation="silu"), "odd activations"),
        (lambda: Stack(()), "at least one network"),
        (lambda: Stack((Convolution(), Convolution())).between(1, 1), "needs its channels"),
        (lambda: ResidualBlock(ConvNet()).between(2, 3), "keeps its channels"),
        (lambda: Flattened(DenseNet()).between(1), "cannot choose"),
        (lambda: Symmetrised(ConvNet(), (1, -1)).between(1, 3), "dealt to 2 signs"),
        (lambda: Symmetrised(ConvNet(), (1, 0)), "signs must be"),
        (lambda: Conditional(ConvNet(), 2).conditioned((1.0,)), "expected 2 couplings"),
        (lambda: Filter("sobel"), "laplacian, gaussian"),
        (lambda: CombiConvolution(along=3).between(1, 1).init(Setting((4, 4), ZERO, Key(1))), "along <= 2"),
        (lambda: Convolution(kernel=(3, 3)).between(1, 1).init(Setting((4,), ZERO, Key(1))), "one per axis"),
        (lambda: Convolution().init(Setting((4,), ZERO, Key(1))), "between"),
        (lambda: NETWORKS["conv 1d"].made(ZERO).apply(np.zeros((1, 3, 7))), "takes 2 channels"),
        (
            lambda: Conditional(Dense()).between(1, 1).init(Setting((), ZERO, Key(1))).apply(np.zeros((1, 1))),
            "conditioned",
        ),
    ],
)
def test_mistakes_are_explained(make, message):
    with pytest.raises(ValueError, match=message):
        make()


class _Broken(Convolution):
    """A convolution whose cotangent of the weights is wrong by 1 % in one tap."""

    def vjp(self, residuals, y_bar):
        x_bar, bars = super().vjp(residuals, y_bar)
        w_bar = bars["w"].copy()
        w_bar[0, 0, 1] *= 1.01
        return x_bar, bars | {"w": w_bar}


class _Shifted(Convolution):
    """A convolution whose cotangent of x is seen from the next site."""

    def vjp(self, residuals, y_bar):
        x_bar, bars = super().vjp(residuals, y_bar)
        return np.roll(x_bar, 1, axis=-1), bars


@pytest.mark.parametrize("broken", [_Broken, _Shifted])
def test_a_wrong_vjp_is_caught(broken):
    network = broken(kernel=3).between(1, 2).init(Setting((5,), ZERO, Key(1)))
    with pytest.raises(AssertionError, match="against differences"):
        check_network(network, Key(2).fold("test").normal((2, 1, 5), ZERO))


def test_a_missing_symmetry_is_caught():
    case = NETWORKS["conv 2d"]
    network = case.made(ZERO)
    with pytest.raises(AssertionError, match="reflection"):
        check_equivariance(lambda x: network.apply(x)[0], case.input(), scalar_symmetries(case.sites, ("reflection",)))


def test_references_run_without_kernels():
    with using_kernels("reference"):
        for case in NETWORKS.values():
            y, residuals = case.made(ZERO).apply(case.input())
            assert np.all(np.isfinite(case.made(ZERO).vjp(residuals, y)[0]))


def test_strict_residuals_stay_in_their_library():
    xp = backend("array_api_strict")
    x = NETWORKS["convnet"].input("array_api_strict")
    network = NETWORKS["convnet"].made(x[:0, ...])
    assert {type(leaf) for _, leaf in tree_items(network.apply(x)[1])} == {type(xp.zeros(1))}


def test_settings_are_data():
    assert replace(Convolution(8, kernel=[3, 3]), gain=0.5).kernel == (3, 3)
