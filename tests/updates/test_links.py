"""What every update of links keeps: purity, chains, dtypes, strict arrays, exactness, the group; what a sweep needs."""

import math

import numpy as np
import pytest

from latticekit.actions import (
    Anisotropic,
    Defect,
    GaugeAction,
    Iwasaki,
    LinkAction,
    LuscherWeisz,
    OpenBoundary,
    SineTheta,
    Wilson,
)
from latticekit.groups import SU, U1, Real
from latticekit.random import Key
from latticekit.testing import check_chains, check_detailed_balance, check_exact, check_pure, check_strict
from latticekit.updates import (
    HMC,
    MALA,
    Heatbath,
    Langevin,
    Metropolis,
    Overrelaxation,
    Repeat,
    Sequence,
)
from latticekit.updates.colours import check_colours, colours, extents
from latticekit.updates.links_heatbath import drawing
from latticekit.updates.links_overrelaxation import reflected
from tests.links import OneLink, Rounded, haar, moments, source, with_loops

GROUPS = {"u1": U1(), "su2": SU(2), "su3": SU(3), "su4": SU(4)}
ACTIONS = {
    "u1": Wilson(U1(), 1.2),
    "u1 improved": LuscherWeisz(U1(), 1.0),
    "u1 theta": Wilson(U1(), 1.0) + SineTheta(2.0),
    "su2 open": Wilson(SU(2), 2.0, OpenBoundary()),
    "su3": Wilson(SU(3), 4.0),
}
LOCAL = {
    "heatbath": Heatbath,
    "heatbath, one try": lambda action: Heatbath(action, attempts=1),
    "overrelaxation": Overrelaxation,
    "metropolis": lambda action: Metropolis(action, 0.4),
    "metropolis, 3 hits": lambda action: Metropolis(action, 0.4, hits=3),
}
UPDATES = {
    **LOCAL,
    "hmc": lambda action: HMC(action, 0.5, steps=3, integrator="omelyan"),
    "mala": lambda action: MALA(action, 0.01),
    "mixed": lambda action: Sequence([Heatbath(action), Repeat(Overrelaxation(action), 2)]),
}
EVERY = {
    **UPDATES,
    "euler": lambda action: Langevin(action, 0.02),
    "heun": lambda action: Langevin(action, 0.02, "heun"),
}
PLAQUETTES = {"u1": (4, 2), "u1 improved": (4, 4), "u1 theta": (2, 4), "su2 open": (4, 2), "su3": (2, 2)}


def start(name, chains=4, dtype="float64", sites=None):
    action = ACTIONS[name]
    return action, haar(action.group, chains, sites or PLAQUETTES[name], dtype)


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize("update", EVERY)
def test_pure_and_independent_of_company(kernels, update, name):
    action, x = start(name, chains=5)
    one = EVERY[update](action)
    check_pure(one, x, Key(2, step=3))
    check_chains(one, x, Key(2, step=3))


