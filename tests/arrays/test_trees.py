"""Parameter trees."""

from typing import NamedTuple

import pytest

from latticekit.arrays import tree_from_items, tree_items, tree_map


class Pair(NamedTuple):
    """Two leaves."""

    a: object
    b: object


TREE = {"layer": Pair(1, (2, 3)), "scale": 4, "empty": ()}


def test_items_are_named_by_their_path():
    assert dict(tree_items(TREE)) == {"layer.a": 1, "layer.b.0": 2, "layer.b.1": 3, "scale": 4}
    assert list(tree_items(5)) == [("", 5)]


def test_map_keeps_the_shape():
    assert tree_map(lambda x: 10 * x, TREE) == {"layer": Pair(10, (20, 30)), "scale": 40, "empty": ()}
    assert isinstance(tree_map(lambda x: x, TREE)["layer"], Pair)


def test_map_of_several_trees():
    assert tree_map(lambda x, y: x + y, TREE, TREE) == tree_map(lambda x: 2 * x, TREE)


def test_map_pairs_dictionaries_by_key():
    turned = dict(reversed(TREE.items()))
    assert tree_map(lambda x, y: (x, y), TREE, turned) == tree_map(lambda x: (x, x), TREE)
    with pytest.raises(KeyError, match="scale"):
        tree_map(lambda x, y: x + y, TREE, {key: value for key, value in TREE.items() if key != "scale"})


def test_round_trip_by_names():
    items = dict(reversed(list(tree_items(TREE))))
    assert tree_from_items(TREE, items) == TREE
    with pytest.raises(KeyError, match=r"layer\.b\.1"):
        tree_from_items(TREE, {k: v for k, v in items.items() if k != "layer.b.1"})
