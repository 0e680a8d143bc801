"""Model bundles: a trained flow as a folder to keep and to share.

`model.safetensors` holds parameters, arrays among the settings, and the history; `model.toml` says what they mean: the
flow, the action, the training, the SHA-256 of the arrays; `README.md` is the card for people.  No code is stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from latticekit.actions import Action, action_from
from latticekit.arrays import backend as backend_of
from latticekit.arrays import to_host, tree_from_items, tree_items
from latticekit.ensembles.durable import partial_of, replace_directory, replace_file
from latticekit.ensembles.faults import StoreDamaged, StoreError
from latticekit.ensembles.models import safetensors, toml
from latticekit.ensembles.models.card import card
from latticekit.ensembles.training.plan import dtype_name
from latticekit.ensembles.training.trained import MODEL, Trained
from latticekit.flows import Flow
from latticekit.flows.bundled import built, known_parts
from latticekit.flows.parameters import Setting, count
from latticekit.random import Key

SCHEMA, SCHEMA_VERSION = "latticekit.model", "1"
_ARRAYS, _DESCRIPTION, _CARD = "model.safetensors", "model.toml", "README.md"


def save_model(
    path: str | Path, model: Trained | Flow, *, action: Action | None = None, overwrite: bool = False
) -> Path:
    """Write a bundle, whole or not at all: parameters, description, card.

    model: what `train` returned, or a Flow (then say its `action`).  overwrite: replace a bundle that is there;
    anything else is never touched.
    """
    target = Path(path).expanduser()
    _check_place(target, overwrite)
    trained = model if isinstance(model, Trained) else Trained(model, action, xr.Dataset())
    settings, arrays = _without_arrays(trained.flow.settings())
    arrays |= {f"params.{name}": to_host(leaf) for name, leaf in tree_items(trained.flow.params)}
    arrays |= {f"history.{name}": np.asarray(x.values) for name, x in trained.history.variables.items()}
    data = safetensors.to_bytes(arrays, {"format": "latticekit", "schema": SCHEMA})
    tables = _tables(trained, settings, data)
    fresh = partial_of(target)
    replace_file(fresh / _ARRAYS, data)
    replace_file(fresh / _DESCRIPTION, toml.dumped(tables).encode())
    replace_file(fresh / _CARD, card(trained, tables).encode())
    replace_directory(fresh, target)
    return target


def load_model(path: str | Path, *, backend: str = "numpy", dtype: str | None = None) -> Trained:
    """The model of a bundle, or of the folder that `train(..., out=...)` wrote, ready to draw; its hash is checked.

    backend: array library of the parameters.  dtype: "float32" or "float64"; that of the training unless given.
    """
    root = _folder(Path(path).expanduser())
    tables = _description(root)
    data = _read(root / _ARRAYS)
    if hashlib.sha256(data).hexdigest() != tables["parameters"]["sha256"]:
        raise StoreDamaged(f"{root / _ARRAYS} does not match the SHA-256 in {_DESCRIPTION}: restore it from a copy")
    arrays, _ = safetensors.from_bytes(data)
    xp, flow = backend_of(backend), tables["flow"]
    like = xp.zeros(0, dtype=getattr(xp, dtype or flow["dtype"]))

    def placed(x: np.ndarray) -> Any:
        return xp.asarray(x.copy(), dtype=like.dtype if x.dtype.kind == "f" else None)

    params = {name: placed(x) for name, x in _with_prefix(arrays, "params.")}
    parts = _with_arrays(flow, {name: placed(x) for name, x in _with_prefix(arrays, "settings.")})
    layer, prior = (built(parts[name], known_parts()) for name in ("layer", "prior"))
    sites = tuple(flow["lattice"])
    layer = _with_params(layer, params, Setting(sites, like, Key(0)), root)
    history = _history(dict(_with_prefix(arrays, "history.")), tables)
    action = action_from(tables["action"]) if tables.get("action") else None
    return Trained(Flow(layer, prior, sites, like), action, history, tables["training"] or {})


def _tables(trained: Trained, settings: dict[str, Any], data: bytes) -> dict[str, Any]:
    """What model.toml says."""
    from latticekit import __version__

    flow = trained.flow
    return {
        "model": {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "latticekit": __version__,
        },
        "parameters": {"count": count(flow.params), "sha256": hashlib.sha256(data).hexdigest(), "file": _ARRAYS},
        "training": trained.record,
        "provenance": {str(key): value for key, value in trained.history.attrs.items()},
        "action": trained.action.parameters() if trained.action is not None else {},
        "flow": {"lattice": list(flow.sites), "dtype": dtype_name(flow)} | settings,
    }


def _check_place(target: Path, overwrite: bool) -> None:
    if not target.exists():
        return
    if not (target / _DESCRIPTION).exists():
        raise StoreError(f"{target} exists and is no model bundle: choose another name")
    if not overwrite:
        raise StoreError(f"{target} exists: replace it with overwrite = True, or choose another name")


def _folder(path: Path) -> Path:
    """The bundle itself, also when the folder of a training is given."""
    for root in (path, path / MODEL):
        if (root / _DESCRIPTION).exists():
            return root
    raise StoreError(
        f"{path} is no model bundle: there is no {_DESCRIPTION} in it. The folder of a training holds one once it has "
        "ended; continue it with train(..., resume=True)."
    )


def _description(root: Path) -> dict[str, Any]:
    try:
        tables = toml.loaded(_read(root / _DESCRIPTION).decode())
        schema = tables["model"]["schema"], tables["model"]["schema_version"]
        tables["parameters"]["sha256"], tables["flow"]["layer"]
    except (ValueError, KeyError, TypeError) as error:
        raise StoreDamaged(f"{root / _DESCRIPTION} is damaged: {error}. Restore it from a copy.") from error
    if schema != (SCHEMA, SCHEMA_VERSION):
        raise StoreError(f"{root} has schema {schema}, this latticekit reads {(SCHEMA, SCHEMA_VERSION)}: update it")
    return {"training": {}} | tables


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from error


def _with_params(layer: Any, items: dict[str, Any], setting: Setting, root: Path) -> Any:
    """The layer with its parameters, which must be those of a fresh one by name and shape."""
    params = layer.init(setting).params
    wanted = {name: tuple(leaf.shape) for name, leaf in tree_items(params)}
    given = {name: tuple(leaf.shape) for name, leaf in items.items()}
    if wrong := sorted(name for name in wanted.keys() | given.keys() if wanted.get(name) != given.get(name)):
        first = f"{wrong[0]}: {wanted.get(wrong[0], 'none')} needed, {given.get(wrong[0], 'none')} stored"
        raise StoreError(f"{root}: the parameters do not fit the flow that {_DESCRIPTION} describes ({first})")
    return layer.with_params(tree_from_items(params, items))


def _without_arrays(settings: dict[str, Any]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Settings with {"array": "n"} in the place of arrays, and the arrays as settings.n."""
    arrays: dict[str, np.ndarray] = {}

    def plain(one: Any) -> Any:
        if isinstance(one, Mapping):
            return {key: plain(value) for key, value in one.items()}
        if isinstance(one, (list, tuple)):
            return [plain(item) for item in one]
        if one is None or isinstance(one, (bool, int, float, str)):
            return one
        host = to_host(one)
        if not host.shape:
            return host.item()
        arrays[f"settings.{len(arrays)}"] = host
        return {"array": str(len(arrays) - 1)}

    return plain(settings), arrays


def _with_arrays(one: Any, arrays: dict[str, Any]) -> Any:
    if isinstance(one, dict):
        if set(one) == {"array"}:
            return arrays[one["array"]]
        return {key: _with_arrays(value, arrays) for key, value in one.items()}
    return [_with_arrays(item, arrays) for item in one] if isinstance(one, list) else one


def _with_prefix(arrays: dict[str, np.ndarray], prefix: str) -> Iterator[tuple[str, np.ndarray]]:
    return ((name.removeprefix(prefix), x) for name, x in arrays.items() if name.startswith(prefix))


def _history(columns: dict[str, np.ndarray], tables: dict[str, Any]) -> xr.Dataset:
    from latticekit.ensembles.training.record import labelled

    return labelled(columns).assign_attrs(tables.get("provenance") or {})
