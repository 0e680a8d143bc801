"""Flipped bits, cut and missing files: an error that says where, or a result that is right all the same."""

import shutil
import warnings

import numpy as np
import pytest
import xarray as xr

from latticekit.ensembles.faults import StoreDamaged, StoreError, StoreWarning
from latticekit.ensembles.reading import open_ensemble
from latticekit.ensembles.store import Store
from tests.ensembles.blocks import SHA, assert_holds, commit, state, written


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store with a second chunk of draws, and its content."""
    path = written(tmp_path_factory.mktemp("damage") / "e.zarr", [6, 1030])
    return path, open_ensemble(path).load()


def files(path):
    return sorted(p for p in path.rglob("*") if p.is_file())


def outcome(path, good):
    """ "detected", "harmless" or "silent" after some damage, by reading everything."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", StoreWarning)
        try:
            tree = open_ensemble(path).load()
        except (StoreError, StoreWarning):
            return "detected"
    return "harmless" if tree.identical(good) else "silent"


def flips(store, folder, count, seed):
    path, good = store
    rng, files_of = np.random.default_rng(seed), files(path)
    found = []
    for _ in range(count):
        file = files_of[rng.integers(len(files_of))]
        content = file.read_bytes()
        damaged = bytearray(content)
        damaged[rng.integers(len(damaged))] ^= 1 << rng.integers(8)
        file.write_bytes(damaged)
        found.append((outcome(path, good), str(file.relative_to(path))))
        file.write_bytes(content)
    assert [where for what, where in found if what == "silent"] == []
    # what a reader need not read: the arrays of the slots, the older slot, a length in metadata beyond the commit
    harmless = [where for what, where in found if what == "harmless"]
    assert [where for where in harmless if "/c/" in where and not where.startswith("state_")] == []
    return sum(what == "detected" for what, _ in found)


def test_a_flipped_bit_is_never_silent(store, tmp_path):
    assert flips(store, tmp_path, 100, seed=1) > 50


@pytest.mark.slow
def test_ten_thousand_flipped_bits(store, tmp_path):
    assert flips(store, tmp_path, 10_000, seed=2) > 5000


def cut(path, good, file, sizes):
    content = file.read_bytes()
    for size in sizes:
        file.write_bytes(content[:size])
        assert outcome(path, good) == "detected", (file, size)
    file.unlink()
    assert outcome(path, good) == "detected", file
    file.write_bytes(content)


CHUNKS = ["posterior/action/c/0/1", "posterior/dt/c/0", "posterior/zeta/zarr.json", "configurations/phi/c/0/0/0/0"]


@pytest.mark.parametrize("name", CHUNKS)
def test_a_cut_or_missing_file_is_detected(store, name):
    path, good = store
    size = (path / name).stat().st_size
    cut(path, good, path / name, [0, 3, 4, 5, size // 2, size - 1])


@pytest.mark.slow
def test_the_last_chunk_cut_at_every_byte(store):
    path, good = store
    file = path / "sample_stats/accepted/c/0/1"
    cut(path, good, file, range(file.stat().st_size))


def test_the_message_names_array_chunk_and_file(store, tmp_path):
    path = shutil.copytree(store[0], tmp_path / "e.zarr")
    file = path / "posterior/action/c/0/1"
    file.write_bytes(bytes([file.read_bytes()[0] ^ 1]) + file.read_bytes()[1:])
    tree = open_ensemble(path)
    with pytest.raises(StoreDamaged, match=r"array posterior/action .* chunk 0/1 .*checksum.*Restore") as found:
        tree["posterior"]["action"].load()
    assert str(file) in str(found.value)
    np.testing.assert_array_equal(tree["posterior"]["zeta"], store[1]["posterior"]["zeta"])
    first = tree["posterior"]["action"].isel(draw=slice(0, 1024))
    np.testing.assert_array_equal(first, store[1]["posterior"]["action"][:, :1024])


def test_damage_is_not_sealed_by_the_next_commit(store, tmp_path):
    path = shutil.copytree(store[0], tmp_path / "e.zarr")
    file = path / "posterior/action/c/0/1"
    file.write_bytes(bytes([file.read_bytes()[0] ^ 1]) + file.read_bytes()[1:])
    with Store.resume(path, SHA) as run, pytest.raises(StoreDamaged, match="posterior/action"):
        commit(run, 4)


def damage(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 4
    file.write_bytes(content)


@pytest.mark.parametrize("where", ["x/c/0/0/0/0", "zarr.json"])
def test_a_damaged_slot_falls_back_to_the_other(tmp_path, where):
    path = written(tmp_path / "e.zarr", [3, 4])  # warmup, then 3, then 7 draws: the newest slot is state_0
    damage(path / "state_0" / where)
    with pytest.warns(StoreWarning, match=r"state_0.*draw 3"):
        run = Store.resume(path, SHA)
    with run:
        assert run.draws == 3
        np.testing.assert_array_equal(run.state()["x"], state(3)["x"])
        commit(run, 9)
    assert_holds(open_ensemble(path), 12)


def test_a_damaged_state_does_not_hide_draws_from_readers(tmp_path):
    path = written(tmp_path / "e.zarr", [3, 4])
    damage(path / "state_0/x/c/0/0/0/0")
    assert_holds(open_ensemble(path), 7)


def test_both_slots_damaged_is_an_error_and_nothing_is_cut_off(tmp_path):
    path = written(tmp_path / "e.zarr", [3, 4])
    before = {p: p.read_bytes() for p in files(path / "posterior")}
    for slot in ("state_0", "state_1"):
        damage(path / slot / "zarr.json")
    with pytest.raises(StoreDamaged, match="no valid resume slot"):
        Store.resume(path, SHA)
    with pytest.raises(StoreDamaged, match="no valid resume slot"):
        open_ensemble(path)
    assert {p: p.read_bytes() for p in files(path / "posterior")} == before


def test_edited_labels_are_refused_and_can_be_looked_at(tmp_path):
    path = written(tmp_path / "e.zarr", [3])
    file = path / "posterior/zeta/zarr.json"
    file.write_text(file.read_text().replace('"exact": 0.5', '"exact": 0.6'))
    for attempt in (open_ensemble, lambda p: Store.resume(p, SHA)):
        with pytest.raises(StoreDamaged, match="Restore"):
            attempt(path)
    assert open_ensemble(path, verify=False)["posterior"]["zeta"].attrs["exact"] == 0.6


def test_lost_marks_do_not_show_uncommitted_draws(tmp_path):
    """A root whose digest lost its name is a damaged store, not a tree saved whole."""
    path = written(tmp_path / "e.zarr", [3])
    file = path / "zarr.json"
    file.write_text(file.read_text().replace("attributes_sha256", "attribwtes_sha256"))
    with pytest.raises(StoreDamaged, match="SHA-256"):
        open_ensemble(path)
    assert isinstance(open_ensemble(path, verify=False), xr.DataTree)
