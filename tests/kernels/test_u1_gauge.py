"""U(1) kernels on the CPU: the formulas, every layout and cut of a field, force, reversibility, threads."""

import hashlib
import itertools
import os
import subprocess
import sys

import numpy as np
import pytest

from latticekit.actions import GaugeAction, Wilson
from latticekit.actions.couplings import Anisotropic, Defect, OpenBoundary
from latticekit.actions.gauge import gauge_evolve, gauge_force, gauge_value
from latticekit.fields.plaquettes import plane_averages
from latticekit.groups import SU, U1
from latticekit.kernels.cpu import u1_gauge
from latticekit.kernels.cpu.links import Layout
from latticekit.kernels.cpu.phi4 import table
from latticekit.kernels.cpu.vector import width
from latticekit.kernels.site import u1
from latticekit.testing import check_force
from latticekit.updates.integrators import FORCE_GRADIENT, LEAPFROG, OMF4

ACTION = Wilson(U1(), 1.7)


def angles(chains, *sites, dtype="float64", seed=3):
    x = np.random.default_rng(seed).uniform(-np.pi, np.pi, (chains, len(sites), *sites)).astype(dtype)
    x.flags.writeable = False
    return x


def momenta(x, seed=4):
    return np.random.default_rng(seed).normal(size=x.shape).astype(x.dtype)


def close(result, expected, atol):
    """Angles compared on the circle."""
    away = np.abs(result - expected)
    assert np.minimum(away, np.abs(2 * np.pi - away)).max() <= atol


def test_site_formulas_are_those_of_the_reference():
    x = angles(1, 3, 4)
    force, value = gauge_force.reference(x, ACTION), 0.0

    def plaquette(i, j):
        return u1.plaquette(
            x[0, 0, i % 3, j % 4], x[0, 1, (i + 1) % 3, j % 4], x[0, 0, i % 3, (j + 1) % 4], x[0, 1, i % 3, j % 4]
        )

    for i, j in itertools.product(range(3), range(4)):
        here, below, left = (u1.pull(plaquette(*at), -1.7) for at in ((i, j), (i - 1, j), (i, j - 1)))
        assert here - left == pytest.approx(force[0, 0, i, j], abs=1e-14)
        assert below - here == pytest.approx(force[0, 1, i, j], abs=1e-14)
        value -= u1.density(plaquette(i, j), 1.7)
    assert value == pytest.approx(float(gauge_value.reference(x, ACTION)[0]), abs=1e-13)


@pytest.mark.parametrize("angle", [0.0, 3.0, -3.2, 3.2, np.pi, -np.pi, 3 * np.pi, 1e4, -1e4])
def test_wrap_is_that_of_the_group(angle):
    wrapped = u1.wrap(angle)
    assert -np.pi <= wrapped < np.pi
    assert wrapped == pytest.approx(float(U1().project(np.array([angle]))[0]), abs=1e-12)


