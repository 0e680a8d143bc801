"""Two sides of the Schwinger-Dyson identity of link actions: squared force and trace of link times staple."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any

from latticekit.groups import Group
from latticekit.observables.base import Array
from latticekit.observables.links import LinkObservable, by_blocks


@dataclass(frozen=True)
class OfAction(LinkObservable):
    """A mean over links that needs the action; a run fills in its own."""

    action: Any = None

    costly = True

    def of(self, action: Any) -> OfAction:
        """This observable of an action, unless it has one."""
        return replace(self, action=action) if self.action is None else self

    def unsuited(self, group: Group, sites: tuple[int, ...]) -> str:
        """Needs an action linear in each link, on a lattice where no loop passes a link twice."""
        if found := super().unsuited(group, sites):
            return found
        if not hasattr(self.action, "link_trace"):
            return "needs an action that is linear in each link, such as Wilson's"
        if self.action.group != group or not self.action.linear(sites):
            return f"is not defined for {self.action} on these links: its loops must pass each of them at most once"
        return ""

    def measure(self, x: Array) -> Array:
        """Mean over the links that are not held.  field -> (chain,)"""
        return by_blocks(self._sum, x) * (1.0 / self.action.free_links(x))

    @abstractmethod
    def _sum(self, x: Array) -> Array:
        """Sum over links.  field -> (chain,)"""


@dataclass(frozen=True)
class ForceSquared(OfAction):
    """sum_a F_a^2 / C_F, mean over links: its expectation is that of `LinkTrace`, exactly, for every coupling."""

    name = "force_squared"
    long_name = "squared force over C_F, mean over links"
    symbol = r"F_a F_a / C_F"

    def _sum(self, x: Array) -> Array:
        force, group = self.action.force(x), self.action.group
        return group.inner(force, force) * (1.0 / group.casimir)


@dataclass(frozen=True)
class LinkTrace(OfAction):
    """Re tr(U V), mean over links, V the staples with their couplings: Wilson's is -4 S per link."""

    name = "link_trace"
    long_name = "trace of link times staple, mean over links"
    symbol = r"\mathrm{Re\,tr}\, U V"

    def _sum(self, x: Array) -> Array:
        return self.action.link_trace(x)
