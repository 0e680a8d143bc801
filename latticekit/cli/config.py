"""The settings of a run and of a training: trees of frozen dataclasses = the TOML file = the options of the command."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, make_dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Group, Parameter

from latticekit.actions import PRESETS, Action, GaugeAction, preset
from latticekit.cli.flows import FLOWS
from latticekit.cli.gauge import gauge_settings
from latticekit.cli.sections import (
    ACTIONS,
    action_parameters,
    action_section,
    choice,
    choices,
    couplings_section,
    flow_section,
    option,
    section,
    snake,
    update_classes,
    update_section,
)
from latticekit.observables import OBSERVABLES
from latticekit.updates import Sequence, Update

UPDATES = update_classes()
_BACKEND, _DTYPE = Literal["numpy", "cupy"], Literal["float64", "float32"]
_RUN: list[tuple[str, Any, Any]] = [
    ("chains", int, 4),
    ("draws", int, 1000),
    ("warmup", int, 200),
    ("thin", int, 1),
    ("seed", int, 0),
    ("out", option(Path, "out", name=("--run.out", "--out")), Path("ensemble.zarr")),
    ("resume", option(bool, "resume", name=("--run.resume", "--resume")), False),
    ("observables", choices(OBSERVABLES) | None, None),
    ("configurations", int, 0),
    ("backend", _BACKEND, "numpy"),
    ("dtype", _DTYPE, "float64"),
    ("start", Literal["cold", "hot"], "cold"),
]
_TRAIN: list[tuple[str, Any, Any]] = [
    ("steps", int | None, None),
    ("seconds", float | None, None),
    ("seed", int, 0),
    ("batch", int | None, None),
    ("learning_rate", float | None, None),
    ("out", option(Path, "out", "train", name=("--train.out", "--out")), Path("flow")),
    ("resume", option(bool, "resume", "train", name=("--train.resume", "--resume")), False),
    ("backend", _BACKEND, "numpy"),
    ("dtype", _DTYPE, "float64"),
]
_PHYSICS = {
    "action": action_section(PRESETS),
    "lattice": section("lattice", [("shape", tuple[int, ...], ())]),
}
SECTIONS: dict[str, Any] = {
    **_PHYSICS,
    "model": section("model", [("path", Path | None, None)]),
    "run": section("run", _RUN),
    **{name: made for name, cls in UPDATES.items() if fields(made := update_section(cls))},
}
TRAIN_SECTIONS: dict[str, Any] = {
    **_PHYSICS,
    "couplings": couplings_section(),
    "train": section("train", _TRAIN),
    **{name: flow_section(name) for name in FLOWS},
}


@dataclass(frozen=True)
class Kind:
    """What a tree of settings is for: the command, the key that chooses parts, the parts, the sections."""

    command: str
    key: str
    parts: Mapping[str, Any]
    sections: Mapping[str, Any]


def _tree(name: str, kind: Kind, hint: Any, default: Any) -> Any:
    """The dataclass of all sections; those of parts are used if `key` chooses them."""
    members = [
        (title, Annotated[cls, Parameter(group=Group(title, sort_key=order))], cls())
        for order, (title, cls) in enumerate(kind.sections.items())
    ]
    space = {
        "__module__": __name__,
        "__doc__": f"Everything that `latticekit {kind.command}` can be told.",
        "kind": kind,
    }
    return make_dataclass(name, [(kind.key, option(hint, kind.key), default), *members], frozen=True, namespace=space)


Config: Any = _tree("Config", Kind("run", "update", UPDATES, SECTIONS), choices(UPDATES), ("hmc",))
TrainConfig: Any = _tree("TrainConfig", Kind("train", "flow", FLOWS, TRAIN_SECTIONS), choice(FLOWS), "continuous")


def resolved(config: Any) -> Any:
    """The same settings with preset or model written out, as they are stored with the results."""
    model = _model(config)
    known = preset(config.action.preset).lattice if config.action.preset else model.flow.sites if model else ()
    if not (shape := config.lattice.shape or known):
        raise ValueError("[lattice] shape is missing: give the extents, e.g. shape = [8, 8], or an [action] preset")
    action = replace(config.action, preset=None, **_couplings(config.action))
    if model and model.action is not None and not _couplings(config.action):
        action = _of_model(config.action, model.action)
    return replace(config, action=action, lattice=replace(config.lattice, shape=tuple(shape)))


def action_of(config: Any) -> Action:
    """The action of a resolved run."""
    build = ACTIONS[config.action.name]
    given = _couplings(config.action)
    _refuse_foreign(config.action.name, given)
    missing = [name for name, optional in action_parameters(build).items() if not optional and name not in given]
    if missing:
        raise ValueError(
            f"[action] {config.action.name} needs {', '.join(missing)}: give {'it' if len(missing) == 1 else 'them'}, "
            f"or a preset, one of {', '.join(PRESETS)}"
        )
    dim = {"dim": len(config.lattice.shape)} if "dim" in inspect.signature(build).parameters else {}
    return build(**given, **dim)


def target_of(config: Any) -> tuple[Any, dict[str, tuple[float, float]] | None]:
    """The target of a resolved training as `latticekit.train` takes it: an action, or what makes one, and ranges."""
    ranges = {name: ends for name, ends in arguments(config.couplings).items() if ends is not None}
    if not ranges:
        return action_of(config), None
    return lambda **couplings: action_of(replace(config, action=replace(config.action, **couplings))), ranges


def update_of(config: Any) -> Update:
    """The update of a resolved run: one, or several in turn."""
    if not config.update:
        raise ValueError(f'update is empty: name at least one, e.g. update = ["hmc"]; known: {", ".join(UPDATES)}')
    action = action_of(config)
    parts = [_update(name, action, config) for name in config.update]
    return parts[0] if len(parts) == 1 else Sequence(parts)


def layer_of(config: Any) -> Any:
    """The layer of a training."""
    settings = getattr(config, config.flow)
    return FLOWS[config.flow](**{f.name: getattr(settings, f.name) for f in fields(settings)})


def arguments(here: Any) -> dict[str, Any]:
    """A section as arguments of `latticekit.sample` or `latticekit.train`."""
    return {f.name: getattr(here, f.name) for f in fields(here)}


def _model(config: Any) -> Any:
    """The trained model of a run, None if it names none."""
    if getattr(config, "model", None) is None or config.model.path is None:
        return None
    from latticekit.ensembles import load_model

    return load_model(config.model.path, backend=config.run.backend, dtype=config.run.dtype)


def _of_model(given: Any, action: Action) -> Any:
    """[action] as the model has it."""
    name, *_ = (known := action.parameters()).values()
    couplings = {key: value for key, value in known.items() if key != "name"}
    if snake(name) not in ACTIONS or not set(couplings) <= set(action_parameters(ACTIONS[snake(name)])):
        raise ValueError(f"[action] is missing: that of the model, {name}, cannot be written in a file")
    return replace(given, name=snake(name), preset=None, **couplings)


def _couplings(action: Any) -> dict[str, Any]:
    """Those given, on top of those of the preset."""
    given = {f.name: getattr(action, f.name) for f in fields(action) if f.name not in ("name", "preset")}
    given = {name: value for name, value in given.items() if value is not None}
    if action.preset is None:
        return given
    known = preset_settings(action.preset)
    if action.name != known["name"]:
        raise ValueError(
            f"[action] preset {action.preset} is a point of {known['name']}, not of {action.name}: "
            f"write name = {known['name']}"
        )
    return {name: value for name, value in known.items() if name != "name"} | given


def preset_settings(name: str) -> dict[str, Any]:
    """[action] of a named point: name and couplings."""
    action = preset(name).action
    if isinstance(action, GaugeAction):
        return gauge_settings(action)
    known = action.parameters()
    return known | {"name": snake(known["name"])}


def _refuse_foreign(name: str, given: dict[str, Any]) -> None:
    accepted = list(action_parameters(ACTIONS[name]))
    foreign = [key for key in given if key not in accepted]
    if foreign:
        others = [n for n, build in ACTIONS.items() if set(given) <= set(action_parameters(build))]
        hint = f"choose name = {' or '.join(map(repr, others))}" if others else "leave the others out"
        raise ValueError(f"[action] {name} takes {', '.join(accepted)}, got {', '.join(given)}: {hint}")


def _update(name: str, action: Action, config: Any) -> Update:
    """The update of a section; a setting that is left out takes the default of its class."""
    settings = getattr(config, name, None)
    given = {key: value for key, value in (arguments(settings) if settings else {}).items() if value is not None}
    needed = [f.name for f in fields(UPDATES[name]) if f.default is MISSING and f.init and f.name != "action"]  # type: ignore[arg-type]
    for key in {"flow", "trajectory"} & set(needed):
        given[key] = _flow(name, config)
    missing = [key for key in needed if key not in given]
    if missing:
        raise ValueError(f"[{name}] {', '.join(missing)} is missing: it has no default")
    return UPDATES[name](action, **given)  # type: ignore[call-arg]


def _flow(name: str, config: Any) -> Any:
    """The flow of the model, on the lattice of the run (volume transfer), at its couplings if it takes them."""
    model = _model(config)
    if model is None:
        raise ValueError(f"{name} needs a trained flow: [model] path = the folder that latticekit train wrote")
    given = {key: value for key, value in arguments(config.action).items() if value is not None}
    flow = model.at(**{key: given[key] for key in model.ranges if key in given})
    shape = tuple(config.lattice.shape)
    return flow if shape == flow.sites else flow.on(shape)
