"""The store: what is committed is what is read, and nothing else can be appended."""

import json

import numpy as np
import pytest
import xarray as xr
import zarr

from latticekit.ensembles.chunks import chunk_shape
from latticekit.ensembles.faults import StoreError
from latticekit.ensembles.reading import open_ensemble
from latticekit.ensembles.store import Store
from tests.ensembles.blocks import ATTRS, SHA, assert_holds, block, commit, state, thinned, written


def test_commits_are_read_back_identically(tmp_path):
    path = written(tmp_path / "e.zarr", [3, 1500, 7, 1, 600])
    tree = open_ensemble(path)
    assert_holds(tree, 2111)
    assert list(tree["posterior"].data_vars) == ["zeta", "action", "two_point"]
    assert tree.attrs == {**ATTRS, "config_sha256": SHA}


def test_plain_zarr_and_xarray_read_the_same(tmp_path):
    path = written(tmp_path / "e.zarr", [3, 1500])
    tree = xr.open_datatree(path, engine="zarr", consolidated=False)
    for name in ("posterior", "configurations"):
        group = tree[name].to_dataset().drop_attrs(deep=False)
        xr.testing.assert_identical(group, open_ensemble(path)[name].to_dataset()[list(group.data_vars)])
    stored = zarr.open_group(path, mode="r")["posterior"]
    for name, array in stored.arrays():
        assert "crc32c" in str(array.metadata.codecs).lower(), name
        assert array.metadata.dimension_names is not None
    assert tree["state_0"]["x"].shape == (3, 1, 2, 2)


@pytest.mark.parametrize(
    "dtype", ["float32", "float64", "complex64", "complex128", "int8", "int64", "uint32", "bool", "float16"]
)
def test_every_number_type(tmp_path, dtype):
    x = (np.random.default_rng(0).normal(size=(2, 5, 3)) * 3).astype(dtype)
    data = xr.Dataset({"v": (("chain", "draw", "r"), x)}, {"draw": np.arange(5)})
    with Store.create(tmp_path / "e.zarr", ATTRS, SHA) as store:
        store.commit({"posterior": data}, {"s": x}, 5)
        back = store.result()["posterior"]["v"]
        assert back.dtype == x.dtype
        assert back.values.tobytes() == x.tobytes()
        assert store.state()["s"].tobytes() == x.tobytes()


def test_special_values_are_not_masked(tmp_path):
    x = np.array([[np.nan, np.inf, -0.0, 0.0, 5e-324]])
    data = xr.Dataset({"v": (("chain", "draw"), x)}, {"draw": np.arange(5)})
    with Store.create(tmp_path / "e.zarr", ATTRS, SHA) as store:
        store.commit({"posterior": data}, {}, 5)
        assert store.result()["posterior"]["v"].values.tobytes() == x.tobytes()


def test_chains_and_draws_over_several_chunks(tmp_path):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(5, 11, 90, 1000))  # a record of 0.7 MB: one chain, one draw per chunk
    y = rng.normal(size=(5, 11, 2000))  # sixteen kilobytes: three draws of all chains
    coords = {"chain": np.arange(5), "draw": np.arange(11)}
    data = xr.Dataset({"x": (("chain", "draw", "t", "s"), x), "y": (("chain", "draw", "r"), y)}, coords)
    with Store.create(tmp_path / "e.zarr", ATTRS, SHA) as store:
        for first, last in ((0, 2), (2, 3), (3, 10), (10, 11)):
            store.commit({"posterior": data.isel(draw=slice(first, last))}, {}, last)
        xr.testing.assert_identical(store.result()["posterior"].to_dataset().load(), data)


@pytest.mark.parametrize("chains", [1, 64, 128])
@pytest.mark.parametrize("record", [(), (32,), (64, 64), (32, 32, 32, 32)])
def test_chunks_are_neither_tiny_nor_huge(chains, record):
    dims = ("chain", "draw", *(f"x{i}" for i in range(len(record))))
    chunk = chunk_shape(dims, (chains, 10**6, *record), 8)
    size = 8 * np.prod(chunk)
    assert chunk[2:] == record
    assert size <= max(2**20, 8 * np.prod(record))
    assert size >= 2**17 or chunk[:2] == (chains, 1024)