@pytest.mark.parametrize("name", ["u1", "su3"])
@pytest.mark.parametrize("update", EVERY)
def test_single_precision(kernels, update, name):
    action, x = start(name, dtype="float32")
    one = EVERY[update](action)
    check_pure(one, x, Key(2))
    state, _ = one.step(one.init(x), Key(2))
    assert state.x.dtype == x.dtype
    assert state.action.dtype == "float64"
    assert np.max(action.group.defect(state.x)) < 3e-6
    np.testing.assert_allclose(state.action, action.value(state.x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["u1", "u1 theta", "su2 open", "su3"])
@pytest.mark.parametrize("update", EVERY)
def test_strict_arrays(update, name):
    action, x = start(name, chains=2)
    one = EVERY[update](action)
    check_strict(lambda x: one.step(one.init(x), Key(2, step=3)), x, tolerance=1e-11)


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize("update", EVERY)
def test_report(kernels, update, name):
    action, x = start(name, chains=8)
    one = EVERY[update](action)
    state, info = one.step(one.init(x), Key(1))
    np.testing.assert_allclose(state.action, action.value(state.x), rtol=1e-12, atol=1e-12)
    for value in info.values():
        assert isinstance(value, (bool, int, float)) or value.shape == (8,)
    assert np.max(action.group.defect(state.x)) < 1e-14


@pytest.mark.parametrize("update", [name for name in UPDATES if name != "heatbath, one try"])
@pytest.mark.parametrize(
    ("group", "beta", "sites", "chains"),
    [(U1(), 0.7, (2, 2), 2**14), (SU(2), 1.2, (2, 2), 2**14), (SU(3), 1.5, (2, 2), 2**13)],
)
def test_leaves_the_weight_invariant(reference, update, group, beta, sites, chains):
    """Haar draws weighted by exp(-S), every update, moments and histograms of links and loops."""
    x = haar(group, chains, sites, seed=4)
    action = Wilson(group, beta)
    check_exact(Rounded(UPDATES[update](action)), x, np.zeros(chains), tests=with_loops(group), key=Key(6))


@pytest.mark.parametrize(
    "action",
    [
        Wilson(SU(2), 1.0, Anisotropic(1.6)),
        Wilson(SU(2), 1.0, Defect(0.2, 1)),
        GaugeAction(U1(), 0.4, -0.2, OpenBoundary()),
        Wilson(U1(), 0.5) + SineTheta(3.0),
    ],
    ids=["anisotropic", "defect", "rectangles", "theta"],
)
@pytest.mark.parametrize("update", LOCAL)
def test_leaves_other_weights_invariant(reference, update, action):
    sites = (4, 4) if getattr(action, "c1", 0) else (2, 2)
    x = haar(action.group, 2**12, sites, seed=4)
    check_exact(Rounded(LOCAL[update](action)), x, np.zeros(2**12), tests=with_loops(action.group), key=Key(6))


@pytest.mark.parametrize("update", LOCAL)
@pytest.mark.parametrize("name", GROUPS)
def test_one_link(reference, update, name):
    """A link in the field of a generic matrix: invariance, and detailed balance where the steps are symmetric."""
    group = GROUPS[name]
    x, action = haar(group, 2**15, (1,), seed=5), OneLink(group, source(group.n, 0.6 / math.sqrt(group.n)))
    one, flat = Rounded(LOCAL[update](action)), np.zeros(2**15)
    check_exact(one, x, flat, tests=moments(group), key=Key(6))
    if group.n <= 2 or "metropolis" in update:  # else subgroups in a fixed order
        check_detailed_balance(one, x, flat, tests=moments(group), key=Key(6))


def local_error(action, sites):
    """Worst error of S' - S = -Re tr((U' - U) V) when all links of one colour change, for every colour."""
    x, y = haar(action.group, 2, sites), haar(action.group, 2, sites, seed=2)
    u, new, worst = action.group.matrices(x), action.group.matrices(y), 0.0
    for mu in range(len(sites)):
        v = action.staple(u, mu)
        for mask in colours(action, mu, x):
            moved = u.copy()
            moved[:, mu] = np.where(mask, new[:, mu], u[:, mu])
            expected = -np.einsum("cij...,cji...->c...", moved[:, mu] - u[:, mu], v).real.reshape(2, -1).sum(axis=1)
            found = action.value(action.group.links(moved)) - action.value(x)
            worst = max(worst, np.max(abs(found - expected)))
            worst = max(worst, np.max(abs(action.staple(moved, mu) - v)[..., mask]))
    return worst


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize("sites", [(4, 4), (4, 8), (4, 4, 4)])
def test_the_weight_of_a_link_given_its_staple(reference, name, sites):
    """No link of a colour is in the V of another one, and V holds every loop through the link."""
    if len(sites) == 2 or name != "u1 theta":
        assert local_error(ACTIONS[name], sites) < 1e-11


@pytest.mark.parametrize("name", ["u1", "su2 open", "su3"])
def test_a_staple_wrong_by_one_percent_is_caught(reference, name, monkeypatch):
    right = GaugeAction.staple
    monkeypatch.setattr(GaugeAction, "staple", lambda self, u, mu: 1.01 * right(self, u, mu))
    assert local_error(ACTIONS[name], (4, 4)) > 1e-2


def test_rectangles_need_four_colours(reference, monkeypatch):
    """By parity alone links would meet in a rectangle, and the sweep would not conserve the action."""
    action, x = Iwasaki(SU(2), 1.0), haar(SU(2), 4, (4, 4))
    update = Overrelaxation(action)
    np.testing.assert_allclose(update.step(update.init(x), Key(1))[0].action, action.value(x), rtol=1e-12)
    monkeypatch.setattr(GaugeAction, "colours", lambda self, mu, dim: (2, (1,) * dim))
    assert np.max(abs(update.step(update.init(x), Key(1))[0].action - action.value(x))) > 0.1


def test_colours_part_the_lattice():
    for action in (Wilson(SU(2), 1.0), Iwasaki(SU(2), 1.0), Iwasaki(SU(2), 1.0) + Wilson(SU(2), 1.0)):
        x = haar(SU(2), 1, (4, 8, 4))
        for mu in range(3):
            masks = list(colours(action, mu, x))
            assert len(masks) == (2 if getattr(action, "c1", 1) == 0 else 4)
            np.testing.assert_array_equal(sum(m.astype(int) for m in masks), 1)
            assert {m.sum() for m in masks} == {128 / len(masks)}


@pytest.mark.parametrize("update", [Heatbath, Overrelaxation, Metropolis])
def test_extents_that_colours_do_not_fit_on_are_refused(update):
    name = update.__name__
    with pytest.raises(ValueError, match=rf"multiples of 2 for the 2 colours of links in {name}: got 3 in .* use 4"):
        update(Wilson(SU(2), 1.0)).check((4, 3))
    with pytest.raises(ValueError, match=r"got 1 in \(4, 1\); use 2, or HMC"):
        update(Wilson(U1(), 1.0)).check((4, 1))
    with pytest.raises(ValueError, match=r"multiples of 4 for the 4 colours .* got 6 in \(4, 6\); use 8"):
        update(Iwasaki(SU(2), 1.0)).check((4, 6))
    with pytest.raises(ValueError, match="got 3"):
        update(Wilson(SU(2), 1.0)).init(haar(SU(2), 1, (4, 3)))
    with pytest.raises(ValueError, match="at least 1"):
        update(Wilson(SU(2), 1.0)).check((4, 0))
    update(Wilson(SU(2), 1.0)).check((4, 2, 6))
    update(Iwasaki(SU(2), 1.0)).check((4, 8))


def test_links_of_another_kind_of_group_are_refused():
    x = np.zeros((1, 4))
    with pytest.raises(TypeError, match=r"no heatbath of links in Real\(\): it knows U1\(\) and SU\(n\); use HMC"):
        drawing(Real(), x, Key(1), 4)
    with pytest.raises(TypeError, match=r"no overrelaxation of links in Real\(\)"):
        reflected(Real(), x, x)


@pytest.mark.parametrize("name", ACTIONS)
def test_overrelaxation_conserves_the_action_and_moves_every_link(kernels, name):
    action, x = start(name)
    one = Overrelaxation(action)
    begin = state = one.init(x)
    for n in range(20):
        state, info = one.step(state, Key(1).at(n))
        np.testing.assert_array_equal(info["acceptance_rate"], 1.0)
    np.testing.assert_allclose(state.action, begin.action, rtol=1e-12, atol=1e-12)
    free = name == "su2 open"  # whose last links in time are in no loop, and stay
    moved = np.max(abs(action.group.matrices(state.x) - action.group.matrices(x)), axis=(0, 2, 3))
    assert np.count_nonzero(moved < 1e-3) == (2 if free else 0)
    if free:
        assert np.max(moved[0, -1]) < 1e-14


def test_overrelaxation_is_the_reflection_of_the_paper(reference):
    """SU(2): U' = W^dagger U^dagger W^dagger, W = V / sqrt(det V), for the first links updated."""
    action, x = Wilson(SU(2), 2.0), haar(SU(2), 3, (4, 4))
    v = action.staple(x, 0)
    w = v / np.sqrt(np.linalg.det(np.moveaxis(v, (1, 2), (-2, -1))).real)[:, None, None]
    expected = np.einsum("cji...,ckj...,clk...->cil...", w.conj(), x[:, 0].conj(), w.conj())
    y = Overrelaxation(action).step(Overrelaxation(action).init(x), Key(1))[0].x
    mask = next(iter(colours(action, 0, x)))
    np.testing.assert_allclose(y[:, 0][..., mask], expected[..., mask], atol=1e-13)


@pytest.mark.parametrize("name", GROUPS)
def test_links_without_loops_are_random_after_a_heatbath_and_stay_in_overrelaxation(reference, name):
    group = GROUPS[name]
    action, x = Wilson(group, 0.0), haar(group, 500, (2, 2))
    state, info = Heatbath(action).step(Heatbath(action).init(x), Key(1))
    assert np.all(info["failures"] == 0)
    for value in moments(group).values():
        drawn, hot = value(state.x), value(haar(group, 500, (2, 2), seed=9))
        error = np.hypot(drawn.std(), hot.std()) / np.sqrt(500)
        assert abs(drawn.mean() - hot.mean()) < 4.5 * error
    np.testing.assert_allclose(Overrelaxation(action).step(Overrelaxation(action).init(x), Key(1))[0].x, x, atol=1e-14)


def test_links_without_success_keep_their_value_and_are_counted(reference):
    """After one try: the counts agree with what moved, for U(1) bit by bit."""
    action, x = Wilson(U1(), 2.0), haar(U1(), 300, (4, 4))
    state, info = Heatbath(action, attempts=1).step(Heatbath(action).init(x), Key(2))
    np.testing.assert_array_equal(np.sum(state.x == x, axis=(1, 2, 3)), info["failures"])
    assert 0.1 < info["failures"].mean() / 32 < 0.4
    np.testing.assert_allclose(info["acceptance_rate"], 1 - info["failures"] / 32)
    np.testing.assert_array_equal(info["n_tries"], 1.0)


def test_few_tries_are_needed(reference):
    """At least 0.65 of all tries succeed whatever the coupling, so that 64 of them never end without success."""
    for group in (U1(), SU(2), SU(3)):
        for beta in (0.0, 0.3, 1.0, 3.0, 10.0, 100.0, 1e4):
            action = Wilson(group, beta)
            cold = group.identity(group.shape(50, (4, 4)), np.zeros(0))
            x = group.translate(cold, 0.1 * group.random_algebra(Key(1), cold))
            _, info = Heatbath(action).step(Heatbath(action).init(x), Key(2))
            assert np.all(info["failures"] == 0)
            assert np.mean(info["acceptance_rate"]) > 0.64


def test_the_new_link_does_not_depend_on_the_old_one(reference):
    """Even links of direction 0 given the others: the same whatever they held."""
    for group in (U1(), SU(2)):
        action, x = Wilson(group, 2.0), haar(group, 3, (4, 4))
        y = np.array(x)
        mask = next(iter(colours(action, 0, x)))
        y[:, 0][..., mask] = haar(group, 3, (4, 4), seed=8)[:, 0][..., mask]
        one, other = (Heatbath(action).step(Heatbath(action).init(z), Key(2))[0].x for z in (x, y))
        np.testing.assert_allclose(one, other, atol=1e-13)


MANY = {"reference": 200, "fast": 10**4}


@pytest.mark.parametrize("update", ["overrelaxation", "heatbath", "hmc"])
@pytest.mark.parametrize("name", ["u1", "su2 open", "su3"])
def test_no_drift_off_the_group(kernels, update, name):
    """Many updates of a tiny lattice, 10^4 where there are kernels: every one ends with a projection."""
    action, x = start(name, chains=1, sites=(2, 2))
    one = UPDATES[update](action)
    state, number = one.init(x), MANY["reference" if name == "u1" else kernels]
    for n in range(number):
        state, _ = one.step(state, Key(3).at(n))
    assert np.max(action.group.defect(state.x)) < 1e-13
    if update == "overrelaxation":
        np.testing.assert_allclose(state.action, action.value(x), atol=1e-15 * number)


def test_extents_stand_last():
    assert extents(haar(U1(), 2, (4, 6, 2))) == (4, 6, 2)
    assert extents(haar(SU(3), 2, (4, 6))) == (4, 6)
    with pytest.raises(ValueError, match="multiples of 2"):
        check_colours(Wilson(U1(), 1.0), (5, 2), "a sweep")
    assert issubclass(type(ACTIONS["u1 theta"]), LinkAction)
