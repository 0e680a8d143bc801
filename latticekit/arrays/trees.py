"""Parameter trees: nested dicts and (named) tuples with arrays as leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Tree = Any


def _branches(tree: Tree) -> list[tuple[str, Tree]] | None:
    """Named children of a node; None for a leaf."""
    if isinstance(tree, dict):
        return [(str(k), v) for k, v in tree.items()]
    if isinstance(tree, tuple):
        names = getattr(tree, "_fields", range(len(tree)))
        return [(str(k), v) for k, v in zip(names, tree)]
    return None


def _rebuild(like: Tree, children: list[Tree]) -> Tree:
    if isinstance(like, dict):
        return dict(zip(like, children))
    return type(like)(*children) if hasattr(like, "_fields") else tuple(children)


def tree_map(f: Callable[..., Any], tree: Tree, *others: Tree) -> Tree:
    """Apply f leaf by leaf to trees of the same shape, dictionaries paired by key; KeyError names a missing one."""
    branches = _branches(tree)
    if branches is None:
        return f(tree, *others)
    keys = list(tree) if isinstance(tree, dict) else range(len(branches))
    return _rebuild(tree, [tree_map(f, v, *(t[key] for t in others)) for key, (_, v) in zip(keys, branches)])


def tree_items(tree: Tree, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted name, leaf) pairs in a fixed order."""
    branches = _branches(tree)
    if branches is None:
        yield prefix, tree
        return
    for name, child in branches:
        yield from tree_items(child, f"{prefix}.{name}" if prefix else name)


def tree_from_items(like: Tree, items: dict[str, Any], prefix: str = "") -> Tree:
    """The tree of the shape of `like` whose leaves are looked up by dotted name; KeyError names a missing one."""
    branches = _branches(like)
    if branches is None:
        return items[prefix]
    return _rebuild(like, [tree_from_items(v, items, f"{prefix}.{k}" if prefix else k) for k, v in branches])
