"""Stout smearing and its vjp; APE smearing; the cotangent of the exponential."""

import numpy as np
import pytest

from latticekit.fields import (
    Stout,
    ape,
    gauge_transform_algebra,
    plane_averages,
    random_transform,
    stout,
    stout_step,
    stout_weights,
)
from latticekit.fields.flow import GradientFlow
from latticekit.groups import SU, U1
from latticekit.groups.tangent import exp_cotangent
from latticekit.random import Key
from latticekit.testing import check_strict
from latticekit.testing.differences import slope
from tests.fields.symmetries import link_symmetries, links, transformed

pytestmark = pytest.mark.usefixtures("reference")
FIELDS = [(U1(), (4, 3)), (SU(2), (4, 4)), (SU(3), (2, 3, 4)), (SU(3), (2, 2, 3, 2)), (SU(4), (3, 2))]
KINDS = ("translation", "gauge", "conjugation", "reflection of time", "exchange with time", "exchange in space")


def layers(dim, steps=3, scale=0.1):
    """Several Stout layers with all weights different."""
    key = Key(4)
    return [
        Stout({kind: scale * (1 + key.fold("test", s).uniform((dim, dim), np.zeros(0))) for kind in kinds})
        for s, kinds in enumerate([("plaquette",), ("plaquette", "rectangle"), ("plaquette",)][:steps])
    ]


def forward(stack, x):
    kept = []
    for layer in stack:
        x, residuals = layer.apply(x)
        kept.append(residuals)
    return x, kept


def loss(group, x, weight):
    """Re tr of generic matrices with the links."""
    return np.sum((weight * group.matrices(x)).real)


def cotangent(group, y, weight):
    """G of `loss`: delta L = Re tr(weight^T X U) = -index comp(U weight^T) X, at every link."""
    m = group.matrices(y)
    k = np.einsum("cmij...,cmkj...->cmik...", m, weight)
    return np.stack([-group.index * group.components(k[:, mu]) for mu in range(m.shape[1])], axis=1)


def generic(group, x):
    parts = [Key(8).fold("noise", i).normal(group.matrices(x).shape, np.zeros(0)) for i in (0, 1)]
    return parts[0] + 1j * parts[1]


def backward(group, stack, x, weight):
    y, kept = forward(stack, x)
    bar, params = cotangent(group, y, weight), []
    for layer, residuals in zip(reversed(stack), reversed(kept)):
        bar, one = layer.vjp(residuals, bar)
        params.append(one)
    return bar, params[::-1]


@pytest.mark.parametrize(("group", "sites"), FIELDS)
@pytest.mark.parametrize(("scale", "steps"), [(0.1, 3), (0.5, 1)])
def test_cotangents_of_links(group, sites, scale, steps):
    x, stack = links(group, sites), layers(len(sites), steps, scale)
    weight = generic(group, x)
    bar, _ = backward(group, stack, x, weight)
    for i in range(3):
        v = group.random_algebra(Key(i), x)
        measured = slope(lambda e, v=v: loss(group, forward(stack, group.translate(x, v * e))[0], weight), 2e-4)
        assert abs(measured - np.sum(bar * v)) <= 1e-9 * np.linalg.norm(bar)


@pytest.mark.parametrize(("group", "sites"), FIELDS)
def test_cotangents_of_weights(group, sites):
    x, stack = links(group, sites), layers(len(sites))
    weight = generic(group, x)
    _, bars = backward(group, stack, x, weight)
    for s, layer in enumerate(stack):
        for kind, rho in layer.params.items():
            d = Key(9).normal(rho.shape, rho)
            assert bars[s][kind].shape == rho.shape

            def moved(e, s=s, kind=kind, rho=rho, d=d, layer=layer):
                changed = [*stack[:s], Stout({**layer.params, kind: rho + e * d}), *stack[s + 1 :]]
                return loss(group, forward(changed, x)[0], weight)

            error = slope(moved, 2e-4) - np.sum(bars[s][kind] * d)
            assert abs(error) <= 1e-9 * np.linalg.norm(bars[s][kind])


def test_a_wrong_cotangent_is_seen():
    group, x = SU(3), links(SU(3), (3, 2))
    stack, weight = layers(2), generic(group, x)
    bar, _ = backward(group, stack, x, weight)
    v = group.random_algebra(Key(1), x)
    measured = slope(lambda e: loss(group, forward(stack, group.translate(x, v * e))[0], weight), 2e-4)
    assert abs(measured - np.sum(bar * 1.01 * v)) > 1e-5 * np.linalg.norm(bar)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("size", [0.0, 1e-9, 0.1, 1.0, 4.0, 30.0])
def test_cotangent_of_the_exponential(n, size):
    """Against the eigenvectors of Q: the matrix element between phases a, b is (1 - exp(-i (a-b))) / i (a-b)."""
    key = Key(2)
    m = key.fold("test").normal((4, n, n), np.zeros(0)) + 1j * key.fold("noise").normal((4, n, n), np.zeros(0))
    g = key.fold("test", 1).normal((4, n, n), np.zeros(0)) + 1j * key.fold("noise", 1).normal((4, n, n), np.zeros(0))
    q, g = size * (m - m.conj().swapaxes(1, 2)), g - g.conj().swapaxes(1, 2)
    q = q - np.trace(q, axis1=1, axis2=2)[:, None, None] * np.eye(n) / n * (n > 1)
    phases, vectors = np.linalg.eigh(-1j * q)
    d = phases[:, :, None] - phases[:, None, :]
    psi = np.exp(-0.5j * d) * np.sinc(d / (2 * np.pi))
    inside = vectors.conj().swapaxes(1, 2) @ g @ vectors
    expected = vectors @ (psi * inside) @ vectors.conj().swapaxes(1, 2)
    error = np.max(np.abs(exp_cotangent(q, g) - expected))
    assert error <= 1e-14 * max(1.0, 10 * size) * np.max(np.abs(g))