def test_resume_goes_on_where_the_last_commit_ended(tmp_path):
    path = written(tmp_path / "e.zarr", [3, 10])
    with Store.resume(path, SHA, ATTRS) as store:
        assert store.draws == 13
        for name, x in state(13).items():
            np.testing.assert_array_equal(store.state()[name], x)
        commit(store, 4)
        store.set_attrs(status="complete", n=3)
        assert_holds(store.result(), 17)
    assert open_ensemble(path).attrs["status"] == "complete"


def test_continued_in_pieces_is_the_same_as_at_once(tmp_path):
    once = open_ensemble(written(tmp_path / "a.zarr", [400])).load()
    path = written(tmp_path / "b.zarr", [1])
    for count in (2, 57, 300, 40):
        with Store.resume(path, SHA) as store:
            commit(store, count)
    xr.testing.assert_identical(open_ensemble(path).load(), once)


def test_nothing_committed_is_no_draws_and_can_be_begun(tmp_path):
    path = tmp_path / "e.zarr"
    Store.create(path, ATTRS, SHA).close()
    assert list(open_ensemble(path).children) == []
    with Store.resume(path, SHA, ATTRS) as store:
        assert store.draws is None
        with pytest.raises(StoreError, match="nothing was committed"):
            store.state()
        store.commit(block(0, 2, "warmup_"), state(0), 0)
        assert store.draws == 0
    assert_holds(open_ensemble(path), 0)


def test_resume_of_an_empty_folder_begins(tmp_path):
    with Store.resume(tmp_path, SHA, ATTRS) as store:
        assert store.draws is None
        commit(store, 3)
    assert open_ensemble(tmp_path).attrs["schema"] == "latticekit.ensemble"


def test_another_run_is_refused_and_the_difference_named(tmp_path):
    path = written(tmp_path / "e.zarr", [3])
    config = '{"action": {"name": "Phi4", "coupling": 7.0}, "seed": 1}'
    with pytest.raises(StoreError, match=r"action\.coupling: 6\.975 stored, 7\.0 given") as refused:
        Store.resume(path, "other", ATTRS | {"config": config})
    assert "seed" not in str(refused.value)
    assert_holds(open_ensemble(path), 3)
    Store.resume(path, SHA, ATTRS).close()  # the refused one left no lock


def test_an_existing_store_is_not_overwritten_by_accident(tmp_path):
    path = written(tmp_path / "e.zarr", [3])
    with pytest.raises(StoreError, match="resume = True"):
        Store.create(path, ATTRS, SHA)
    assert_holds(open_ensemble(path), 3)
    written(path, [2], overwrite=True)
    assert_holds(open_ensemble(path), 2)


@pytest.mark.parametrize("content", ["notes.txt", "zarr.json"])
def test_a_foreign_folder_is_never_overwritten(tmp_path, content):
    (tmp_path / content).write_text('{"zarr_format": 3, "node_type": "group", "attributes": {}}')
    for attempt in (Store.create, Store.resume):
        with pytest.raises(StoreError, match=r"choose another name|no ensemble"):
            attempt(tmp_path, ATTRS, SHA, *([True] if attempt == Store.create else []))
    assert (tmp_path / content).exists()


BAD_BLOCKS = {
    "a missing variable": (lambda g: g.drop_vars("zeta"), "zeta"),
    "a new variable": (lambda g: g.assign(new=g["zeta"]), "new is not stored"),
    "another type": (lambda g: g.assign(zeta=g["zeta"].astype("float32")), "float64.*float32"),
    "another number of chains": (lambda g: g.isel(chain=slice(2)), "chain: 3.*chain: 2"),
    "another extent": (lambda g: g.isel(dt=slice(3)), "dt: 4.*dt: 3"),
    "another order": (lambda g: g.transpose("draw", "chain", ...), "draw, chain: 3"),
    "a gap": (lambda g: g.assign_coords(draw=g["draw"] + 1), "must begin at draw 3"),
    "a repetition": (lambda g: g.assign_coords(draw=g["draw"] - 1), "must begin at draw 3"),
    "draws out of order": (lambda g: g.assign_coords(draw=g["draw"].values[::-1]), "must begin at draw 3"),
    "no draw": (lambda g: g.isel(draw=slice(0)), "must begin at draw 3"),
    "no draw coordinate": (lambda g: g.drop_vars("draw"), "draw"),
    "other labels": (lambda g: g.assign_coords(dt=g["dt"] + 1), "dt"),
}


