"""Do two versions of a function agree: kernel and reference, NumPy and strict Array API, writable and read-only?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from latticekit.arrays import backend, library, to_host, tree_items, tree_map, using_kernels
from latticekit.testing.report import judge

Array = Any
Tree = Any
_TOLERANCE = {"float64": 1e-12, "complex128": 1e-12, "float32": 1e-5, "complex64": 1e-5}


def difference(result: Tree, expected: Tree, what: str) -> float:
    """Worst |a - b| / max(1, |b|) over the arrays of two trees of results; names, shapes and dtypes must agree."""
    left, right = dict(tree_items(result)), dict(tree_items(expected))
    if left.keys() != right.keys():
        raise AssertionError(f"{what}: results are named {list(left)}, expected {list(right)}")
    return max((_leaf(left[n], right[n], f"{what}: result {n or '0'}") for n in left), default=0.0)


def _leaf(a: Any, b: Any, what: str) -> float:
    a, b = np.asarray(to_host(a)), np.asarray(to_host(b))
    if a.shape != b.shape or a.dtype != b.dtype:
        raise AssertionError(f"{what} is {a.dtype}{a.shape}, expected {b.dtype}{b.shape}")
    if a.dtype.kind not in "fc":
        return 0.0 if np.array_equal(a, b) else float("inf")
    scale = max(1.0, float(np.max(np.abs(b), initial=0.0, where=np.isfinite(b))))
    differ = (a != b) & ~(np.isnan(a) & np.isnan(b))  # equal infinities agree
    return float(np.max(np.abs(a[differ] - b[differ]), initial=0.0)) / scale


def frozen(tree: Tree) -> Tree:
    """A copy of a tree whose NumPy arrays are read-only."""

    def freeze(leaf: Any) -> Any:
        if not isinstance(leaf, np.ndarray):
            return leaf
        copy = leaf.copy()
        copy.flags.writeable = False
        return copy

    return tree_map(freeze, tree)


def check_parity(accelerated: Any, args: tuple[Any, ...], *, tolerance: float | None = None) -> float | None:
    """Worst relative difference of a kernel from its reference, inputs left as they were; None if it declines."""
    name, before = library(args[0]), frozen(args)
    given = tree_map(lambda leaf: leaf.copy() if isinstance(leaf, np.ndarray) else leaf, args)
    result = accelerated.kernel(name)(*given)
    for old, new in zip(before, given):
        if isinstance(old, np.ndarray) and not np.array_equal(old, new, equal_nan=True):
            raise AssertionError(f"{name} kernel of {accelerated.__name__} changed its input; return a new array")
    if result is NotImplemented:
        return None
    with using_kernels("reference"):
        expected = accelerated.reference(*before)
    what = f"{name} kernel of {accelerated.__name__} against its reference"
    tolerance = _TOLERANCE[_dtype(args)] if tolerance is None else tolerance
    return judge(difference(result, expected, what), tolerance, what, "The reference is the definition.")


def _dtype(args: tuple[Any, ...]) -> str:
    return str(args[0].dtype).rpartition(".")[2]


def check_strict(f: Callable[..., Any], *args: Any, tolerance: float = 1e-13) -> float:
    """Worst relative difference of f on array_api_strict arrays from f on NumPy, whose inputs are read-only.

    NumPy arrays among the (trees of) arguments are converted; results must come back in the caller's library.
    """
    strict, what = backend("array_api_strict"), f"{getattr(f, '__qualname__', f)} on array_api_strict against NumPy"
    with using_kernels("reference"):
        expected = f(*frozen(args))
        result = f(*tree_map(lambda leaf: strict.asarray(leaf) if isinstance(leaf, np.ndarray) else leaf, args))
    for name, leaf in tree_items(result):
        if isinstance(leaf, np.ndarray):
            raise AssertionError(f"{what}: result {name or '0'} is a NumPy array; stay in the caller's library")
    return judge(
        difference(tree_map(_plain, result), tree_map(_plain, expected), what),
        tolerance,
        what,
        "Use standard names only.",
    )


def _plain(leaf: Any) -> Any:
    return np.asarray(leaf)
