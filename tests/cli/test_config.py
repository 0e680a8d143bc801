"""run.toml, options and environment: precedence, wrong keys, what they become."""

import inspect
import tomllib
from dataclasses import fields, replace

import pytest

from latticekit.actions import PRESETS, FreeScalar, Phi4
from latticekit.cli import config as tree
from latticekit.cli.sections import ACTIONS, update_classes
from latticekit.cli.template import template, toml
from latticekit.cli.words import WORDS
from latticekit.ensembles import sample
from latticekit.updates import HMC, Cluster, Heatbath, Sequence


@pytest.fixture
def seen(call, monkeypatch):
    """The settings that `latticekit run ...` arrives at, without running."""
    found = []

    class Seen(Exception):
        pass

    def stop(config):
        found.append(config)
        raise Seen

    def ask(*tokens):
        with monkeypatch.context() as patch:
            patch.setattr("latticekit.cli.run.resolved", stop)
            try:
                result = call("run", *tokens)
            except Seen:
                return found[-1]
        pytest.fail(result.err)

    return ask


def given(**sections):
    """The default settings with some sections changed."""
    config = tree.Config()
    return replace(config, **{name: replace(getattr(config, name), **new) for name, new in sections.items()})


def test_option_beats_environment_beats_file_beats_default(seen, settings, monkeypatch):
    monkeypatch.setenv("LATTICEKIT_HMC_STEPS", "7")
    monkeypatch.setenv("LATTICEKIT_RUN_SEED", "8")
    config = seen(settings, "--hmc.steps", 9)
    assert (config.hmc.steps, config.run.seed, config.run.draws, config.run.thin) == (9, 8, 40, 1)
    assert seen(settings).hmc.steps == 7
    monkeypatch.delenv("LATTICEKIT_HMC_STEPS")
    assert seen(settings).hmc.steps == 5
    assert seen("--action.preset", "E1").hmc.steps is None


def test_short_names_and_lists(seen):
    config = seen("--out", "a.zarr", "--resume", "--lattice.shape", 4, 6, "--update", "heatbath", "cluster")
    assert str(config.run.out) == "a.zarr"
    assert config.run.resume is True
    assert config.lattice.shape == (4, 6)
    assert config.update == ("heatbath", "cluster")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("steps = 5", "stps = 5", "Did you mean --hmc.steps?"),
        ("mass_squared", "mas_squared", "Did you mean --action.mass_squared?"),
        ("[lattice]", "[latice]", "Did you mean --lattice"),
        ("steps = 5", 'steps = "many"', "[hmc][steps]: expected a whole number, got many"),
        ("steps = 5", "steps = 5.5", "expected a whole number"),
        ('["hmc"]', '["hcm"]', 'Did you mean "hmc"?'),
        ("steps = 5", "steps = ", "run.toml is not valid TOML"),
        ("chains = 4", 'observables = ["phi_sqared"]', 'Did you mean "phi_squared"?'),
        ("mass_squared = 0.5", "mass_squared = -0.5", "needs mass_squared > 0"),
        ("mass_squared = 0.5", "kappa = 0.5", "choose name = 'phi4_hopping'"),
        ("mass_squared = 0.5", "", "needs mass_squared"),
        ("shape = [4, 4]", "", "[lattice] shape is missing"),
        ("shape = [4, 4]", "shape = [4, 0]", "at least 1"),
        ('["hmc"]', "[]", "update is empty"),
        ('["hmc"]', '["langevin"]', "[langevin] step_size is missing"),
        ("steps = 5", "steps = 0", "steps must be at least 1"),
        ("steps = 5", 'integrator = "leepfrog"', "unknown integrator"),
        ("draws = 40", "draws = 0", "draws must be at least 1"),
    ],
)
def test_wrong_settings_are_explained(call, settings, tmp_path, old, new, message):
    file = tmp_path / settings
    file.write_text(file.read_text().replace(old, new))
    result = call("run", settings)
    assert result.code == 2
    assert message in result.err
    assert result.err.count("\n") == 1
    assert not (tmp_path / "ensemble.zarr").exists()


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (["--hmc.stps", "3"], "Did you mean --hmc.steps?"),
        (["--run.chains", "3.5"], "expected a whole number"),
        (["--hmc.steps"], "requires an argument"),
        (["--run.dtype", "float16"], "Choose from"),
    ],
)
def test_wrong_options_are_explained(call, tokens, message):
    result = call("run", *tokens)
    assert result.code == 2
    assert message in result.err


