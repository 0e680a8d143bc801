"""Is an update a pure function of its state and key, chain by chain?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from latticekit.arrays import tree_items, tree_map
from latticekit.random import Key
from latticekit.testing.parity import difference, frozen
from latticekit.testing.report import judge

Array = Any


def check_pure(update: Any, x: Array, key: Key | None = None) -> None:
    """Equal state and key give equal bits, inputs stay as they were, and read-only inputs work.  field -> None"""
    key, state = key or Key(0), frozen(update.init(frozen(x)))
    before = tree_map(np.copy, state)
    first, second = update.step(state, key), update.step(state, key)
    what = f"{update} with equal state and key"
    judge(difference(first, second, what), 0.0, what, "step must not remember, nor draw outside its key.")
    what = f"{update}: the state it was given"
    judge(difference(tree_map(np.asarray, state), before, what), 0.0, what, "step must return new arrays.")
    _no_alias(update, state, first)


def _no_alias(update: Any, state: Any, result: Any) -> None:
    """Results that are views of the input would change with it; the input itself, unchanged, is allowed."""
    for name, new in tree_items(result[0]):
        for _, old in tree_items(state):
            both = isinstance(new, np.ndarray) and isinstance(old, np.ndarray)
            if both and new is not old and np.shares_memory(new, old):
                raise AssertionError(f"{update}: result {name!r} is a view of the given state; return a new array")


def check_chains(update: Any, x: Array, key: Key | None = None, *, tolerance: float = 1e-12) -> float:
    """Worst difference between updating chains together and apart, with key.chain counting on.  field -> number

    Shows that a chain's history does not depend on how chains are spread over arrays or processes.
    """
    key, cut = key or Key(0), x.shape[0] // 2
    if cut == 0:
        raise ValueError("check_chains needs at least two chains")
    together, _ = update.step(update.init(x), key)
    first, _ = update.step(update.init(x[:cut, ...]), key)
    second, _ = update.step(update.init(x[cut:, ...]), replace(key, chain=key.chain + cut))
    what = f"{update}: chains updated together and apart"
    apart = {"x": np.concatenate([first.x, second.x]), "action": np.concatenate([first.action, second.action])}
    error = difference({"x": together.x, "action": together.action}, apart, what)
    return judge(error, tolerance, what, "Draw per chain from the key given, and mix no chains in a step.")
