"""Model bundles: what is saved is what is loaded, and damage is told."""

import hashlib
import json
import struct
import tomllib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import latticekit as lk
from latticekit.arrays import to_host, tree_items
from latticekit.ensembles import StoreDamaged, StoreError
from latticekit.ensembles.models import safetensors, toml
from latticekit.ensembles.models.bundle import load_model, save_model
from latticekit.flows import Flow, bundled
from latticekit.flows.bundled import described
from latticekit.random import Key
from tests.cases.layers import LAYERS, PRIORS, initialised
from tests.ensembles.trainings import LAYER, small
from tests.training.flows import FREE, PHI4

X = np.arange(6.0).reshape(2, 3)


def made(case):
    """A flow of a case, with parameters."""
    like = np.zeros(0)
    return Flow(initialised(case), lk.Normal(), case.sites, like)


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_comes_back(name, tmp_path):
    flow = made(LAYERS[name])
    save_model(tmp_path / "m", flow, action=FREE)
    again = load_model(tmp_path / "m")
    assert again.action == FREE
    for one, two in zip(flow.draw(Key(1), 3), again.flow.draw(Key(1), 3)):
        np.testing.assert_array_equal(one, two)
    assert [n for n, _ in tree_items(flow.params)] == [n for n, _ in tree_items(again.flow.params)]


@pytest.mark.parametrize("name", PRIORS)
def test_every_prior_comes_back(name, tmp_path):
    case = PRIORS[name]
    flow = Flow.init(lk.Identity(), case.sites, prior=case.prior)
    save_model(tmp_path / "m", flow)
    np.testing.assert_array_equal(load_model(tmp_path / "m").flow.draw(Key(1), 3)[0], flow.draw(Key(1), 3)[0])


def test_a_training_comes_back_from_its_folder(tmp_path):
    trained = small(out=tmp_path / "a")
    again = load_model(tmp_path / "a")
    assert (again.action, again.record) == (trained.action, trained.record)
    assert again.history.identical(trained.history)
    assert str(again) == str(trained)
    np.testing.assert_array_equal(again.flow.draw(Key(1), 3)[0], trained.flow.draw(Key(1), 3)[0])
    longer = lk.train(again, PHI4, steps=2, batch=8, progress=False)
    assert longer.flow.sites == (4, 2)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("backend", ["numpy", "array_api_strict"])
def test_loads_in_any_precision_and_library(backend, dtype, tmp_path):
    flow = Flow.init(LAYER, (4, 2), action=PHI4)
    save_model(tmp_path / "m", flow)
    found = load_model(tmp_path / "m", backend=backend, dtype=dtype).flow
    x, log_q = found.draw(Key(1), 5)
    expected, log_density = flow.draw(Key(1), 5)
    assert str(x.dtype).endswith(dtype)
    tolerance = 1e-12 if dtype == "float64" else 1e-4
    np.testing.assert_allclose(to_host(x), expected, atol=tolerance)
    np.testing.assert_allclose(to_host(log_q), log_density, atol=10 * tolerance)


def test_the_folder_holds_what_people_need(tmp_path):
    save_model(tmp_path / "m", small())
    assert sorted(p.name for p in (tmp_path / "m").iterdir()) == ["README.md", "model.safetensors", "model.toml"]
    tables = tomllib.loads((tmp_path / "m" / "model.toml").read_text())
    weights = (tmp_path / "m" / "model.safetensors").read_bytes()
    assert tables["parameters"] == {
        "count": 7, "sha256": hashlib.sha256(weights).hexdigest(), "file": "model.safetensors",
    }  # fmt: skip
    assert tables["flow"]["lattice"] == [4, 2]
    assert tables["training"]["steps"] == 12
    card = (tmp_path / "m" / "README.md").read_text()
    for words in ("Phi4", "4 x 2", "effective sample size", "12 steps", "Limits"):
        assert words in card


@pytest.mark.parametrize("place", [0, 8, 100, -1])
def test_a_changed_byte_is_told(place, tmp_path):
    save_model(tmp_path / "m", Flow.init(LAYER, (4, 2)))
    path = tmp_path / "m" / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(StoreDamaged, match="SHA-256"):
        load_model(tmp_path / "m")


