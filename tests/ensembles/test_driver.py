"""`sample`: labels, reproducibility, resume, bad input."""

import json

import numpy as np
import pytest

import latticekit as lk
from latticekit.ensembles.recorder import NonFiniteError
from latticekit.random import Key

ACTION = lk.Phi4(mass_squared=-4.0, coupling=6.975)
HMC = lk.HMC(ACTION, trajectory_length=1.0, steps=8)
TUNED = lk.HMC(ACTION, trajectory_length=1.0)
SMALL = {"lattice": (4, 6), "chains": 3, "draws": 20, "warmup": 10, "seed": 5}


def equal(a, b):
    """Every number of both ensembles is the same, bit for bit."""
    for group in a.children:
        for name, values in a[group].data_vars.items():
            assert values.values.tobytes() == b[group][name].values.tobytes(), f"{group}/{name}"
    assert set(a.children) == set(b.children)


def test_schema():
    tree = lk.sample(HMC, **SMALL, configurations=5)
    groups = {"posterior", "sample_stats", "warmup_posterior", "warmup_sample_stats", "configurations"}
    assert groups == set(tree.children)
    posterior = tree["posterior"]
    assert posterior["action"].dims == ("chain", "draw")
    assert posterior["two_point"].dims == ("chain", "draw", "dt")
    assert set(posterior.data_vars) == {
        "action", "magnetization", "abs_magnetization", "phi_squared", "phi_fourth", "two_point",
    }  # fmt: skip
    assert tree["configurations"]["phi"].dims == ("chain", "draw", "t", "x")
    assert tree["configurations"]["draw"].values.tolist() == [0, 5, 10, 15]
    assert tree.attrs["status"] == "complete"
    assert json.loads(tree.attrs["action_params"]) == {"name": "Phi4", "mass_squared": -4.0, "coupling": 6.975}
    assert not tree.coords


def test_recorded_action_is_that_of_the_recorded_configuration():
    tree = lk.sample(HMC, **SMALL, configurations=1)
    fields = tree["configurations"]["phi"].values
    again = ACTION.value(fields.reshape(-1, 4, 6)).reshape(3, 20)
    np.testing.assert_allclose(tree["posterior"]["action"].values, again, rtol=1e-12)
    np.testing.assert_allclose(tree["posterior"]["magnetization"].values, fields.mean(axis=(2, 3)), rtol=1e-12)


def test_equal_seeds_equal_bits_and_unequal_seeds_differ():
    one, two = lk.sample(HMC, **SMALL), lk.sample(HMC, **SMALL)
    equal(one, two)
    other = lk.sample(HMC, **(SMALL | {"seed": 6}))
    assert not np.any(one["posterior"]["action"].values == other["posterior"]["action"].values)


def test_thin_keeps_every_nth_update():
    every = lk.sample(HMC, **SMALL)
    third = lk.sample(HMC, **(SMALL | {"draws": 6}), thin=3)
    np.testing.assert_array_equal(third["posterior"]["action"], every["posterior"]["action"][:, 2:18:3])
    assert third["posterior"]["trajectory"].values.tolist() == [3, 6, 9, 12, 15, 18]


@pytest.mark.parametrize("update", [HMC, TUNED], ids=["hmc", "tuned"])
def test_resume_is_bit_identical_at_every_cut(update, tmp_path):
    whole = lk.sample(update, **(SMALL | {"draws": 12}), configurations=3)
    for cut in range(1, 12):
        out = tmp_path / f"{cut}.zarr"
        lk.sample(update, **(SMALL | {"draws": cut}), configurations=3, out=out)
        broken = lk.sample(update, **(SMALL | {"draws": 12}), configurations=3, out=out, resume=True)
        for group in ("posterior", "sample_stats", "warmup_posterior", "warmup_sample_stats", "configurations"):
            for name, values in whole[group].data_vars.items():
                assert values.values.tobytes() == broken[group][name].values.tobytes(), (cut, group, name)


def test_resume_of_nothing_begins(tmp_path):
    out = tmp_path / "new.zarr"
    tree = lk.sample(HMC, **SMALL, out=out, resume=True)
    np.testing.assert_array_equal(tree["posterior"]["action"], lk.sample(HMC, **SMALL)["posterior"]["action"])


