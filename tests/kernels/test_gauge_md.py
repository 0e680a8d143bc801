"""SU(N) kernels: formulas, every shape against the reference, and checks that know neither."""

import itertools

import numpy as np
import pytest
from scipy.linalg import expm

from latticekit.actions import Wilson
from latticekit.actions.couplings import Anisotropic, OpenBoundary, Schroedinger, Uniform
from latticekit.actions.gauge import GaugeAction, gauge_evolve, gauge_force, gauge_value
from latticekit.fields.plaquettes import plane_averages
from latticekit.groups import SU
from latticekit.groups.sun import gell_mann, su_project, su_translate
from latticekit.kernels.cpu import gauge
from latticekit.kernels.cpu.gauge_slabs import plan_of
from latticekit.kernels.cpu.links import Layout
from latticekit.kernels.site import su, su_exp
from latticekit.kernels.site import su_project as site_project
from latticekit.random import Key
from latticekit.updates.integrators import FORCE_GRADIENT, LEAPFROG

RNG = np.random.default_rng(11)


def links(n, chains, sites, dtype="complex128", seed=3):
    group = SU(n)
    return group.random(Key(seed), group.shape(chains, sites), np.zeros(1, dtype))


def momenta(u, seed=4):
    return SU(u.shape[2]).random_algebra(Key(seed), u)


def numbers(m):
    return np.ascontiguousarray(m).reshape(-1).view(float).copy()


def matrix(n, values, at=0):
    return np.asarray(values[at : at + 2 * n * n]).view(complex).reshape(n, n)


def complex_normal(n):
    return RNG.normal(size=(n, n)) + 1j * RNG.normal(size=(n, n))


@pytest.mark.parametrize("n", [2, 3, 4])
def test_products_and_projection_are_those_of_matrices(n):
    a, b, out = complex_normal(n), complex_normal(n), np.zeros(2 * n * n)
    x, y = numbers(a), numbers(b)
    products = ((su.mul, a @ b), (su.mul_dagger, a @ b.conj().T), (su.dagger_mul, a.conj().T @ b))
    for formula, expected in products:
        formula(out, 0, x, 0, y, 0, n)
        np.testing.assert_allclose(matrix(n, out), expected, atol=1e-14)
    assert su.product_trace(x, 0, y, 0, n) == pytest.approx(np.trace(a @ b).real, abs=1e-13)
    p = np.zeros(2 * (n * n - 1))
    su.add_components(p, 0, 0.5, x, 0, y, 0, n)
    expected = [np.trace(t @ a @ b).imag for t in gell_mann(n)]
    np.testing.assert_allclose(p[: n * n - 1], expected, atol=1e-13)
    su.add_components_twice(p, 0, n * n - 1, 0.5, x, 0, y, 0, n)
    np.testing.assert_allclose(p, np.concatenate([2 * np.array(expected), -np.array(expected)]), atol=1e-13)


DETERMINANTS = {2: site_project.determinant2, 3: site_project.determinant3}


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_determinants(n):
    a, out = complex_normal(n), np.zeros(4 * n * n)
    expected = np.linalg.det(a)
    formulas = {site_project.determinant, DETERMINANTS.get(n, site_project.determinant)}
    for formula in formulas:
        found = complex(*formula(out, 0, 2 * n * n, numbers(a), 0, n))
        assert found == pytest.approx(expected, rel=1e-12)


EXPONENTIALS = {2: su_exp.exp2, 3: su_exp.exp3}


@pytest.mark.parametrize("n", [2, 3, 4])
def test_exponential_formula_within_its_reach(n):
    for size, formula in itertools.product((1e-8, 0.3, 1.0), {EXPONENTIALS.get(n, su_exp.exp_any), su_exp.exp_any}):
        v, out = RNG.normal(size=n * n - 1), np.zeros(6 * n * n)
        v *= size / np.abs(np.linalg.eigvalsh(np.tensordot(v, gell_mann(n), 1))).max()
        formula(out, 0, 2 * n * n, 4 * n * n, v, 0, 1.0, n)
        np.testing.assert_allclose(matrix(n, out), expm(1j * np.tensordot(v, gell_mann(n), 1)), atol=2e-15)


@pytest.mark.parametrize("n", [2, 3, 4])
@pytest.mark.parametrize("shape", [(1, 0, 0), (0, 0, 1), (0.2, 0.5, 0.3)], ids=["pair", "diagonal", "general"])
def test_exponential_is_right_at_any_norm(n, shape):
    """Also where eigenvalues coincide; against eigenvectors, whose phases are as good as the norm permits."""
    u = np.broadcast_to(np.eye(n).reshape(1, 1, n, n, 1, 1) + 0j, (1, 2, n, n, 4, 4)).copy()
    norms = np.geomspace(1e-8, 30, 32).reshape(2, 4, 4)
    v = RNG.normal(size=(2, n * n - 1, 4, 4)) * shape[1]
    v[:, 0] += shape[0]
    v[:, -1] += shape[2] * (n + 1)
    values = np.abs(np.linalg.eigvalsh(np.tensordot(v, gell_mann(n), (1, 0)))).max(-1)
    v *= (norms / values)[:, None]
    found = gauge.translate(u, np.ascontiguousarray(v[None]), SU(n))
    h = np.tensordot(v, gell_mann(n), (1, 0))
    e, s = np.linalg.eigh(h)
    expected = np.einsum("...ij,...j,...kj->...ik", s, np.exp(1j * e), s.conj())
    error = np.abs(np.moveaxis(found[0], (1, 2), (-2, -1)) - expected).max((-2, -1))
    assert (error < 3e-15 + 6e-16 * norms).all()
    assert SU(n).defect(found).max() < 2e-14


