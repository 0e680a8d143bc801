"""Independence Metropolis with a poor flow is exact, alone and mixed; a density that is wrong by 1 % is caught."""

import array_api_strict as strict
import numpy as np
import pytest

import latticekit as lk
from latticekit.random import Key
from latticekit.samplers import IndependenceMetropolis, metropolis_scan, propose
from latticekit.testing import check_chains, check_detailed_balance, check_exact, check_pure, free_field_draws
from tests.samplers.flows import Breaking, Lying, Stretch, poor

ACTION = lk.Phi4(0.2, 0.5)
SITES = (2, 2)


def start(chains, sites=SITES, dtype="float64"):
    return free_field_draws(sites, chains, np.zeros(0, dtype), mass_squared=1.0, key=Key(4))


def sampler(sites=SITES, **layer):
    return IndependenceMetropolis(ACTION, poor(sites, Stretch(**layer)))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_exact_and_balanced_with_a_poor_flow(dtype):
    """False alarm below 1e-4 each."""
    update = IndependenceMetropolis(ACTION, poor(SITES, dtype=dtype))
    x, log_q = start(2**14, dtype=dtype)
    check_exact(update, x, log_q, updates=3, key=Key(6))
    check_detailed_balance(update, x, log_q, key=Key(7))


def test_a_density_wrong_by_one_percent_is_caught():
    """Power: log q of 16 sites spreads by 3, so that weights are off by 3 %; 2^18 exact draws see 1 %."""
    action = lk.FreeScalar(1.0)
    x, log_q = start(2**18, (4, 4))
    settings = {"factor": 0.42, "bend": 0.003}
    right, wrong = (IndependenceMetropolis(action, poor((4, 4), layer(**settings))) for layer in (Stretch, Lying))
    check_exact(right, x, log_q, updates=4, key=Key(6))
    with pytest.raises(AssertionError, match="invariant"):
        check_exact(wrong, x, log_q, updates=4, key=Key(6))


@pytest.mark.parametrize("other", [lk.HMC(ACTION, steps=3), lk.Overrelaxation(ACTION), lk.Cluster(ACTION)])
@pytest.mark.parametrize("first", [True, False])
def test_mixture_is_exact(other, first):
    """Overrelaxation keeps S and the cluster may flip every sign: log q has to follow the field, not S."""
    parts = [sampler(bend=0.3), other]
    update = lk.Sequence(parts if first else parts[::-1])
    x, log_q = start(2**15)
    check_exact(update, x, log_q, updates=3, key=Key(6))


def test_a_mixture_that_forgets_that_the_field_moved_is_caught(monkeypatch):
    """Mutation: log q of the field that the last proposal left, though HMC has moved it."""
    right = IndependenceMetropolis._log_q

    def stale(self, state):
        known = state.tuning
        return np.where(np.isnan(known.x).any(axis=(1, 2)), right(self, state), known.log_q)

    monkeypatch.setattr(IndependenceMetropolis, "_log_q", stale)
    x, log_q = start(2**17)
    with pytest.raises(AssertionError, match="invariant"):
        check_exact(lk.Sequence([sampler(), lk.HMC(ACTION, steps=3)]), x, log_q, updates=4, key=Key(6))


@pytest.mark.parametrize("mixed", [False, True])
def test_the_weight_reported_is_that_of_the_field(mixed):
    update = sampler()
    update = lk.Sequence([lk.HMC(ACTION, steps=3), update]) if mixed else update
    x, _ = start(20)
    state = update.init(x)
    for n in range(8):
        state, info = update.step(state, Key(2).at(n))
        expected = -ACTION.value(state.x) - poor(SITES).log_q(state.x)
        np.testing.assert_allclose(info["log_weight"], expected, rtol=1e-12)


def test_pure_and_chains_apart():
    x, _ = start(6, (4, 6))
    check_pure(sampler((4, 6)), x, Key(2, step=3))
    check_chains(sampler((4, 6)), x, Key(2, step=3))


def test_equal_state_and_key_equal_bits_whatever_was_asked_before():
    """The memo of blocks is no state: a fresh object, entered at any step, goes on with the same bits."""
    x, _ = start(3)
    update, states = sampler(), []
    state = update.init(x)
    for n in range(70):
        states.append(state)
        state, _ = update.step(state, Key(2).at(n))
    for n in (5, 21, 22, 60):
        again, _ = sampler().step(states[n], Key(2).at(n))
        assert again.x.tobytes() == states[n + 1].x.tobytes()


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_blocks_do_not_change_numbers(stride):
    """Proposals are named by their step; a block has as many as are used, in the stride of a sequence."""
    x, _ = start(3)
    held = []
    for block in (1, 4, 7):
        update = IndependenceMetropolis(ACTION, poor(SITES), block=block)
        state = update.init(x)
        for n in range(30):
            state, _ = update.step(state, Key(2).at(stride * n))
        held.append(state.x)
    np.testing.assert_allclose(held[1], held[0], rtol=1e-13)
    np.testing.assert_allclose(held[2], held[0], rtol=1e-13)


def test_a_block_costs_one_evaluation(monkeypatch):
    calls, right = [], Stretch.apply
    monkeypatch.setattr(Stretch, "apply", lambda self, x: calls.append(len(x)) or right(self, x))
    update = IndependenceMetropolis(ACTION, poor(SITES), block=16)
    state = update.init(start(2)[0])
    for n in range(0, 192, 2):  # the first block guesses a stride of 1, then knows better
        state, _ = update.step(state, Key(2).at(n))
    assert calls == [32] * 7 or calls == [32] * 6


