"""Gauge files to and from the store, by the library and by `latticekit convert`."""

import numpy as np
import pytest

from latticekit.cli import main
from latticekit.ensembles import open_ensemble
from latticekit.ensembles.formats import FormatError, read_links, write_links
from latticekit.ensembles.formats.exchange import ensemble_of, sorted_naturally, store_of
from tests.ensembles.formats import foreign

FIELDS = {f"lat.{n}": foreign.field(3, (4, 2, 6, 2), seed=n) for n in (90, 100, 1010)}


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    """call("convert", ...) in a folder with three files of three formats -> (code, out, err)"""
    monkeypatch.chdir(tmp_path)
    for (name, u), content in zip(FIELDS.items(), (foreign.openqcd, foreign.nersc, foreign.openqcd)):
        kind = {"kind": ">d", "floating_point": "IEEE64BIG"} if content is foreign.nersc else {}
        (tmp_path / name).write_bytes(content(u, **kind))

    def run(*tokens):
        code = main([str(t) for t in tokens])
        return code, *capsys.readouterr()

    return run


def test_files_become_the_draws_of_a_chain(call):
    assert call("convert", *reversed(FIELDS), "u.zarr") == (0, "wrote u.zarr\n", "")
    ensemble = open_ensemble("u.zarr")
    u = ensemble["configurations"]["u"]
    assert u.dims == ("chain", "draw", "mu", "row", "column", "t", "x", "y", "z")
    assert u["draw"].values.tolist() == [0, 1, 2]
    assert u["trajectory"].values.tolist() == [90, 100, 1010]
    for i, field in enumerate(FIELDS.values()):
        np.testing.assert_array_equal(u.values[:, i], field)
        assert float(ensemble["posterior"]["plaquette"][0, i]) == pytest.approx(foreign.plaquette(field), abs=1e-14)
    assert ensemble.attrs["status"] == "complete"
    assert ensemble.attrs["lattice_shape"] == "[4, 2, 6, 2]"
    assert '"name": "lat.90"' in ensemble.attrs["config"]


@pytest.mark.parametrize("ending", ["nersc", "ildg", "scidac", "lime"])
@pytest.mark.parametrize("source", ["u.zarr", "u.nc"])
def test_there_and_back(call, ending, source):
    assert call("convert", *FIELDS, source)[0] == 0
    code, out, _ = call("convert", source, f"v.{ending}")
    names = [f"v-chain0-{i:06d}.{ending}" for i in range(3)]
    assert (code, out.split()) == (0, [w for name in names for w in ("wrote", name)])
    for name, field in zip(names, FIELDS.values()):
        links, found = read_links(name)
        np.testing.assert_array_equal(links, field)
        assert found["format"] == {"lime": "ildg"}.get(ending, ending)


def test_one_file_to_another(call):
    assert call("convert", "lat.90", "v.ildg", "--precision", 32)[:2] == (0, "wrote v.ildg\n")
    np.testing.assert_array_equal(read_links("v.ildg")[0], FIELDS["lat.90"].astype(np.complex64))
    assert call("convert", "v.ildg", "w.nersc")[0] == 0
    assert read_links("w.nersc")[1]["precision"] == 32


def test_every_chain_is_written(call):
    assert call("convert", "lat.90", "lat.100", "u.nc")[0] == 0
    from latticekit.ensembles.formats.exchange import configurations_of
    from latticekit.ensembles.netcdf import from_netcdf

    one = from_netcdf("u.nc")["configurations"].to_dataset()
    import xarray as xr

    two = xr.concat([one, one.isel(draw=[1, 0]).assign_coords(draw=one["draw"])], "chain")
    fields, count = configurations_of(xr.DataTree.from_dict({"/configurations": two}))
    assert count == 4
    places = [(one.chain, one.draw, int(np.array_equal(one.links, FIELDS["lat.100"]))) for one in fields]
    assert places == [(0, 0, 0), (1, 0, 1), (0, 1, 1), (1, 1, 0)]


def test_nothing_is_left_of_a_conversion_that_fails(call, tmp_path):
    write_links("lat.1020", foreign.field(3, (2, 2, 2, 2)))
    code, _, err = call("convert", "lat.100", "lat.1020", "u.zarr")
    assert code == 2
    assert "fields of one ensemble must be alike" in err
    damaged = bytearray((tmp_path / "lat.100").read_bytes())
    damaged[-1] ^= 1
    (tmp_path / "lat.101").write_bytes(damaged)
    code, _, err = call("convert", "lat.100", "lat.101", "u.zarr")
    assert code == 2
    assert "lat.101, header line CHECKSUM" in err
    assert {p.name for p in tmp_path.iterdir()} == {*FIELDS, "lat.1020", "lat.101"}


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        (["lat.90"], "convert needs what to copy and where it goes"),
        (["lat.90", "u.foo"], "can write .zarr, .nc, .npz, .nersc, .ildg, .lime, .scidac"),
        (["lat.90", "u.zarr", "--precision", "32"], "--precision is for gauge files"),
        (["lat.90", "notes", "u.zarr"], "only gauge files can be joined, and notes is none"),
        (["notes", "u.zarr"], "its first bytes are not those of one"),
        (["missing", "u.zarr"], "there is no missing"),
        (["lat.90", "here.nersc"], "here.nersc exists and is left as it is"),
        (["lat.90", "here.zarr"], "here.zarr exists and is left as it is"),
    ],
)
def test_mistakes(call, tmp_path, tokens, words):
    for name in ("notes", "here.nersc", "here.zarr"):
        (tmp_path / name).write_text("what I did")
    code, _, err = call("convert", *tokens)
    assert code == 2
    assert words in " ".join(err.split())
    assert (tmp_path / "here.nersc").read_text() == "what I did"


def test_an_ensemble_without_links(call):
    import latticekit as lk

    action = lk.Phi4(mass_squared=1.0, coupling=0.0)
    lk.sample(lk.HMC(action, trajectory_length=1.0, steps=2), (4,), chains=1, draws=4, warmup=1, out="phi.zarr")
    code, _, err = call("convert", "phi.zarr", "u.nersc")
    assert code == 2
    assert "holds no SU(N) configurations" in err


def test_order_and_numbers(call, tmp_path):
    names = [tmp_path / n for n in ("lat.10", "lat.9", "a.1.2", "a.1.10")]
    assert [p.name for p in sorted_naturally(names)] == ["a.1.2", "a.1.10", "lat.9", "lat.10"]
    (tmp_path / "b5.a").write_bytes((tmp_path / "lat.90").read_bytes())
    (tmp_path / "b5.b").write_bytes((tmp_path / "lat.90").read_bytes())
    same = ensemble_of([tmp_path / "b5.a", tmp_path / "b5.b"])
    assert same["posterior"]["trajectory"].values.tolist() == [1, 2]
    with pytest.raises(ValueError, match="no gauge files"):
        ensemble_of([])
    (tmp_path / "u.zarr").mkdir()
    with pytest.raises(FormatError, match="exists and is left as it is"):
        store_of([tmp_path / "lat.90"], tmp_path / "u.zarr")
