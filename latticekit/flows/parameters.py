"""What layers, networks and priors share: a tree of parameters that is replaced, never mutated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Self

from latticekit.arrays import namespace, tree_items, tree_map
from latticekit.random import Key

Array = Any
Tree = Any


class Setting(NamedTuple):
    """What parameters are made for."""

    sites: tuple[int, ...]
    """Extents of the lattice."""
    like: Array
    """An array whose dtype (real), namespace and device the parameters take."""
    key: Key
    """Where random starts come from: `key.fold("weights", n)`."""
    action: Any = None
    """The target, for layers that start from what is known of it; None: start from nothing."""

    def part(self, index: int, parts: int) -> Setting:
        """The setting of the index-th of `parts` members, each with random numbers of its own."""
        return self._replace(key=self.key.part(index, parts))


@dataclass(frozen=True)
class Parametric:
    """Base of dataclasses with parameters: `params` is a tree of arrays with the paper's symbols as names.

    A fresh object holds settings only; `init` returns one with parameters.  Members that have parameters of their
    own (a network in a coupling, layers in a sequence) are named by `members`, and `params` is the tree of theirs.
    """

    own: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False, kw_only=True)
    """Parameters that belong to no member, by their symbol in the paper."""

    def members(self) -> dict[str, Parametric]:
        """Fields that have parameters of their own, by name; the names are those `with_members` takes."""
        return {}

    def with_members(self, members: dict[str, Any]) -> Self:
        """The same object with other members."""
        return replace(self, **members) if members else self

    @property
    def params(self) -> dict[str, Tree]:
        """All parameters: own ones, then those of the members under their names."""
        return dict(self.own) | {name: one.params for name, one in self.members().items()}

    def with_params(self, params: Mapping[str, Tree]) -> Self:
        """The same object with other parameters, a tree of the shape of `params`."""
        inner = self.members()
        made = self.with_members({name: one.with_params(params[name]) for name, one in inner.items()})
        return replace(made, own={name: value for name, value in params.items() if name not in inner})

    def init(self, setting: Setting) -> Self:
        """The same object with fresh parameters for a lattice; the default has members only."""
        inner = self.members()
        parts = {name: setting.part(i, len(inner)) for i, name in enumerate(inner)}
        return self.with_members({name: one.init(parts[name]) for name, one in inner.items()})

    def resized(self, sites: tuple[int, ...]) -> Self:
        """The trained object for another lattice (volume transfer); the default hands it to the members."""
        return self.with_members({name: one.resized(sites) for name, one in self.members().items()})

    def conditioned(self, couplings: Array) -> Self:
        """The same object at given couplings (numbers, or an array (chain, n)); the default hands it to the members."""
        return self.with_members({name: one.conditioned(couplings) for name, one in self.members().items()})

    def settings(self) -> dict[str, Any]:
        """Name and settings without parameters, as plain data: what a model bundle stores to build it again."""
        from latticekit.flows.bundled import described

        return described(self)


def zeros_of(params: Tree) -> Tree:
    """A tree of zeros of the same shapes."""
    return tree_map(lambda p: namespace(p).zeros_like(p), params)


def count(params: Tree) -> int:
    """Number of real parameters."""
    total = 0
    for _, leaf in tree_items(params):
        size = 1
        for n in leaf.shape:
            size *= n
        total += size
    return total