def test_resume_refuses_another_action(tmp_path):
    out = tmp_path / "a.zarr"
    lk.sample(HMC, **SMALL, out=out)
    other = lk.HMC(lk.Phi4(mass_squared=-4.0, coupling=6.0), trajectory_length=1.0, steps=8)
    with pytest.raises(Exception, match="coupling"):
        lk.sample(other, **SMALL, out=out, resume=True)
    assert lk.open_ensemble(out)["posterior"].sizes["draw"] == 20


def test_existing_store_is_not_overwritten(tmp_path):
    out = tmp_path / "a.zarr"
    lk.sample(HMC, **SMALL, out=out)
    with pytest.raises(Exception, match="resume"):
        lk.sample(HMC, **SMALL, out=out)


def test_progress_is_told_acceptance_and_ess():
    told = []
    lk.sample(HMC, **(SMALL | {"draws": 50}), progress=lambda done, total, report: told.append((done, total, report)))
    done, total, report = told[-1]
    assert (done, total) == (50, 50)
    assert 0 < report["acceptance"] <= 1
    assert report["ess"] > 1
    assert 0 < told[0][2]["warmup"] <= 1


def test_silent_without_a_terminal(capsys):
    lk.sample(HMC, **SMALL)
    assert capsys.readouterr() == ("", "")


def test_chains_do_not_depend_on_how_many_run():
    many, few = lk.sample(HMC, **SMALL), lk.sample(HMC, **(SMALL | {"chains": 2}))
    np.testing.assert_allclose(many["posterior"]["action"][:2], few["posterior"]["action"], rtol=1e-12)


def test_float32_runs_and_records_in_double():
    tree = lk.sample(HMC, **SMALL, dtype="float32", configurations=10)
    assert tree["configurations"]["phi"].dtype == np.float32
    assert tree["posterior"]["action"].dtype == np.float64


def test_start_from_an_array():
    x = Key(3).fold("start").normal((3, 4, 6), np.zeros(1)) * 0.3
    tree = lk.sample(HMC, **(SMALL | {"warmup": 0}), start=x)
    assert "warmup_posterior" not in tree.children
    with pytest.raises(ValueError, match="non-finite"):
        lk.sample(HMC, **SMALL, start=np.where(x > 0.3, np.nan, x))
    with pytest.raises(ValueError, match=r"shape \(3, 4, 6\)"):
        lk.sample(HMC, **SMALL, start=x[:2])


class Broken(lk.HMC):
    """Puts a NaN into chain 1 at the third update."""

    def step(self, state, key):
        state, info = super().step(state, key)
        if key.step == 12:
            action = state.action.copy()
            action[1] = np.nan
            state = state._replace(action=action)
        return state, info


def test_non_finite_numbers_are_caught_and_what_was_committed_stays(tmp_path):
    out = tmp_path / "a.zarr"
    broken = Broken(ACTION, trajectory_length=1.0, steps=8)
    with pytest.raises(NonFiniteError, match="chain 1 is nan at draw 2"):
        lk.sample(broken, **SMALL, out=out)
    assert "posterior" not in lk.open_ensemble(out).children


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"lattice": (4, 0)}, "at least 1"),
        ({"lattice": 8}, r"such as \(8, 8\)"),
        ({"lattice": (4.5, 4)}, "whole extents"),
        ({"chains": 0}, "chains"),
        ({"draws": 0}, "draws"),
        ({"warmup": -1}, "warmup"),
        ({"thin": 0}, "thin"),
        ({"dtype": "float16"}, "dtype"),
        ({"backend": "torch"}, "backend"),
        ({"start": "warm"}, "cold"),
        ({"observables": ["magnetisation"]}, "magnetization"),
        ({"resume": True}, "out"),
        ({"seed": -1}, "seed"),
    ],
)
def test_bad_input(wrong, match):
    with pytest.raises((ValueError, OverflowError), match=match):
        lk.sample(HMC, **(SMALL | wrong))


def test_an_action_is_not_an_update():
    with pytest.raises(TypeError, match="HMC"):
        lk.sample(ACTION, **SMALL)
