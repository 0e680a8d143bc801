"""What the local updates share: which sweeps an action has, by sites or by links."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatch
from typing import Any, NamedTuple

from latticekit.actions import Action, HasConditional, LinkAction
from latticekit.arrays import namespace
from latticekit.lattice import volume
from latticekit.random import Key
from latticekit.updates.base import Array, State, Update
from latticekit.updates.checkerboard import check_parities
from latticekit.updates.colours import check_colours, extents, subgroups
from latticekit.updates.links_heatbath import link_heatbath
from latticekit.updates.links_metropolis import link_metropolis
from latticekit.updates.links_overrelaxation import link_overrelaxation
from latticekit.updates.sites_heatbath import heatbath_sweep
from latticekit.updates.sites_metropolis import metropolis_sweep
from latticekit.updates.sites_overrelaxation import overrelaxation_sweep


class Sweeps(NamedTuple):
    """How to go once through the variables of a field, all of one colour at a time."""

    extents: Callable[[Array], tuple[int, ...]]
    """field -> its sites"""
    check: Callable[[Any, tuple[int, ...], str], None]
    """action, sites, name of the update: raises ValueError if the colours do not fit on these sites"""
    variables: Callable[[Array, Any], int]
    """field, action -> variables per chain"""
    draws: Callable[[Array, Any], int]
    """field, action -> draws of a heatbath per chain"""
    heatbath: Callable[..., tuple[Array, Array, Array]]
    """field, action, key, attempts -> field, tries, failures (chain,)"""
    overrelaxation: Callable[[Array, Any, Key], tuple[Array, Array]]
    """field, action, key -> field, accepted (chain,)"""
    metropolis: Callable[..., tuple[Array, Array]]
    """field, action, key, step_size, hits -> field, accepted (chain,)"""


@singledispatch
def sweeps(action: Any) -> Sweeps | None:
    """The sweeps of an action; a new kind of action registers its own."""
    return None


@sweeps.register(HasConditional)
def _(action: HasConditional) -> Sweeps:
    return SITES


@sweeps.register
def _(action: LinkAction) -> Sweeps:
    return LINKS


def _subgroup_draws(x: Array, action: LinkAction) -> int:
    return action.free_links(x) * max(1, len(subgroups(action.group.n)))


def _all_reflected(x: Array, action: LinkAction, key: Key) -> tuple[Array, Array]:
    xp, links = namespace(x), float(action.free_links(x))
    return link_overrelaxation(x, action), xp.full((x.shape[0],), links, dtype=xp.float64, device=x.device)


SITES = Sweeps(
    extents=lambda x: tuple(x.shape[1:]),
    check=lambda action, sites, who: check_parities(sites, who),
    variables=lambda x, action: volume(x.shape[1:]),
    draws=lambda x, action: volume(x.shape[1:]),
    heatbath=heatbath_sweep,
    overrelaxation=overrelaxation_sweep,
    metropolis=metropolis_sweep,
)
"""One real variable per site, given its neighbours: even sites, then odd ones."""
LINKS = Sweeps(
    extents=extents,
    check=check_colours,
    variables=lambda x, action: action.free_links(x),
    draws=_subgroup_draws,
    heatbath=link_heatbath,
    overrelaxation=_all_reflected,
    metropolis=link_metropolis,
)
"""One group element per link, given its staple: direction by direction, colour by colour."""


@dataclass(frozen=True)
class Local(Update):
    """An update of every variable given its neighbours, one colour at a time."""

    action: Action

    def __post_init__(self) -> None:
        if sweeps(self.action) is None:
            raise TypeError(
                f"{type(self).__name__} needs an action with a weight per site (a method `conditional`) or per link "
                f"(a LinkAction, with a method `staple`), which {type(self.action).__name__} lacks: use HMC"
            )

    @property
    def sweeps(self) -> Sweeps:
        """The sweeps of the action."""
        found = sweeps(self.action)
        assert found is not None, "checked at construction"
        return found

    def init(self, x: Array) -> State:
        """State of a field on extents that the colours fit on."""
        self.check(self.sweeps.extents(x))
        return super().init(x)

    def check(self, sites: tuple[int, ...]) -> None:
        """Raise ValueError if variables of one colour would meet around the lattice."""
        self.sweeps.check(self.action, sites, type(self).__name__)