@pytest.mark.parametrize("kind", BAD_BLOCKS)
def test_a_block_that_does_not_continue_is_refused(tmp_path, kind):
    change, message = BAD_BLOCKS[kind]
    path = written(tmp_path / "e.zarr", [3])
    with Store.resume(path, SHA) as store:
        groups = block(3, 4)
        bad = groups | {"posterior": change(groups["posterior"])}
        with pytest.raises(ValueError, match=message):
            store.commit(bad, state(7), 3 + bad["posterior"].sizes["draw"])
        assert_holds(store.result(), 3)
        commit(store, 4)  # nothing was written: the store goes on
        assert_holds(store.result(), 7)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"v": (("draw", "chain"), np.zeros((2, 3)))}, r"\(chain, draw, ...\)"),
        ({"v": (("chain", "draw"), np.full((3, 2), "a"))}, "must be numbers"),
        ({"v": (("chain", "draw"), np.full((3, 2), None))}, "must be numbers"),
    ],
)
def test_a_first_block_that_cannot_be_stored_is_refused(tmp_path, variables, message):
    with Store.create(tmp_path / "e.zarr", ATTRS, SHA) as store:
        with pytest.raises(ValueError, match=message):
            store.commit({"posterior": xr.Dataset(variables, {"draw": [0, 1]})}, {}, 2)
        commit(store, 2)


def test_the_count_of_draws_must_agree(tmp_path):
    with Store.create(tmp_path / "e.zarr", ATTRS, SHA) as store:
        with pytest.raises(ValueError, match="holds 3 draws"):
            store.commit(block(0, 3), state(3), 4)
        with pytest.raises(ValueError, match="must be numbers"):
            store.commit(block(0, 3), {"name": "hmc"}, 3)


def test_configurations_may_skip_draws_but_not_repeat_them(tmp_path):
    path = written(tmp_path / "e.zarr", [11])
    with Store.resume(path, SHA) as store, pytest.raises(ValueError, match="configurations"):
        store.commit(block(11, 1) | thinned(10, 1), state(12), 12)


def test_a_closed_store_takes_no_commit(tmp_path):
    store = Store.create(tmp_path / "e.zarr", ATTRS, SHA)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="resume"):
        commit(store, 1)


def test_the_hook_sees_the_last_state(tmp_path):
    path = written(tmp_path / "e.zarr", [3, 4])
    seen = []
    open_ensemble(path, check=lambda tree, last: seen.append((tree["posterior"].sizes["draw"], last)))
    assert seen[0][0] == 7
    np.testing.assert_array_equal(seen[0][1]["action"], state(7)["action"])


def test_a_tree_saved_whole_is_read_as_it_is(tmp_path):
    tree = open_ensemble(written(tmp_path / "e.zarr", [3])).load()
    tree.to_zarr(tmp_path / "copy.zarr", zarr_format=3, consolidated=False)
    xr.testing.assert_identical(open_ensemble(tmp_path / "copy.zarr").load(), tree)


def test_reading_refuses_what_it_does_not_know(tmp_path):
    with pytest.raises(StoreError, match="no ensemble"):
        open_ensemble(tmp_path / "nothing.zarr")
    with Store.create(tmp_path / "e.zarr", ATTRS | {"schema_version": "99"}, SHA) as store:
        commit(store, 2)
    with pytest.raises(StoreError, match="version '99'"):
        open_ensemble(tmp_path / "e.zarr")
    assert open_ensemble(tmp_path / "e.zarr", verify=False)["posterior"].sizes["draw"] == 2
    xr.Dataset({"v": ("draw", [1.0])}).to_zarr(tmp_path / "foreign.zarr", zarr_format=3, consolidated=False)
    with pytest.raises(StoreError, match="schema None"):
        open_ensemble(tmp_path / "foreign.zarr")
    assert open_ensemble(tmp_path / "foreign.zarr", verify=False)["v"].values == 1.0


def test_reading_changes_nothing(tmp_path):
    path = written(tmp_path / "e.zarr", [3, 50])

    def content():
        return {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}

    before = content()
    open_ensemble(path).load()
    assert content() == before
    assert json.loads((path / "zarr.json").read_text())["attributes"]["status"] == "running"
