"""Gradient flow: its velocity, its order, its step control, its covariance."""

import numpy as np
import pytest

from latticekit.actions.gauge import LuscherWeisz, Wilson
from latticekit.fields import GradientFlow, plaquette_density
from latticekit.fields.flow import VELOCITIES, wilson, zeuthen
from latticekit.groups import SU, U1
from latticekit.lattice import shift
from latticekit.testing import check_strict
from latticekit.testing.differences import slope
from tests.fields.symmetries import link_symmetries, links, transformed

FIELDS = [(U1(), (4, 6)), (SU(2), (3, 4, 2)), (SU(3), (2, 4, 2, 3)), (SU(4), (3, 3))]
COVARIANT = ("translation", "gauge", "conjugation", "reflection of time", "exchange with time", "exchange in space")


def along(group, x, v):
    """i v_a T_a U of every direction."""
    if x.dtype.kind != "c":
        return v
    moved = [np.einsum("cij...,cjk...->cik...", group.algebra(v[:, mu]), x[:, mu]) for mu in range(x.shape[1])]
    return np.stack(moved, axis=1)


@pytest.mark.parametrize("kind", ["wilson", "zeuthen"])
@pytest.mark.parametrize(("group", "sites"), FIELDS)
def test_the_field_moves_with_its_velocity(reference, kind, group, sites):
    flow = GradientFlow(kind, step=5e-5)
    h, middle = 2e-4, 8e-4
    fields = list(flow.at(links(group, sites, scale=0.5), [middle + k * h for k in range(-3, 4)]))
    measured = slope(lambda e: fields[3 + round(e / h)], h)
    expected = along(group, fields[3], flow.velocity(fields[3]))
    assert np.max(np.abs(measured - expected)) <= 1e-9 * max(1.0, np.max(np.abs(expected)))


@pytest.mark.parametrize(("group", "sites"), FIELDS)
def test_velocities_are_forces(reference, group, sites):
    x, beta = links(group, sites), group.n / group.index
    np.testing.assert_allclose(GradientFlow().velocity(x), Wilson(group, beta).force(x), atol=1e-12)
    force = LuscherWeisz(group, beta).force(x)
    along_u = [_second_difference(group, x[:, mu], force[:, mu], mu) for mu in range(len(sites))]
    np.testing.assert_allclose(zeuthen(x), force + np.stack(along_u, axis=1) / 12, atol=1e-12)


def _second_difference(group, link, v, mu):
    """D* D v with D v(x) = U v(x+mu) U^dagger - v(x) and its adjoint, by the definition."""
    dim = link.ndim - (1 if link.dtype.kind != "c" else 3)
    if link.dtype.kind != "c":
        return shift(v, mu, 1, dim=dim) + shift(v, mu, -1, dim=dim) - 2 * v

    def turn(a, m):
        return np.einsum("cij...,cjk...,clk...->cil...", a, m, a.conj())

    m = group.algebra(v)
    ahead = turn(link, shift(m, mu, 1, dim=dim)) - m
    back = m - turn(shift(link, mu, -1, dim=dim).conj().swapaxes(1, 2), shift(m, mu, -1, dim=dim))
    return group.components(ahead - back)


@pytest.mark.parametrize(("kind", "power"), [("wilson", 2), ("zeuthen", 4)])
@pytest.mark.parametrize("wave", [(1, 1, 0), (1, 0, 1), (2, 1, 1)])
def test_cutoff_effects_of_a_plane_wave(reference, kind, power, wave):
    """A transverse wave decays at the rate p^2; what the lattice adds falls as p^2, with Zeuthen's term as p^4."""
    errors = []
    for extent in (12, 24):
        p = 2 * np.pi / extent * np.array(wave)
        across = np.array([p[1], -p[0], 0.0])
        sites = [1 if n == 0 else extent for n in wave]
        x = np.meshgrid(*(np.arange(n) for n in sites), indexing="ij")
        phase = sum(a * b for a, b in zip(p, x))
        line = across * np.sinc(p / (2 * np.pi))  # a link is the integral of the wave along it
        theta = 1e-6 * np.stack([line[mu] * np.cos(phase + p[mu] / 2) for mu in range(3)])[None]
        velocity = GradientFlow(kind).velocity(theta)
        exact = -np.sum(p**2) * theta
        errors.append(np.max(np.abs(velocity - exact)) / np.max(np.abs(exact)))
    assert abs(np.log2(errors[0] / errors[1]) - power) < 0.3, errors


@pytest.mark.parametrize("kind", ["wilson", "zeuthen"])
@pytest.mark.parametrize("group", [U1(), SU(2), SU(3)])
def test_third_order(reference, kind, group):
    x = links(group, (4, 4), chains=8)
    exact = GradientFlow(kind, step=0.2 / 128).advance(x, 0.2)
    errors = [np.sqrt(np.mean(np.abs(GradientFlow(kind, 0.2 / n).advance(x, 0.2) - exact) ** 2)) for n in (8, 16, 32)]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(np.abs(orders - 3) < 0.25), orders