def test_alone_it_never_inverts_the_flow(monkeypatch):
    monkeypatch.setattr(Stretch, "inverse", lambda self, y: pytest.fail("inverted"))
    lk.sample(sampler(), SITES, chains=4, draws=50, warmup=6, seed=1)


def test_warmup_leaves_a_start_that_the_flow_never_makes():
    x = np.full((8, *SITES), 30.0)
    state = sampler().init(x)
    state, info = sampler().warm(state, Key(1))
    assert info["accepted"].all()
    state, info = sampler().step(state, Key(1).at(1))
    assert np.isfinite(info["log_weight"]).all()


def test_non_finite_weights_are_refused_and_reported():
    update = IndependenceMetropolis(ACTION, poor(SITES, Breaking()))
    state, seen = update.init(start(500)[0]), 0
    for n in range(10):
        state, info = update.step(state, Key(2).at(n))
        lost = np.isneginf(info["proposed_log_weight"])
        assert not info["accepted"][lost].any()
        assert np.all(np.isfinite(info["log_weight"])) or n == 0
        seen += lost.sum()
    assert 0.1 < seen / 5000 < 0.22  # P(z > 1) = 0.159


def test_strict_arrays_give_the_same():
    x, _ = start(5)
    results = []
    for library in (np, strict):
        update = IndependenceMetropolis(ACTION, poor(SITES, library=library))
        state = lk.Sequence([update, lk.HMC(ACTION, steps=2)]).init(library.asarray(x))
        for n in range(4):
            state, _ = lk.Sequence([update, lk.HMC(ACTION, steps=2)]).step(state, Key(2).at(n))
        results.append(np.asarray(state.x))
    np.testing.assert_allclose(results[1], results[0], rtol=1e-11)


@pytest.mark.parametrize("mixed", [False, True])
def test_resume_is_bit_identical_at_every_cut(mixed, tmp_path):
    update = IndependenceMetropolis(ACTION, poor((4, 4)), block=5)
    update = lk.Sequence([update, lk.HMC(ACTION, steps=3)]) if mixed else update
    settings = {"lattice": (4, 4), "chains": 3, "warmup": 7, "seed": 5}
    whole = lk.sample(update, **settings, draws=12)
    for cut in range(1, 12, 2):
        out = tmp_path / f"{cut}.zarr"
        fresh = IndependenceMetropolis(ACTION, poor((4, 4)), block=5)
        fresh = lk.Sequence([fresh, lk.HMC(ACTION, steps=3)]) if mixed else fresh
        lk.sample(update, **settings, draws=cut, out=out)
        broken = lk.sample(fresh, **settings, draws=12, out=out, resume=True)
        for group in ("posterior", "sample_stats"):
            for name, values in whole[group].data_vars.items():
                assert values.values.tobytes() == broken[group][name].values.tobytes(), (cut, group, name)


def test_another_flow_is_another_run(tmp_path):
    """The hash of the parameters is part of what names a run."""
    one = IndependenceMetropolis(ACTION, poor((4, 4)))
    other = IndependenceMetropolis(ACTION, poor((4, 4), Stretch(factor=0.71)))
    lk.sample(one, (4, 4), chains=2, draws=4, warmup=2, out=tmp_path / "a.zarr")
    with pytest.raises(RuntimeError, match="holds another run"):
        lk.sample(other, (4, 4), chains=2, draws=8, warmup=2, out=tmp_path / "a.zarr", resume=True)


def test_scan_is_the_update():
    """The same proposals and uniforms, one scan: the same history as step by step."""
    flow, key = poor(SITES), Key(3)
    proposals = [propose(flow, ACTION, key.at(n), 40) for n in range(60)]
    log_w = np.stack([one.log_weight for one in proposals], axis=1)
    u = np.stack([key.at(n).fold("accept").uniform((40,), log_w) for n in range(60)], axis=1)
    held, moved = metropolis_scan(log_w, u)
    update = sampler()
    state = update.init(proposals[0].x)
    for n in range(1, 60):
        state, info = update.step(state, key.at(n))
        np.testing.assert_array_equal(info["accepted"], moved[:, n])
        np.testing.assert_allclose(info["log_weight"], log_w[np.arange(40), held[:, n]], rtol=1e-12)


def test_scan_never_takes_what_is_not_finite():
    log_w = np.array([[np.nan, np.inf, -1.0, np.nan, 0.0, -np.inf]])
    held, moved = metropolis_scan(strict.asarray(log_w), strict.asarray(np.full((1, 6), 0.5)))
    assert np.asarray(held).tolist() == [[0, 0, 2, 2, 4, 4]]
    assert np.asarray(moved).tolist() == [[True, False, True, False, True, False]]


def test_mistakes_are_refused():
    with pytest.raises(TypeError, match="needs a flow"):
        IndependenceMetropolis(ACTION, "model")
    with pytest.raises(ValueError, match="block"):
        IndependenceMetropolis(ACTION, poor(SITES), block=0)
    with pytest.raises(ValueError, match="flow was made for"):
        lk.sample(sampler(), (4, 4))
    with pytest.raises(ValueError, match="give both the same"):
        lk.sample(sampler(), SITES, dtype="float32")
    with pytest.raises(ValueError, match="makes fields of"):
        IndependenceMetropolis(lk.Wilson(lk.U1(), 1.0), poor(SITES))