CASES = [
    (3, 1, (4, 4, 4, 4)),
    (3, 3, (4, 2, 6)),
    (3, 2, (3, 5, 1, 2)),
    (2, 1, (8, 16)),
    (2, 9, (2, 3)),
    (2, 17, (1, 1)),
    (4, 2, (3, 4)),
]


COUPLINGS = [(0.0, one) for one in (Uniform(), Anisotropic(1.3), OpenBoundary(0))]
COUPLINGS += [(-0.2, one) for one in (Uniform(), OpenBoundary(0))]


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize(("c1", "weights"), COUPLINGS, ids=lambda one: str(one) if one else "0")
def test_kernels_follow_the_reference(case, c1, weights):
    n, _, sites = case
    u, action = links(*case), GaugeAction(SU(n), 5.3, c1, weights)
    p, more = momenta(u), 1 - 20 * c1
    np.testing.assert_allclose(gauge.force(u, action), gauge_force.reference(u, action), atol=1e-14 * more)
    scale = 5.3 * 6 * np.prod(sites) * more
    np.testing.assert_allclose(gauge.value(u, action), gauge_value.reference(u, action), atol=1e-15 * scale)
    np.testing.assert_allclose(gauge.plane_averages(u), plane_averages.reference(u), atol=1e-15)
    for schedule in (LEAPFROG.schedule(0.1, 2 if c1 else 10), FORCE_GRADIENT.schedule(0.2, 1 if c1 else 2)):
        found, expected = gauge.evolve(u, p, action, schedule), gauge_evolve.reference(u, p, action, schedule)
        np.testing.assert_allclose(found[0], expected[0], atol=2e-14 * more)
        np.testing.assert_allclose(found[1], expected[1], atol=1e-13 * more)


def test_single_precision_follows_the_reference():
    u, action = links(3, 2, (4, 4, 4, 4), "complex64"), Wilson(SU(3), 5.3, Anisotropic(1.3))
    p = momenta(u)
    assert p.dtype == np.float32
    found, expected = gauge.force(u, action), gauge_force.reference(u, action)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=5e-6)
    np.testing.assert_allclose(gauge.value(u, action), gauge_value.reference(u, action), atol=0.02)
    schedule = LEAPFROG.schedule(0.1, 5)
    for one, other in zip(gauge.evolve(u, p, action, schedule), gauge_evolve.reference(u, p, action, schedule)):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one, other, atol=2e-5)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_translation_and_projection_follow_the_reference(n):
    u = links(n, 2, (3, 4))
    v = 0.4 * momenta(u)
    np.testing.assert_allclose(gauge.translate(u, v, SU(n)), su_translate.reference(u, v, SU(n)), atol=3e-15)
    bent = u * np.exp(0.01j) + 0.01 * links(n, 2, (3, 4), seed=8)
    found = gauge.project(bent)
    np.testing.assert_allclose(found, su_project.reference(bent), atol=5e-15)
    assert SU(n).defect(found).max() < 1e-14
    determinants = np.linalg.det(np.moveaxis(found, (2, 3), (-2, -1)))
    np.testing.assert_allclose(determinants, 1, atol=1e-14)
    assert gauge.project(u + 0.5) is NotImplemented, "far from the group the reference takes over"


def independent_action(u, beta):
    """Wilson's action from matrix products at single sites: nothing shared with reference or kernels."""
    total, (dim, n), sites = 0.0, u.shape[1:3], u.shape[4:]
    for x in np.ndindex(*sites):
        for mu, nu in itertools.combinations(range(dim), 2):
            right, up = list(x), list(x)
            right[mu] = (right[mu] + 1) % sites[mu]
            up[nu] = (up[nu] + 1) % sites[nu]
            a, b = u[(0, mu, ..., *x)], u[(0, nu, ..., *right)]
            c, d = u[(0, mu, ..., *up)], u[(0, nu, ..., *x)]
            total -= beta / n * np.trace(a @ b @ c.conj().T @ d.conj().T).real
    return total


@pytest.mark.parametrize(("n", "sites"), [(2, (2, 3)), (3, (2, 3, 2)), (4, (2, 2))])
def test_action_and_force_by_single_plaquettes(n, sites):
    u, action = links(n, 1, sites), Wilson(SU(n), 2.5)
    assert gauge.value(u, action)[0] == pytest.approx(independent_action(u, 2.5), rel=1e-13)
    direction, h = momenta(u, 9), 1e-3
    moved = [independent_action(gauge.translate(u, k * h * direction, SU(n)), 2.5) for k in (-2, -1, 1, 2)]
    slope = (moved[0] - 8 * moved[1] + 8 * moved[2] - moved[3]) / (12 * h)
    expected = -float((gauge.force(u, action) * direction).sum())
    assert slope == pytest.approx(expected, rel=1e-9)