SHAPES = [(3, 8, 8), (2, 5, 7), (11, 2, 1), (1, 1, 16), (70, 4, 4), (2, 4, 6, 8), (9, 3, 2, 2), (1, 4, 4, 2, 8)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_everything_follows_the_reference(shape, dtype):
    x = angles(*shape, dtype=dtype)
    p, eps = momenta(x), 3e-15 if dtype == "float64" else 1e-6
    sites = x[0, 0].size
    np.testing.assert_allclose(u1_gauge.force(x, ACTION), gauge_force.reference(x, ACTION), rtol=0, atol=3 * eps)
    np.testing.assert_allclose(u1_gauge.value(x, ACTION), gauge_value.reference(x, ACTION), rtol=0, atol=eps * sites)
    np.testing.assert_allclose(u1_gauge.plane_averages(x), plane_averages.reference(x), rtol=0, atol=eps)
    for schedule in (LEAPFROG.schedule(0.1, 4), FORCE_GRADIENT.schedule(0.2, 2), OMF4.schedule(0.2, 1)[::-1]):
        result, expected = (f(x, p, ACTION, schedule) for f in (u1_gauge.evolve, gauge_evolve.reference))
        close(result[0], expected[0], 4 * eps)
        np.testing.assert_allclose(result[1], expected[1], rtol=0, atol=4 * eps)
        assert result[0].dtype == result[1].dtype == x.dtype
        assert (np.abs(result[0]) <= np.float32(np.pi)).all()


@pytest.mark.parametrize("weights", [Anisotropic(1.7), OpenBoundary(), Defect(0.3, 2, axis=1)], ids=repr)
@pytest.mark.parametrize(
    ("shape", "dtype"), [((3, 8, 4), "float64"), ((3, 8, 4), "float32"), ((2, 2, 3, 8, 2), "float64")], ids=str
)
def test_couplings_per_plaquette(shape, weights, dtype):
    action, x, eps = Wilson(U1(), 1.3, weights), angles(*shape, dtype=dtype), 1e-14 if dtype == "float64" else 4e-6
    result = u1_gauge.evolve(x, momenta(x), action, LEAPFROG.schedule(0.1, 3))
    expected = gauge_evolve.reference(x, momenta(x), action, LEAPFROG.schedule(0.1, 3))
    close(result[0], expected[0], eps)
    np.testing.assert_allclose(result[1], expected[1], rtol=0, atol=eps)
    np.testing.assert_allclose(u1_gauge.value(x, action), gauge_value.reference(x, action), rtol=0, atol=100 * eps)


def layouts(chains, sites):
    """Every way to fill the lanes, but for 1 x 1 x ..."""
    w = width(8)
    for splits in itertools.product(*[[s for s in (1, 2, 4, 8, 16) if n % s == 0] for n in sites]):
        if w % int(np.prod(splits)) == 0:
            yield Layout(chains, sites, 8, splits, w // int(np.prod(splits)))


@pytest.mark.parametrize("shape", [(3, 16, 8), (2, 4, 2, 8)], ids=str)
def test_every_layout_and_every_cut_gives_the_same_bits(shape):
    """Lanes as chains or as pieces of a lattice; stages in turn, or chasing each other through slabs."""
    x, digests = angles(*shape), set()
    p, weights = momenta(x), u1_gauge.frozen(ACTION.couplings(shape[1:]).reshape(-1))
    gradient = FORCE_GRADIENT.schedule(0.1, 2)
    schedule = table(np.concatenate([LEAPFROG.schedule(0.1, 5), [[0.05, 0.0, 0.0]], gradient, OMF4.schedule(0.1, 2)]))
    for one in layouts(shape[0], shape[1:]):
        for slices in (1, 2, 3, 100):
            result = u1_gauge.evolve_in(u1_gauge.cut_in(one, 1, slices), weights, True, x, p, schedule)
            digests.add(hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in result)).hexdigest())
    assert len(digests) == 1


def test_large_lattices_are_cut_so_that_stages_chase_each_other_in_cache():
    for sites in ((512, 512), (2048, 2048), (64, 64, 64)):
        volume, slice_, slab, slabs = u1_gauge.geometry(1, sites, 8).cut
        assert slabs * slab >= volume > (slabs - 1) * slab
        assert slab % slice_ == 0
        assert slabs > 2 * u1_gauge.DEPTH + 1
    assert u1_gauge.geometry(256, (16, 16), 8).cut[3] == 1, "a small lattice stays whole"


@pytest.mark.parametrize("shape", [(2, 6, 4), (2, 4, 2, 4), (1, 2, 3, 4, 2)], ids=str)
def test_force_is_minus_the_derivative_of_the_action(shape):
    class Kernels(GaugeAction):
        def value(self, x):
            return u1_gauge.value(x, ACTION)

        def force(self, x):
            return u1_gauge.force(x, ACTION)

    assert check_force(Kernels(U1(), 1.7), angles(*shape)) < 1e-9