def test_presets():
    for name, point in PRESETS.items():
        config = tree.resolved(given(action={"preset": name, "name": tree.preset_settings(name)["name"]}))
        assert tree.action_of(config) == point.action
        assert config.lattice.shape == point.lattice
    config = tree.resolved(given(action={"preset": "E1", "coupling": 7.0}, lattice={"shape": (4, 4)}))
    assert tree.action_of(config) == Phi4(-4.0, 7.0)
    assert config.lattice.shape == (4, 4)
    with pytest.raises(ValueError, match="preset E1 is a point of phi4"):
        tree.resolved(given(action={"preset": "E1", "name": "free_scalar"}))
    with pytest.raises(ValueError, match=r"preset su3-6\.0 is a point of wilson, not of phi4: write name = wilson"):
        tree.resolved(given(action={"preset": "su3-6.0"}))


def test_conventions_of_couplings():
    square = {"shape": (4, 4)}
    hopping = tree.resolved(given(action={"name": "phi4_hopping", "kappa": 0.25, "lam": 0.5}, lattice=square))
    assert tree.action_of(hopping) == Phi4.from_hopping(0.25, 0.5, 2)
    half = tree.resolved(given(action={"name": "phi4_half", "mass_squared": 1.0, "coupling": 2.0}, lattice=square))
    assert tree.action_of(half) == Phi4.from_half(1.0, 2.0)
    free = tree.resolved(given(action={"name": "free_scalar", "mass_squared": 1.0}, lattice=square))
    assert tree.action_of(free) == FreeScalar(1.0)


def test_updates_compose():
    config = tree.resolved(given(action={"preset": "E1"}, hmc={"steps": 4, "integrator": "omelyan"}))
    assert tree.update_of(config) == HMC(PRESETS["E1"].action, steps=4, integrator="omelyan")
    several = replace(config, update=("heatbath", "overrelaxation", "overrelaxation", "cluster"))
    found = tree.update_of(several)
    assert isinstance(found, Sequence)
    assert [type(part).__name__ for part in found.updates] == [
        "Heatbath",
        "Overrelaxation",
        "Overrelaxation",
        "Cluster",
    ]
    assert found.updates[0] == Heatbath(PRESETS["E1"].action)
    assert found.updates[3] == Cluster(PRESETS["E1"].action)


def test_every_update_can_be_named_and_built():
    required = {"langevin": {"step_size": 0.01}}
    with_a_model = {"independence_metropolis", "reweighting", "l2_hmc"}  # see test_train
    for name in set(update_classes()) - with_a_model:
        config = replace(
            given(action={"preset": "E1"}, **{k: v for k, v in required.items() if k == name}), update=(name,)
        )
        assert tree.update_of(tree.resolved(config)).parameters()["name"] == update_classes()[name].__name__


def test_every_setting_has_a_word():
    sections = {**tree.SECTIONS, **tree.TRAIN_SECTIONS}.items()
    plain = {f.name for _, cls in sections for f in fields(cls)} | {"update", "flow"}
    settings = plain | {f"{name}.{f.name}" for name, cls in sections for f in fields(cls)}
    assert plain <= WORDS.keys()
    assert WORDS.keys() <= settings


def test_run_section_is_that_of_sample():
    """Same names and defaults as `latticekit.sample`, but that a run on the command line always has a store."""
    parameters = inspect.signature(sample).parameters
    for f in fields(tree.SECTIONS["run"]):
        assert f.name in parameters
        if f.name != "out":
            assert f.default == parameters[f.name].default, f.name


@pytest.mark.parametrize("name", ["phi4", "phi4_hopping"])
def test_template_is_the_default(seen, tmp_path, name):
    """Reading the file that `init` writes gives back what it was written from, section by section."""
    couplings = {"kappa": 0.2, "lam": 0.02} if name == "phi4_hopping" else {"mass_squared": -4.0, "coupling": 1e-7}
    config = given(action={"name": name, **couplings}, lattice={"shape": (4, 6)}, run={"start": "hot"})
    text = template(replace(config, update=("hmc", "metropolis")), "b.toml")
    (tmp_path / "b.toml").write_text(text)
    assert seen("b.toml") == replace(config, update=("hmc", "metropolis"))
    assert max(map(len, text.splitlines())) <= 120
    assert set(ACTIONS) <= set(text.replace(",", " ").replace('"', " ").split())


def test_resolved_file_says_the_same(seen, tmp_path):
    config = tree.resolved(given(action={"preset": "symmetric"}, hmc={"steps": 7}))
    text = toml(config)
    assert "preset" not in text
    assert "metropolis" not in tomllib.loads(text)
    (tmp_path / "c.toml").write_text(text)
    assert seen("c.toml") == config