def test_trajectory_can_be_reversed():
    u, action, schedule = links(3, 1, (8, 8, 8, 8)), Wilson(SU(3), 6.0), LEAPFROG.schedule(0.1, 10)
    p = momenta(u)
    there = gauge.evolve(u, p, action, schedule)
    back = gauge.evolve(there[0], -there[1], action, schedule)
    assert np.abs(back[0] - u).max() < 1e-12
    assert np.abs(back[1] + p).max() < 1e-12
    assert SU(3).defect(there[0]).max() < 2e-15


def test_a_chain_has_the_same_bits_in_any_company():
    """Neither other chains in the vector nor large elements in other lanes change a result."""
    u, action, schedule = links(3, 8, (2, 4)), Wilson(SU(3), 6.0), LEAPFROG.schedule(0.2, 3)
    p = momenta(u)
    p[1] *= 40.0
    whole = gauge.evolve(u, p, action, schedule)
    for c in (0, 1, 5):
        alone = gauge.evolve(np.repeat(u[c : c + 1], 8, 0), np.repeat(p[c : c + 1], 8, 0), action, schedule)
        np.testing.assert_array_equal(alone[0][3], whole[0][c])
        np.testing.assert_array_equal(alone[1][3], whole[1][c])


@pytest.mark.parametrize(("chains", "slices", "c1"), [(24, 4, 0.0), (1, 6, 0.0), (2, 7, 0.0), (1, 6, -0.1)])
def test_threads_do_not_change_a_bit(monkeypatch, chains, slices, c1):
    """Chains to different threads, and slabs and sheets of one lattice, the last slab of an odd number too."""
    monkeypatch.setattr("latticekit.kernels.cpu.gauge.CACHE", 0)  # a slab per slice
    u, action, schedule = links(2, chains, (slices, 4, 8)), GaugeAction(SU(2), 2.0, c1), LEAPFROG.schedule(0.1, 3)
    p, results = momenta(u), []
    for count in (1, 2, 3):
        monkeypatch.setattr("latticekit.kernels.cpu.gauge.threads_for", lambda blocks, size, count=count: count)
        results.append((*gauge.evolve(u, p, action, schedule), gauge.force(u, action), gauge.value(u, action)))
    for others in results[1:]:
        for one, other in zip(results[0], others):
            np.testing.assert_array_equal(one, other)


def slabs_in_turn(count, threads):
    """(phase, thread) and place in line of every slab."""
    one = Layout(1, (count, 4), 8, (1, 1), 1)
    tasks, starts, _, ends, *_ = plan_of(one, 4, threads)
    slabs = np.searchsorted(ends, tasks[::2])
    assert sorted(slabs) == list(range(count))
    owners = {slab: divmod(n, threads) for n in range(len(starts) - 1) for slab in slabs[starts[n] : starts[n + 1]]}
    return owners, {slab: n for n, slab in enumerate(slabs)}


@pytest.mark.parametrize("count", [1, 2, 3, 8, 9, 16])
def test_adjacent_slabs_never_meet_and_keep_their_order(count):
    _, alone = slabs_in_turn(count, 1)
    for threads in (2, 3, 5, 20):
        owners, turn = slabs_in_turn(count, threads)
        for here, there in ((n, (n + 1) % count) for n in range(count)):
            assert owners[here][0] != owners[there][0] or owners[here] == owners[there]
            assert (turn[here] < turn[there]) == (alone[here] < alone[there])


def test_inputs_stay_as_they_were():
    u, action = links(3, 2, (2, 4)), Wilson(SU(3), 6.0)
    p = momenta(u)
    kept = u.copy(), p.copy()
    for one in (u, p):
        one.flags.writeable = False
    gauge.evolve(u, p, action, LEAPFROG.schedule(0.1, 2))
    gauge.translate(u, p, SU(3))
    gauge.project(u)
    np.testing.assert_array_equal(u, kept[0])
    np.testing.assert_array_equal(p, kept[1])


def test_unknown_cases_are_declined():
    u, schedule = links(3, 1, (2, 4)), LEAPFROG.schedule(0.1, 1)
    p, action = momenta(u), Wilson(SU(3), 6.0)
    assert gauge.evolve(u, p, Wilson(SU(3), 6.0, Schroedinger()), schedule) is NotImplemented, "held links"
    assert gauge.force(u, Wilson(SU(2), 6.0)) is NotImplemented, "another group"
    assert gauge.force(np.moveaxis(u, 2, 3), action) is NotImplemented, "strides"
    assert gauge.evolve(u, p.astype("float32"), action, schedule) is NotImplemented
    assert gauge.translate(u, p[:, :, :3], SU(3)) is NotImplemented
    assert gauge.plane_averages(links(7, 1, (2, 2))) is NotImplemented, "larger than is compiled"