@pytest.mark.parametrize("shape", [(16, 16, 16), (1, 96, 80), (1, 8, 8, 8, 8)], ids=str)
def test_trajectories_are_reversible(shape):
    x = angles(*shape)
    p, schedule = momenta(x), OMF4.schedule(0.1, 10)
    y, q = u1_gauge.evolve(x, p, ACTION, schedule)
    assert np.abs(y - x).max() > 0.5
    back, r = u1_gauge.evolve(y, -q, ACTION, schedule)
    close(back, x, 1e-12)
    np.testing.assert_allclose(-r, p, rtol=0, atol=1e-12)


def test_inputs_stay_untouched_and_may_be_read_only():
    x = angles(2, 4, 8)
    before, p = x.copy(), momenta(x)
    y, q = u1_gauge.evolve(x, p, ACTION, LEAPFROG.schedule(0.1, 2))
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(p, momenta(x))
    empty = u1_gauge.evolve(x, p, ACTION, np.zeros((0, 3)))
    np.testing.assert_array_equal(empty, (x, p))
    assert not any(np.shares_memory(a, b) for a in (*empty, y, q) for b in (x, p))


def test_what_the_kernels_do_not_know_is_declined():
    x = angles(2, 4, 4)
    schedule = LEAPFROG.schedule(0.1, 1)
    for field in (
        x.astype("float16"),
        x[:, :, ::2],
        np.zeros((0, 2, 4, 4)),
        np.zeros((3, 1, 4)),
        np.zeros((2, 3, 4, 4)),
    ):
        assert u1_gauge.value(field, ACTION) is NotImplemented
        assert u1_gauge.force(field, ACTION) is NotImplemented
        assert u1_gauge.plane_averages(field) is NotImplemented
        assert u1_gauge.evolve(field, field, ACTION, schedule) is NotImplemented
    assert u1_gauge.evolve(x, x[:1], ACTION, schedule) is NotImplemented
    for action in (Wilson(SU(2), 1.0), ACTION + ACTION, GaugeAction(U1(), 1.0, c1=-0.1)):
        assert u1_gauge.value(x, action) is NotImplemented


SCRIPT = """
import hashlib, sys
import numpy as np
from latticekit.actions import GaugeAction, Wilson
from latticekit.arrays import set_threads
from latticekit.groups import U1
from latticekit.kernels.cpu import hmc, u1_gauge
from latticekit.random import Key
from latticekit.updates.integrators import FORCE_GRADIENT, LEAPFROG

shape = tuple(map(int, sys.argv[1:]))
x = np.random.default_rng(1).uniform(-3, 3, (shape[0], len(shape) - 1, *shape[1:]))
action, key = Wilson(U1(), 2.0), Key(3)
schedule = np.concatenate([LEAPFROG.schedule(0.05, 3), FORCE_GRADIENT.schedule(0.05, 2)])
for threads in (1, 2, 4):
    set_threads(threads)
    current = u1_gauge.value(x, action)
    parts = [current, u1_gauge.plane_averages(x), *hmc.transition(x, action, key, schedule, current)]
    print(hashlib.sha256(b"".join(np.ascontiguousarray(p).tobytes() for p in parts)).hexdigest())
"""


@pytest.mark.parametrize("shape", [(70, 16, 16), (1, 192, 176)], ids=["chains", "one large"])
def test_same_bits_on_1_2_and_4_threads(shape):
    environment = {**os.environ, "NUMBA_NUM_THREADS": "4", "OMP_WAIT_POLICY": "passive"}
    environment.pop("LATTICEKIT_THREADS", None)
    command = [sys.executable, "-W", "error", "-c", SCRIPT, *map(str, shape)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    digests = run.stdout.split()
    assert len(digests) == 3
    assert len(set(digests)) == 1
