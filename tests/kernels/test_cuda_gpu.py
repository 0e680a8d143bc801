"""The CUDA kernels on a GPU (skipped without one)."""

import numpy as np
import pytest

from latticekit.actions import Phi4, Wilson
from latticekit.actions.couplings import OpenBoundary
from latticekit.arrays import REGISTRY
from latticekit.groups import SU, U1
from latticekit.random import Key
from latticekit.updates.hmc import transition
from latticekit.updates.integrators import FORCE_GRADIENT, LEAPFROG

cupy = pytest.importorskip("cupy")
pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not cupy.cuda.is_available(), reason="needs an NVIDIA GPU")]
SHAPES = [(3, 9), (5, 7, 16), (130, 8, 8), (2, 5, 6, 7), (1, 16, 16, 16, 16)]


def both(name, x, *args):
    """The kernel's result and the reference's, on the host; results must be CuPy arrays."""
    one = REGISTRY[name]
    results = one.kernel("cupy")(cupy.asarray(x), *[cupy.asarray(a) if isinstance(a, np.ndarray) else a for a in args])
    expected = one.reference(x, *args)
    results, expected = ([r] if not isinstance(r, tuple) else r for r in (results, expected))
    assert all(isinstance(r, cupy.ndarray) for r in results)
    return zip([r.get() for r in results], expected)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_phi4(shape, dtype):
    rng, tolerance = np.random.default_rng(1), 1e-11 if dtype == "float64" else 1e-3
    x, p = (rng.normal(size=shape).astype(dtype) for _ in range(2))
    for name in ("phi4_value", "phi4_force"):
        for one, other in both(f"latticekit.actions.phi4.{name}", x, -1.0, 0.7):
            np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)
    module = REGISTRY["latticekit.actions.phi4.phi4_evolve"]
    for schedule in (LEAPFROG.schedule(0.05, 5), FORCE_GRADIENT.schedule(0.1, 2)):
        result = module.kernel("cupy")(cupy.asarray(x), cupy.asarray(p), -1.0, 0.7, schedule)
        for one, other in zip(result, module.reference(x, p, -1.0, 0.7, schedule)):
            np.testing.assert_allclose(one.get(), other, rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("shape", [(1,), (5,), (3, 7), (70, 33, 3)], ids=str)
def test_random_numbers(shape, dtype):
    key, x = Key(2**63 + 5, step=2**32 - 1, purpose=200, draw=7, chain=11), np.zeros(0, dtype)
    on_device = cupy.asarray(x)
    np.testing.assert_array_equal(key.uniform(shape, on_device).get(), key.uniform(shape, x))
    ulp = np.finfo(dtype).eps
    np.testing.assert_allclose(key.normal(shape, on_device).get(), key.normal(shape, x), rtol=8 * ulp, atol=16 * ulp)


def test_transition():
    action, key, x = Phi4(-1.0, 0.7), Key(3), np.random.default_rng(1).normal(size=(40, 8, 8))
    schedule, current = LEAPFROG.schedule(0.2, 5), action.value(x)
    result = transition(cupy.asarray(x), action, key, schedule, cupy.asarray(current))
    for one, other in zip(result, transition(x, action, key, schedule, current)):
        np.testing.assert_allclose(one.get(), other, rtol=0, atol=1e-11)


GAUGE = [
    (U1(), (16, 16)),
    (U1(), (4, 6, 8)),
    (SU(2), (8, 8)),
    (SU(3), (4, 4, 4, 8)),
    (SU(4), (2, 4, 6)),
    (SU(2), (2, 2, 4, 4)),
]


def close(results, tolerance):
    for one, other in results:
        away = np.abs(one - other)
        wrapped = away if np.iscomplexobj(one) else np.minimum(away, np.abs(2 * np.pi - away))  # angles of U(1)
        assert np.median(away) <= tolerance
        assert wrapped.max() <= 100 * tolerance


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("group", "sites"), GAUGE, ids=str)
@pytest.mark.parametrize("weights", [{}, {"weights": OpenBoundary()}], ids=["uniform", "open"])
def test_gauge(group, sites, weights, dtype):
    action, tolerance = Wilson(group, 2.5, **weights), 1e-12 if dtype == "float64" else 1e-4
    x = group.random(Key(1), group.shape(3, sites), np.zeros(0, dtype))
    p, key = group.random_algebra(Key(2), x), Key(3, step=7, chain=5)
    where = "latticekit.actions.gauge.gauge_"
    close(both(where + "value", x, action), 100 * tolerance)
    close(both(where + "force", x, action), tolerance)
    close(both("latticekit.fields.plaquettes.plane_averages", x), tolerance)
    for schedule in (LEAPFROG.schedule(0.05, 4), FORCE_GRADIENT.schedule(0.1, 2)):
        evolve = REGISTRY[where + "evolve"]
        result = evolve.kernel("cupy")(cupy.asarray(x), cupy.asarray(p), action, schedule)
        close(zip([r.get() for r in result], evolve.reference(x, p, action, schedule)), tolerance)
    close(both("latticekit.updates.links_overrelaxation.link_overrelaxation", x, action), tolerance)
    for name, more in (("heatbath", (64,)), ("metropolis", (0.3, 3))):
        result = list(both(f"latticekit.updates.links_{name}.link_{name}", x, action, key, *more))
        if dtype == "float64":
            close(result[:1], tolerance)
            assert all((one == other).all() for one, other in result[1:]), "counts"


def test_gauge_transition():
    action, key = Wilson(SU(3), 6.0), Key(3)
    x = SU(3).random(Key(1), (6, 4, 3, 3, 4, 4, 4, 4), np.zeros(0))
    schedule, current = LEAPFROG.schedule(0.02, 5), action.value(x)
    result = transition(cupy.asarray(x), action, key, schedule, cupy.asarray(current))
    for one, other in zip(result, transition(x, action, key, schedule, current)):
        np.testing.assert_allclose(one.get(), other, rtol=0, atol=1e-9)