def test_missing_unknown_and_unfit_parts_are_told(tmp_path):
    with pytest.raises(StoreError, match="no model bundle"):
        load_model(tmp_path / "nothing")
    save_model(tmp_path / "m", Flow.init(LAYER, (4, 2)))
    path = tmp_path / "m" / "model.toml"
    text = path.read_text()
    path.write_text(text.replace('"SinhArcsinh"', '"Warp"'))
    with pytest.raises(ValueError, match="unknown part 'Warp'"):
        load_model(tmp_path / "m")
    path.write_text(text.replace('{ name = "FourierScale"', '{ name = "Identity" }, { name = "FourierScale"'))
    with pytest.raises(StoreError, match="do not fit"):
        load_model(tmp_path / "m")
    path.write_text(text.replace('schema_version = "1"', 'schema_version = "9"', 1))
    with pytest.raises(StoreError, match="update it"):
        load_model(tmp_path / "m")
    path.write_text(text[: len(text) // 2])
    with pytest.raises(StoreDamaged, match="damaged"):
        load_model(tmp_path / "m")
    (tmp_path / "m" / "model.safetensors").unlink()
    path.write_text(text)
    with pytest.raises(StoreError, match="cannot read"):
        load_model(tmp_path / "m")


def test_nothing_is_overwritten_unasked(tmp_path):
    flow = Flow.init(LAYER, (4, 2))
    save_model(tmp_path / "m", flow)
    with pytest.raises(StoreError, match="overwrite = True"):
        save_model(tmp_path / "m", flow)
    save_model(tmp_path / "m", small(), overwrite=True)
    assert load_model(tmp_path / "m").record["steps"] == 12
    (tmp_path / "mine").mkdir()
    with pytest.raises(StoreError, match="no model bundle"):
        save_model(tmp_path / "mine", flow, overwrite=True)


def test_a_failed_write_leaves_the_old_model(tmp_path, monkeypatch):
    from latticekit.ensembles.models import bundle as models

    save_model(tmp_path / "m", small())

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(models, "replace_directory", full)
    with pytest.raises(OSError, match="No space"):
        save_model(tmp_path / "m", Flow.init(LAYER, (4, 2)), overwrite=True)
    assert load_model(tmp_path / "m").record["steps"] == 12


def test_names_of_parts_are_unique():
    """A class is found by its name alone, so that two of one name in the library would be a trap."""
    classes = dict.fromkeys(cls for module in bundled.modules() for cls in bundled.exported(module))
    names = [cls.__name__ for cls in classes]
    assert len(names) > 20
    assert sorted(set(names)) == sorted(names)
    assert set(names) <= set(bundled.known_parts())


def test_safetensors_is_the_format_of_the_package():
    reader = pytest.importorskip("safetensors.numpy")
    arrays = {
        "a.b": X,
        "c": X.astype("float32"),
        "n": np.arange(3),
        "s": np.asarray([True, False]),
        "e": np.zeros((0, 2)),
    }
    theirs = reader.load(safetensors.to_bytes(arrays, {"k": "v"}))
    ours, metadata = safetensors.from_bytes(reader.save(arrays, {"k": "v"}))
    for name, x in arrays.items():
        for found in (theirs[name], ours[name]):
            assert found.dtype == x.dtype
            np.testing.assert_array_equal(found, x)
    assert metadata == {"k": "v"}


def test_safetensors_refuses_what_it_cannot_hold():
    with pytest.raises(ValueError, match="complex128"):
        safetensors.to_bytes({"a": X + 0j}, {})
    good = safetensors.to_bytes({"a": X}, {})
    for bad in (b"", good[:5], good[:-1], struct.pack("<Q", 2**40) + b"{}"):
        with pytest.raises(ValueError, match=r"safetensors|fit into"):
            safetensors.from_bytes(bad)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, min_size=1, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(st.text("abc_", min_size=1, max_size=3), st.dictionaries(st.text(max_size=5), PLAIN, min_size=1))
)
def test_toml_reads_what_it_writes(tables):
    found = toml.loaded(toml.dumped(tables)) or {}
    assert json.dumps(found, sort_keys=True) == json.dumps(tables, sort_keys=True)


def test_settings_of_a_flow_are_plain():
    assert json.loads(json.dumps(described(LAYER)))["layers"][1] == {
        "name": "FourierScale",
        "sites": [],
        "gaussian": True,
    }