@pytest.mark.parametrize(("group", "sites"), FIELDS)
def test_covariance(group, sites):
    x = links(group, sites)
    y, z = stout(x, 0.12, steps=2), ape(x, 0.5, steps=2)
    for name, g in link_symmetries(sites, KINDS).items():
        for smeared, other in ((stout(g(x), 0.12, steps=2), y), (ape(g(x), 0.5, steps=2), z)):
            assert np.max(np.abs(group.matrices(smeared) - group.matrices(g(other)))) <= 1e-13, name
    assert np.max(group.defect(y)) < 1e-13
    assert np.max(group.defect(z)) < 1e-13


@pytest.mark.parametrize(("group", "sites"), FIELDS)
def test_a_small_step_of_stout_is_the_flow(group, sites):
    x, rho = links(group, sites), 1e-4
    y, (_, v) = Stout(stout_weights(len(sites), rho, x)).apply(x)
    np.testing.assert_allclose(v, rho * GradientFlow().velocity(x), atol=1e-16)
    np.testing.assert_allclose(y, stout_step(x, rho)[0], atol=1e-15)


def test_smearing_smooths():
    x = links(SU(3), (4, 4, 4), scale=0.4)
    before = plane_averages(x)
    for smeared in (stout(x, 0.1), ape(x, 0.5)):
        assert np.all(plane_averages(smeared) > before + 0.05)


def test_smearing_of_space_leaves_time_alone():
    x = links(SU(2), (3, 4, 3))
    one = x[:, :, :, :, 1:2]  # time slices do not see each other
    for smear in (lambda x: stout(x, 0.1, spatial=True), lambda x: ape(x, 0.4, spatial=True)):
        np.testing.assert_allclose(smear(x)[:, 0], x[:, 0], atol=1e-15)
        np.testing.assert_allclose(smear(x)[:, 1:, :, :, 1:2], smear(one)[:, 1:], atol=1e-14)
        assert np.max(np.abs(smear(x) - x)[:, 1:]) > 0.1


def test_ape_by_hand():
    theta = links(U1(), (3, 4))
    f = np.exp(1j * theta)
    up = f[:, 1] * np.roll(f[:, 0], -1, 2) * np.roll(f[:, 1], -1, 1).conj()
    down = np.roll(f[:, 1].conj() * f[:, 0] * np.roll(f[:, 1], -1, 1), 1, 2)
    expected = np.angle(0.3 * f[:, 0] + 0.7 * (up + down) / 2)
    np.testing.assert_allclose(ape(theta, 0.7)[:, 0], expected, atol=1e-14)


def test_cotangents_are_covariant():
    x, layer = links(SU(3), (3, 2, 2)), layers(3)[1]
    weight = generic(SU(3), x)
    y, residuals = layer.apply(x)
    bar = cotangent(SU(3), y, weight)
    g = random_transform(Key(5), x)
    moved, params = layer.vjp(layer.apply(transformed(x))[1], gauge_transform_algebra(bar, g))
    expected, expected_params = layer.vjp(residuals, bar)
    np.testing.assert_allclose(moved, gauge_transform_algebra(expected, g), atol=1e-13)
    for kind in params:
        np.testing.assert_allclose(params[kind], expected_params[kind], atol=1e-12)


@pytest.mark.parametrize(("group", "sites"), FIELDS[:3])
def test_strict_arrays(group, sites):
    x = links(group, sites)
    stack = layers(len(sites))

    def run(x, rho, weight):
        layer = Stout({"plaquette": rho, "rectangle": rho * 0.5})
        y, residuals = layer.apply(x)
        return y, *layer.vjp(residuals, weight)

    v = group.random_algebra(Key(1), x)
    check_strict(run, x, stack[0].params["plaquette"], v, tolerance=1e-12)
    check_strict(ape, x, 0.4, tolerance=1e-12)
    check_strict(stout, x, 0.1, 2, tolerance=1e-12)
    single = x.astype("complex64" if x.dtype.kind == "c" else "float32")
    y, bar, params = run(single, stack[0].params["plaquette"], v.astype("float32"))
    assert (y.dtype, bar.dtype, params["plaquette"].dtype) == (single.dtype, "float32", "float32")
    np.testing.assert_allclose(bar, run(x, stack[0].params["plaquette"], v)[1], atol=1e-4)
    assert ape(single, 0.4).dtype == single.dtype


@pytest.mark.parametrize(
    "make",
    [
        lambda: Stout({"plaquete": np.zeros((2, 2))}),
        lambda: Stout({"plaquette": np.zeros(2)}),
        lambda: Stout({"plaquette": np.zeros((3, 3))}).apply(links(U1(), (2, 2))),
        lambda: ape(links(U1(), (2, 2)), 0.5, spatial=True),
    ],
)
def test_impossible_settings_are_refused(make):
    with pytest.raises(ValueError, match=r"Stout|ape needs"):
        make()
