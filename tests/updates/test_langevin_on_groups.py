"""Langevin on a group: the order of its bias without statistics, and a run with it."""

import numpy as np
import pytest

import latticekit.updates.langevin as langevin
from latticekit.actions import Wilson
from latticekit.fields import plane_averages
from latticekit.groups import SU, U1, Real
from latticekit.random import Key
from latticekit.updates import Langevin
from latticekit.updates.langevin import SCHEMES, adjoint_casimir
from tests.links import OneLink, haar

BETA = 2.0
LINK = OneLink(SU(2), ((BETA / 2, 0.0), (0.0, BETA / 2)))  # S = -(beta/2) Re tr U
FUNCTIONS = {"a0": lambda a: a, "a0^2": lambda a: a**2, "a0^3": lambda a: a**3}


def defect(move, step_size, h, points=48, nodes=14):
    """int exp(-S) [E h(U') - h(U)] / eps over SU(2) for class functions, by quadrature: no statistics.

    The class angle runs over Gauss points, the noise over a Gauss-Hermite grid; S and the noise are invariant under
    conjugation, so U may be taken diagonal.
    """
    angle, weight = np.polynomial.legendre.leggauss(points)
    angle, weight = (angle + 1) * np.pi / 2, weight * np.pi / 2
    haar_weight = np.sin(angle) ** 2 * weight * np.exp(BETA * np.cos(angle))
    z, w = np.polynomial.hermite_e.hermegauss(nodes)
    noise = np.stack(np.meshgrid(z, z, z, indexing="ij"), -1).reshape(-1, 3)
    share = np.einsum("i,j,k->ijk", w, w, w).ravel() / w.sum() ** 3
    u = np.zeros((points, 1, 2, 2, len(noise)), complex)
    u[:, 0, 0, 0], u[:, 0, 1, 1] = np.exp(1j * angle)[:, None], np.exp(-1j * angle)[:, None]
    eta = np.broadcast_to(noise.T, (points, 1, 3, len(noise)))
    moved = np.trace(move(u, LINK, eta, step_size), axis1=2, axis2=3)[:, 0].real / 2
    change = h(moved) @ share - h(np.cos(angle))
    return float(haar_weight @ change / haar_weight.sum() / step_size)


def order(move, h):
    """Fitted power of the defect in the step size."""
    steps = np.array([0.02, 0.01, 0.005])
    return np.polyfit(np.log(steps), np.log([abs(defect(move, eps, h)) for eps in steps]), 1)[0]


@pytest.mark.parametrize("h", FUNCTIONS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_order_of_the_bias(reference, scheme, h):
    """One step changes the mean of any function by eps^(k+1) in equilibrium: k = 1 for Euler, 2 for Heun."""
    move, k = SCHEMES[scheme]
    assert order(move, FUNCTIONS[h]) == pytest.approx(k, abs=0.08)


@pytest.mark.parametrize("share", [0.0, 0.99, 1.01])
def test_another_curvature_term_is_caught(reference, monkeypatch, share):
    """Heun without the term C_A/6, or with one wrong by one per cent, is of first order for small steps."""
    right = adjoint_casimir(SU(2))
    assert abs(defect(langevin.heun, 1e-3, FUNCTIONS["a0"])) < 1e-7
    monkeypatch.setattr(langevin, "adjoint_casimir", lambda group: share * right)
    assert abs(defect(langevin.heun, 1e-3, FUNCTIONS["a0"])) > 1e-6


def test_casimirs_of_the_adjoint_representation():
    for group, expected in ((Real(), 0.0), (U1(), 0.0), (SU(2), 2.0), (SU(3), 3.0), (SU(5), 5.0)):
        assert adjoint_casimir(group) == pytest.approx(expected, abs=1e-13)


@pytest.mark.parametrize(
    ("group", "beta", "exact", "step_size"), [(SU(2), 2.0, 0.4461449704, 0.1), (SU(3), 6.0, 0.4321282516, 0.05)]
)
def test_a_run_comes_close(reference, group, beta, exact, step_size):
    """2 x 2 sites: Heun within 1 % where Euler is off by more, both errors small against the difference."""
    biases = {}
    for scheme in SCHEMES:
        update, key = Langevin(Wilson(group, beta), step_size, scheme), Key(4)
        state, total, number = update.init(haar(group, 500, (2, 2))), 0.0, 120
        for n in range(number):
            state, info = update.step(state, key.at(n))
            total = total + plane_averages(state.x)[:, 0] * (n >= number // 4)
        values = total / (number - number // 4)
        biases[scheme] = (values.mean() / exact - 1, values.std(ddof=1) / np.sqrt(values.size) / exact)
        assert not np.any(info["diverging"])
        assert np.max(group.defect(state.x)) < 1e-14
    heun, euler = biases["heun"], biases["euler"]
    assert abs(heun[0]) < 0.01 + 4 * heun[1]
    assert abs(euler[0]) > 4 * euler[1] + abs(heun[0])
