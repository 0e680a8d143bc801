"""The strong-coupling series: the surfaces counted, and against a simulation; weak coupling against two dimensions."""

import itertools

import numpy as np
import pytest
from scipy.special import ive

from latticekit.exact import one_link, strong_coupling


@pytest.mark.parametrize(("n", "beta"), [(1, 0.9), (2, 2.0), (3, 4.0), (4, 6.0)])
def test_closed_surfaces(n, beta):
    """Two plaquettes back to back are one of twice the coupling; for U(1) every closed surface is a torus."""
    doubled = strong_coupling.closed_surface_plaquette(n, beta, 2)
    np.testing.assert_allclose(doubled, one_link.plaquette(n, 2 * beta), rtol=1e-13)
    if n == 1:
        i = ive(np.arange(-30, 32), beta)
        exact = np.sum(i[:-1] ** 5 * i[1:]) / np.sum(i[:-1] ** 6)
        np.testing.assert_allclose(strong_coupling.closed_surface_plaquette(1, beta, 6), exact, rtol=1e-13)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("dim", [2, 3, 4])
def test_leading_terms(n, dim):
    """u + 2(d-2) u^5 with corrections of relative order u (SU(3), by orientation) or u^2."""
    for u in (0.02, 0.01):
        beta = u * {1: 2.0, 2: 4.0}.get(n, 2.0 * n**2)  # u = beta / 2 N^2, or twice that for real characters
        single = one_link.plaquette(n, beta)
        excess = (strong_coupling.plaquette(n, beta, dim) - single) / single**5
        assert abs(excess - 2 * (dim - 2)) < 2 * (dim - 2) * 4 * single + 1e-12


def boundary(cubes):
    """Plaquettes on an odd number of cubes, each cube given by its corner and its three directions."""
    faces = set()
    for corner, axes in cubes:
        for plane in itertools.combinations(axes, 2):
            (across,) = set(axes) - set(plane)
            other = tuple(x + (i == across) for i, x in enumerate(corner))
            faces ^= {(corner, plane), (other, plane)}
    return frozenset(faces)


@pytest.mark.parametrize("dim", [3, 4])
def test_counts_of_surfaces(dim):
    """Cubes on one plaquette, and pairs with a common face of which one is such a cube: 2(d-2) and 10 c(c-1)/2."""
    cubes = list(
        itertools.product(itertools.product((-2, -1, 0, 1), repeat=dim), itertools.combinations(range(dim), 3))
    )
    wanted = ((0,) * dim, (0, 1))
    near = [cube for cube in cubes if wanted in boundary([cube])]
    twos = {boundary([one, other]) for one in near for other in cubes if one != other}
    assert {len(boundary([cube])) for cube in cubes} == {6}
    count = 2 * (dim - 2)
    assert len(near) == count
    assert sum(wanted in surface for surface in twos if len(surface) == 10) == 10 * count * (count - 1) // 2
    assert {len(surface) for surface in twos} == {10, 12}
    u, six = one_link.plaquette(1, 0.2), strong_coupling.closed_surface_plaquette(1, 0.2, 6)
    rest = strong_coupling.plaquette(1, 0.2, dim) - u - count * (six - u)
    np.testing.assert_allclose(rest / u**9, 5 * count * (count - 1), rtol=0.03)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_weak_coupling_meets_the_exact_plaquette_in_two_dimensions(n):
    beta = 2000.0
    missing = 1 - strong_coupling.weak_coupling_plaquette(n, beta, 2)
    np.testing.assert_allclose(missing, 1 - one_link.plaquette(n, beta), rtol=2e-3)
    assert strong_coupling.plaquette(n, 2.0, 2) == one_link.plaquette(n, 2.0)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="two dimensions"):
        strong_coupling.plaquette(2, 1.0, 1)
    with pytest.raises(ValueError, match="two plaquettes"):
        strong_coupling.closed_surface_plaquette(2, 1.0, 1)


@pytest.mark.slow
def test_against_a_simulation():
    """U(1) in four dimensions at u = 0.29, heatbath on 24 lattices 4^4: 4.5 s.e. (1e-5), which the u^9 term exceeds."""
    generator, beta, chains, dim = np.random.default_rng(5), 0.6, 24, 4
    theta = generator.uniform(-np.pi, np.pi, (dim, chains, 4, 4, 4, 4))
    odd = np.broadcast_to(np.indices((4,) * dim).sum(axis=0) % 2, theta.shape[1:])

    def angle(mu, nu):
        ahead = np.roll(theta[nu], -1, 1 + mu) - np.roll(theta[mu], -1, 1 + nu)
        return theta[mu] + ahead - theta[nu]

    means = []
    for sweep in range(530):
        for mu, parity in itertools.product(range(dim), (0, 1)):
            field = 0
            for nu in set(range(dim)) - {mu}:
                above = angle(mu, nu) - theta[mu]
                below = np.roll(-angle(mu, nu) - np.roll(theta[mu], -1, 1 + nu), 1, 1 + nu)
                field = field + np.exp(1j * above) + np.exp(1j * below)
            chosen = odd == parity
            theta[mu][chosen] = generator.vonmises(-np.angle(field[chosen]), beta * np.abs(field[chosen]))
        if sweep >= 30:
            cosines = [np.cos(angle(mu, nu)) for mu, nu in itertools.combinations(range(dim), 2)]
            means.append(np.mean(cosines, axis=(0, 2, 3, 4, 5)))
    each = np.mean(means, axis=0)
    error = each.std() / chains**0.5
    assert error < 2.5e-4
    assert abs(each.mean() - strong_coupling.plaquette(1, beta, dim)) < 4.5 * error
