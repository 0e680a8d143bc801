"""Composites of links on synthetic draws whose values are known."""

import math

import numpy as np
import pytest
import xarray as xr

from latticekit.ensembles.composites import COMPOSITES
from latticekit.ensembles.link_composites import tunnellings
from latticekit.fields import flow_scale_t0, flow_scale_w0
from latticekit.random import Key

CHAINS, DRAWS, SITES = 4, 500, (8, 8)
BY_NAME = {c.name: c for c in COMPOSITES}


def noise(*shape, seed=0):
    return Key(11).fold("test", seed).normal((CHAINS, DRAWS, *shape), np.zeros(0))


def posterior(**variables):
    return xr.Dataset({name: (("chain", "draw", *dims), values) for name, (dims, values) in variables.items()})


def check(name, data, expected, sites=SITES, known=None):
    composite = BY_NAME[name]
    assert composite.defined(data, sites)
    estimate = composite.estimate(data, sites)
    assert abs(float(estimate.value) - expected) < 4 * float(estimate.error)  # false alarm: 6e-5
    assert float(estimate.error) < 0.05 * abs(expected)
    if known is not None:
        assert composite.exact(known, sites) == pytest.approx(expected)
    return estimate


def loops(sigma, perimeter=0.1, size=3, spread=0.02):
    n = np.arange(1, size + 1)
    exact = np.exp(-sigma * n[:, None] * n - 2 * perimeter * (n[:, None] + n))
    return exact, posterior(wilson_loop=(("t", "r"), exact * (1 + spread * noise(size, size))))


@pytest.mark.parametrize("n", [2, 3])
def test_creutz_ratios_are_the_string_tension(n):
    exact, data = loops(0.15)
    check(f"creutz_ratio[{n},{n}]", data, 0.15, known={"wilson_loop": exact})
    swapped = data.transpose("chain", "draw", "r", "t")
    assert float(BY_NAME["creutz_ratio[2,2]"].estimate(swapped, SITES).value) == pytest.approx(0.15, abs=0.01)


@pytest.mark.parametrize("r", [1, 3])
def test_static_potential(r):
    exact, data = loops(0.15)
    check(f"static_potential[{r}]", data, 0.15 * r + 0.2, known={"wilson_loop": exact})
    assert not BY_NAME["static_potential[4]"].defined(data, SITES)
    assert not BY_NAME["static_potential[1]"].defined(data.isel(t=slice(0, 2)), SITES)


def test_creutz_ratios_of_noise_or_small_loops_are_left_out():
    exact, data = loops(0.15)
    assert not BY_NAME["creutz_ratio[4,4]"].defined(data, SITES)
    assert BY_NAME["creutz_ratio[4,4]"].exact({"wilson_loop": exact}, SITES) is None
    drowned = data + 0.05 * xr.Dataset({"wilson_loop": (("chain", "draw", "t", "r"), noise(3, 3, seed=5) * 40)})
    assert not BY_NAME["creutz_ratio[3,3]"].defined(drowned, SITES)


def test_charge():
    q = np.round(1.3 * noise())
    data = posterior(topological_charge=((), q))
    squared = float(np.mean(q**2))
    known = {"topological_charge_squared": 1.3**2 + 1 / 12}
    check("topological_charge_squared", data, 1.3**2 + 1 / 12, known=known)
    assert float(BY_NAME["topological_susceptibility"].estimate(data, SITES).value) == pytest.approx(squared / 64)
    assert BY_NAME["topological_susceptibility"].exact(known, SITES) == pytest.approx((1.3**2 + 1 / 12) / 64)


def test_tunnelling():
    charge = np.array([[0, 0, 1, 1, 0, 0.2], [3, 3, 3, 3, 3.4, 2.6], [0, 1, 2, 3, 4, 5.0]])
    assert tunnellings(charge).tolist() == [2, 0, 5]
    data = xr.Dataset({"topological_charge": (("chain", "draw"), charge)})
    assert BY_NAME["tunnelling_rate"].series(data, SITES).mean() == pytest.approx(7 / 15)
    assert float(BY_NAME["tunnelling_rate"].estimate(data, SITES).value) == pytest.approx(7 / 15)


def test_polyakov_susceptibility():
    loop = (noise(seed=1) + 1j * noise(seed=2)) * 0.1
    data = posterior(polyakov_loop=((), loop))
    check("polyakov_susceptibility", data, 36 * 0.01 * (2 - math.pi / 2), sites=(4, 6, 6))


def flowed(spread=0.01, longest=4.0):
    t = np.arange(0, longest + 0.01, 0.1)
    with np.errstate(divide="ignore", invalid="ignore"):
        curve = np.where(t > 0, 0.12 * t / (1 + t / 20) / t**2, 3.0)
    data = posterior(flowed_action_density=(("flow_time",), curve * (1 + spread * noise())[..., None]))
    return t, curve, data.assign_coords(flow_time=t)


def test_flow_scales_and_their_errors():
    t, curve, data = flowed()
    estimate = check("flow_scale_t0", data, float(flow_scale_t0(t, curve[None])[0]))
    each = flow_scale_t0(t, data["flowed_action_density"].values.reshape(-1, len(t)))
    naive = each.std() / math.sqrt(each.size)
    assert float(estimate.error) == pytest.approx(naive, rel=0.2)
    check("flow_scale_w0", data, float(flow_scale_w0(t, curve[None])[0]))


def test_flow_scales_beyond_the_last_time_are_left_out():
    _, _, short = flowed(longest=2.0)
    assert not BY_NAME["flow_scale_t0"].defined(short, SITES)
    assert not BY_NAME["flow_scale_w0"].defined(short.isel(flow_time=slice(0, 3)), SITES)


def test_nothing_is_asked_of_other_ensembles():
    data = posterior(magnetization=((), noise()))
    assert {c.name for c in COMPOSITES if c.defined(data, SITES)} == {"susceptibility", "binder_cumulant"}
