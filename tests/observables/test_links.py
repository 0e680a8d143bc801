"""Every observable of links: labels, symmetries, gauge invariance, strict arrays; which fields they suit."""

import numpy as np
import pytest

from latticekit.fields import polyakov_loops
from latticekit.groups import SU, U1, Real
from latticekit.observables import (
    Plaquette,
    PlaquetteSpace,
    PlaquetteTime,
    PolyakovCorrelator,
    PolyakovLoop,
    TopologicalCharge,
    WilsonLoop,
    observables_of,
)
from latticekit.testing import check_strict
from tests.cases import OBSERVABLES
from tests.fields.symmetries import link_symmetries, links

FIELDS = [
    (U1(), (5,)),
    (U1(), (4, 4)),
    (U1(), (3, 6)),
    (U1(), (3, 2, 4, 3)),
    (SU(2), (3, 4)),
    (SU(2), (2, 3, 3)),
    (SU(3), (2, 4, 2, 2)),
    (SU(3), (3, 3, 2, 2)),
    (SU(4), (1, 3, 3)),
]
PAIRS = [
    pytest.param(name, group, sites, id=f"{name}, {group} on {sites}")
    for name, case in OBSERVABLES.items()
    for group, sites in FIELDS
    if not case.observable.unsuited(group, sites)
]


def test_every_observable_of_links_is_tried():
    tried = {pair.values[0] for pair in PAIRS}
    assert tried | {n for n, c in OBSERVABLES.items() if not c.observable.unsuited(Real(), (4,))} == set(OBSERVABLES)
    assert len(PAIRS) > 50


@pytest.mark.parametrize(("name", "group", "sites"), PAIRS)
def test_labels_and_symmetries(reference, name, group, sites):
    one, kinds = OBSERVABLES[name]
    x, coords = links(group, sites, chains=3), one.coords(sites)
    measured = one.measure(x)
    assert tuple(coords) == one.dims
    assert measured.shape == (3, *(len(coords[dim]) for dim in one.dims))
    assert measured.dtype == ("complex128" if name == "polyakov loop" else "float64")
    assert set(one.attributes()) == {"long_name", "units", "symbol"}
    for label, g in link_symmetries(sites, kinds).items():
        np.testing.assert_allclose(one.measure(g(x)), measured, rtol=1e-11, atol=1e-12, err_msg=label)


