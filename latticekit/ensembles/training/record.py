"""Steps of a training as labelled blocks, and its state as plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from latticekit.arrays import namespace, to_host, tree_from_items, tree_items, tree_map
from latticekit.flows.parameters import Tree
from latticekit.training import Report, State

_LABELS = {
    "step": ("training step", "n", "1"),
    "loss": ("loss up to a constant", r"\mathcal{L}", "1"),
    "ess": ("effective sample size per sample, of the batch", "ESS", "1"),
    "acceptance_rate": ("acceptance rate of independence Metropolis, of the batch", "A", "1"),
    "gradient_norm": ("norm of the gradient before clipping", r"|\nabla \mathcal{L}|", "1"),
    "learning_rate": ("learning rate", r"\eta", "1"),
    "skipped": ("loss or gradient not finite, parameters unchanged", "", "1"),
    "seconds": ("time of training so far", "t", "s"),
}


def block_of(reports: list[Report], seconds: list[float], first: int) -> xr.Dataset:
    """Consecutive steps from number `first` on as variables (step)."""
    columns = {name: np.asarray(values) for name, values in zip(Report._fields, zip(*reports))}
    step = np.arange(first, first + len(reports))
    return labelled({"step": step, **columns, "seconds": np.asarray(seconds)})


def labelled(columns: dict[str, np.ndarray]) -> xr.Dataset:
    """Columns of equal length with their labels; `step` is the coordinate."""
    attributes = {name: dict(zip(("long_name", "symbol", "units"), label)) for name, label in _LABELS.items()}
    found = {name: ("step", x, attributes[name]) for name, x in columns.items()}
    return xr.Dataset({name: found[name] for name in _LABELS if name in found and name != "step"}).assign_coords(
        {"step": found["step"]} if "step" in found else {}
    )


def packed(state: State, seconds: float) -> dict[str, Any]:
    """The state as a few host arrays: every tree of parameters as one vector."""
    trees = {"params": state.params, "average": state.average, "good": state.good}
    trees |= {f"moments.{name}": tree for name, tree in state.moments.items()}
    numbers = {f"memory.{name}": value for name, value in tree_items(state.memory)}
    counters = {"step": state.step, "updates": state.updates, "failures": state.failures}
    return {name: _vector(tree) for name, tree in trees.items()} | numbers | counters | {"seconds": seconds}


def unpacked(like: State, arrays: dict[str, Any]) -> tuple[State, float]:
    """The state, with types, namespace and device of a fresh one, and the seconds."""

    def tree(name: str) -> Tree:
        return _from_vector(like.params, arrays[name])

    counters = {name: int(arrays[name]) for name in ("step", "updates", "failures")}
    memory = {f: float(arrays[f"memory.{f}"]) for f, _ in tree_items(like.memory)}
    state = State(
        tree("params"),
        {name: tree(f"moments.{name}") for name in like.moments},
        tree("average"),
        tree("good"),
        tree_from_items(like.memory, memory),
        **counters,
    )
    return state, float(arrays["seconds"])


def _vector(tree: Tree) -> np.ndarray:
    leaves = [to_host(leaf).reshape(-1) for _, leaf in tree_items(tree)]
    return np.concatenate(leaves) if leaves else np.zeros(0)


def _from_vector(like: Tree, vector: np.ndarray) -> Tree:
    leaves = [leaf for _, leaf in tree_items(like)]
    ends = np.cumsum([int(np.prod(leaf.shape)) for leaf in leaves])
    if (ends[-1] if leaves else 0) != vector.size:
        raise ValueError(f"the stored state has {vector.size} parameters, the flow {ends[-1] if leaves else 0}")
    parts = iter(np.split(vector, ends[:-1]) if leaves else [])

    def one(leaf: Any) -> Any:
        xp, part = namespace(leaf), next(parts)
        return xp.asarray(part.reshape(tuple(leaf.shape)).copy(), dtype=leaf.dtype, device=leaf.device)

    return tree_map(one, like)