@pytest.mark.parametrize(("group", "sites"), FIELDS)
@pytest.mark.parametrize("kind", ["wilson", "zeuthen"])
def test_covariance(reference, kind, group, sites):
    x, flow = links(group, sites), GradientFlow(kind, step=0.1)
    y = flow.advance(x, 0.2)
    for name, g in link_symmetries(sites, COVARIANT).items():
        moved, expected = flow.advance(g(x), 0.2), g(y)
        error = group.matrices(moved) - group.matrices(expected)
        assert np.max(np.abs(error)) <= 1e-13, name


@pytest.mark.parametrize("kind", ["wilson", "zeuthen"])
def test_steps_follow_the_tolerance(reference, kind):
    x = links(SU(3), (3, 3, 2), chains=2)
    exact = GradientFlow(kind, step=5e-3).advance(x, 0.3)
    errors = []
    for tolerance in (1e-3, 1e-4, 1e-5, 1e-6):
        counted = Counted(kind, step=0.02, tolerance=tolerance)
        errors.append(np.max(np.abs(counted.advance(x, 0.3) - exact)))
        assert errors[-1] < 100 * tolerance
    assert errors[3] < 0.02 * errors[0]


class Counted(GradientFlow):
    """A flow that knows how often it was asked for its velocity."""

    def velocity(self, x):
        counts.append(1)
        return super().velocity(x)


counts: list[int] = []


def test_steps_grow_where_the_field_is_smooth(reference):
    x, used = links(SU(2), (4, 4), chains=1), []
    for duration in (1.0, 6.0):
        counts.clear()
        Counted(step=1e-4, tolerance=1e-4).advance(x, duration)
        used.append(len(counts))
    assert used[1] < 3 * used[0]
    counts.clear()
    Counted(step=5.0, tolerance=1e-6).advance(x, 0.1)  # far too long a first step is refused, again and again
    assert 3 * 4 < len(counts) < 200


def test_chains_choose_their_own_steps(reference):
    x, flow = links(SU(2), (3, 4), chains=4), GradientFlow(tolerance=1e-5)
    together = flow.advance(x, 0.5)
    for c in range(4):
        np.testing.assert_array_equal(together[c : c + 1], flow.advance(x[c : c + 1], 0.5))


def test_the_action_falls_and_times_add_up(reference):
    x, flow = links(SU(3), (4, 4, 2)), GradientFlow(step=0.05)
    fields = list(flow.at(x, [0.0, 0.1, 0.2, 0.2, 0.5]))
    density = np.array([plaquette_density(y) for y in fields])
    np.testing.assert_array_equal(fields[0], x)
    assert np.all(density[[1, 2, 4]] < density[[0, 1, 3]])
    np.testing.assert_array_equal(fields[2], fields[3])
    np.testing.assert_allclose(flow.advance(x, 0.5), fields[4], atol=1e-12)
    assert np.max(SU(3).defect(fields[4])) < 1e-13


@pytest.mark.parametrize(("group", "sites"), FIELDS[:3])
def test_strict_arrays(reference, group, sites):
    x = links(group, sites, chains=2)
    single = x.astype("complex64" if x.dtype.kind == "c" else "float32")
    for flow in (GradientFlow("zeuthen"), GradientFlow(tolerance=1e-2)):
        check_strict(flow.advance, x, 0.05, tolerance=1e-12)
        moved = flow.advance(single, 0.05)
        assert moved.dtype == single.dtype
        np.testing.assert_allclose(moved, flow.advance(x, 0.05), atol=1e-4)


def test_a_wrong_velocity_is_seen(reference, monkeypatch):
    monkeypatch.setitem(VELOCITIES, "wrong", lambda x: wilson(x) * 1.01)
    x = links(SU(3), (2, 4))
    h = 2e-3
    fields = list(GradientFlow("wrong", step=1e-3).at(x, [0.05 + k * h for k in range(-3, 4)]))
    measured = slope(lambda e: fields[3 + round(e / h)], h)
    expected = along(SU(3), fields[3], GradientFlow().velocity(fields[3]))
    assert np.max(np.abs(measured - expected)) > 1e-3


@pytest.mark.parametrize("settings", [{"kind": "wilsn"}, {"step": 0.0}, {"tolerance": -1e-3}, {"step": float("nan")}])
def test_impossible_settings_are_refused(settings):
    with pytest.raises(ValueError, match="GradientFlow: "):
        GradientFlow(**settings)


@pytest.mark.parametrize("times", [[0.1, 0.05], [-1.0], [float("nan")]])
def test_times_must_not_decrease(reference, times):
    with pytest.raises(ValueError, match="flow times"):
        list(GradientFlow().at(links(U1(), (2, 2)), times))


def test_adapted_steps_are_covariant(reference):
    x, flow = links(SU(3), (3, 2, 2)), GradientFlow(tolerance=1e-4)
    assert np.max(np.abs(flow.advance(transformed(x), 0.3) - transformed(flow.advance(x, 0.3)))) <= 1e-13


def test_a_tolerance_that_cannot_be_met_is_refused(reference):
    x = links(SU(2), (2, 2))
    with pytest.raises(RuntimeError, match="cannot meet the tolerance"):
        GradientFlow(tolerance=1e-12).advance(x.astype("complex64"), 0.1)
    broken = np.array(x)
    broken[1] = np.nan
    with pytest.raises(RuntimeError, match="not finite"):
        GradientFlow(tolerance=1e-3).advance(broken, 0.1)
