"""The settings of a run: one tree of frozen dataclasses = run.toml = the options of `latticekit run`."""

from __future__ import annotations

import inspect
from dataclasses import MISSING, fields, make_dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Group, Parameter

from latticekit.actions import PRESETS, Action, preset
from latticekit.cli.sections import (
    ACTIONS,
    action_parameters,
    action_section,
    choices,
    option,
    section,
    update_classes,
    update_section,
)
from latticekit.observables import OBSERVABLES
from latticekit.updates import Sequence, Update

UPDATES = update_classes()
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
    ("backend", Literal["numpy", "cupy"], "numpy"),
    ("dtype", Literal["float64", "float32"], "float64"),
    ("start", Literal["cold", "hot"], "cold"),
]
SECTIONS: dict[str, Any] = {
    "action": action_section(PRESETS),
    "lattice": section("Lattice", [("shape", tuple[int, ...], ())]),
    "run": section("Run", _RUN),
    **{name: made for name, cls in UPDATES.items() if fields(made := update_section(cls))},
}
Config: Any = make_dataclass(
    "Config",
    [
        ("update", option(choices(UPDATES), "update"), ("hmc",)),
        *(
            (name, Annotated[cls, Parameter(group=Group(name, sort_key=order))], cls())
            for order, (name, cls) in enumerate(SECTIONS.items())
        ),
    ],
    frozen=True,
    namespace={"__module__": __name__, "__doc__": "Everything that `latticekit run` can be told."},
)


def resolved(config: Any) -> Any:
    """The same run with its preset written out, as it is stored with the ensemble."""
    shape = config.lattice.shape or (preset(config.action.preset).lattice if config.action.preset else ())
    if not shape:
        raise ValueError("[lattice] shape is missing: give the extents, e.g. shape = [8, 8], or an [action] preset")
    action = replace(config.action, preset=None, **_couplings(config.action))
    return replace(config, action=action, lattice=replace(config.lattice, shape=shape))


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


def update_of(config: Any) -> Update:
    """The update of a resolved run: one, or several in turn."""
    if not config.update:
        raise ValueError(f'update is empty: name at least one, e.g. update = ["hmc"]; known: {", ".join(UPDATES)}')
    action = action_of(config)
    parts = [_update(name, action, getattr(config, name, None)) for name in config.update]
    return parts[0] if len(parts) == 1 else Sequence(parts)


def sampling(config: Any) -> dict[str, Any]:
    """The arguments of `latticekit.sample` besides the update and the lattice."""
    return {name: getattr(config.run, name) for name in (f.name for f in fields(config.run))}


def _couplings(action: Any) -> dict[str, Any]:
    """Those given, on top of those of the preset."""
    given = {f.name: getattr(action, f.name) for f in fields(action) if f.name not in ("name", "preset")}
    given = {name: value for name, value in given.items() if value is not None}
    if action.preset is None:
        return given
    known = preset(action.preset).action.parameters()
    if action.name != known["name"].lower():
        raise ValueError(f"[action] preset {action.preset} is a point of {known['name'].lower()}, not of {action.name}")
    return {name: value for name, value in known.items() if name != "name"} | given


def _refuse_foreign(name: str, given: dict[str, Any]) -> None:
    accepted = list(action_parameters(ACTIONS[name]))
    foreign = [key for key in given if key not in accepted]
    if foreign:
        others = [n for n, build in ACTIONS.items() if set(given) <= set(action_parameters(build))]
        hint = f"choose name = {' or '.join(map(repr, others))}" if others else "leave the others out"
        raise ValueError(f"[action] {name} takes {', '.join(accepted)}, got {', '.join(given)}: {hint}")


def _update(name: str, action: Action, settings: Any) -> Update:
    """The update of a section; a setting that is left out takes the default of its class."""
    given = {f.name: getattr(settings, f.name) for f in fields(settings)} if settings else {}
    given = {key: value for key, value in given.items() if value is not None}
    needed = [f.name for f in fields(UPDATES[name]) if f.default is MISSING and f.name != "action"]  # type: ignore[arg-type]
    missing = [key for key in needed if key not in given]
    if missing:
        raise ValueError(f"[{name}] {', '.join(missing)} is missing: it has no default")
    return UPDATES[name](action, **given)  # type: ignore[call-arg]