@pytest.mark.parametrize(("name", "group", "sites"), PAIRS[::3])
def test_strict_arrays_and_single_precision(reference, name, group, sites):
    one = OBSERVABLES[name].observable
    x = links(group, sites, chains=1)
    check_strict(one.measure, x, tolerance=1e-12)
    single = x.astype("complex64" if x.dtype.kind == "c" else "float32")
    measured = one.measure(single)
    assert measured.dtype == one.measure(x).dtype
    np.testing.assert_allclose(measured, one.measure(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("group", "sites"), FIELDS)
def test_chains_do_not_see_each_other(reference, group, sites):
    x = links(group, sites, chains=3)
    for one in observables_of(group, sites):
        np.testing.assert_allclose(one.measure(x)[1:2], one.measure(x[1:2]), rtol=1e-13)


def test_blocks_of_chains(reference, monkeypatch):
    x = links(SU(2), (3, 4), chains=5)
    whole = WilsonLoop(2, 2).measure(x)
    monkeypatch.setattr("latticekit.observables.links._BLOCK", 2 * x[0].size)
    np.testing.assert_allclose(WilsonLoop(2, 2).measure(x), whole, rtol=1e-14)


def test_plaquettes_of_time_and_space_make_the_whole(kernels):
    x = links(SU(3), (2, 3, 2, 4))
    both = 0.5 * (PlaquetteTime().measure(x) + PlaquetteSpace().measure(x))
    np.testing.assert_allclose(Plaquette().measure(x), both, rtol=1e-12)
    np.testing.assert_allclose(WilsonLoop(1, 1).measure(x)[:, 0, 0], PlaquetteTime().measure(x), rtol=1e-12)


@pytest.mark.parametrize("group", [U1(), SU(3)])
def test_polyakov_loops_by_hand(reference, group):
    x = links(group, (3, 2, 4))
    u = group.matrices(x)
    by_hand = u[:, 0, :, :, 0]
    for t in (1, 2):
        by_hand = np.einsum("cij...,cjk...->cik...", by_hand, u[:, 0, :, :, t])
    traces = np.trace(by_hand, axis1=1, axis2=2) / group.n
    np.testing.assert_allclose(polyakov_loops(x), traces, rtol=1e-13)
    np.testing.assert_allclose(PolyakovLoop().measure(x), traces.mean(axis=(1, 2)), rtol=1e-13)
    correlator = [np.mean((traces * np.roll(traces, -r, 1).conj()).real, axis=(1, 2)) for r in (0, 1)]
    np.testing.assert_allclose(PolyakovCorrelator().measure(x), np.stack(correlator, 1), rtol=1e-12, atol=1e-15)


def test_the_centre_turns_the_polyakov_loop_alone(reference):
    x, centre = links(SU(3), (3, 2, 2)), np.exp(2j * np.pi / 3)
    y = x.copy()
    y[:, 0, :, :, 1] *= centre
    np.testing.assert_allclose(PolyakovLoop().measure(y), centre * PolyakovLoop().measure(x), rtol=1e-12)
    for one in (Plaquette(), WilsonLoop(2, 2)):
        np.testing.assert_allclose(one.measure(y), one.measure(x), rtol=1e-12, atol=1e-14)


def test_what_is_measured_by_default():
    def names(group, *sites):
        return [one.name for one in observables_of(group, sites)]

    assert names(Real(), 4, 4) == ["magnetization", "abs_magnetization", "phi_squared", "phi_fourth", "two_point"]
    assert names(U1(), 4, 4) == ["plaquette", "polyakov_loop", "topological_charge"]
    assert names(SU(2), 4, 4) == ["plaquette", "polyakov_loop"]
    assert names(SU(3), 4, 4, 4, 4) == ["plaquette", "polyakov_loop"]
    assert names(U1(), 4) == ["polyakov_loop"]


@pytest.mark.parametrize(
    ("group", "sites", "name", "message"),
    [
        (SU(3), (4, 4), "magnetization", r"magnetization needs a real scalar field, this run has SU\(n=3\).*use plaq"),
        (Real(), (4, 4), "plaquette", r"plaquette needs gauge links, this run has Real.*use magnetization, abs_"),
        (SU(2), (4, 4), "topological_charge", "needs four dimensions, or U"),
        (U1(), (4, 4, 4), "topological_charge", "needs four dimensions, or U"),
        (U1(), (4, 4), "plaquette_space", "needs 3 dimensions"),
        (U1(), (4,), "wilson_loop", "needs 2 dimensions"),
        (U1(), (4, 4), "wilson_lop", "did you mean 'wilson_loop'"),
    ],
)
def test_an_observable_that_does_not_suit_is_refused(group, sites, name, message):
    with pytest.raises(ValueError, match=message):
        observables_of(group, sites, [name])


def test_chosen_observables_are_kept_in_order():
    mine = WilsonLoop(2, 3)
    assert observables_of(SU(3), (4, 4, 4, 4), [mine, "plaquette"]) == (mine, Plaquette())


@pytest.mark.parametrize(
    "make",
    [
        lambda: WilsonLoop(0),
        lambda: WilsonLoop(2, -1),
        lambda: PolyakovLoop(-1),
        lambda: TopologicalCharge(-1.0),
        lambda: TopologicalCharge(float("nan")),
    ],
)
def test_impossible_settings_are_refused(make):
    with pytest.raises(ValueError, match="needs"):
        make()
