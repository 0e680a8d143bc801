"""Independent draws of a flow that carry weights instead of a Metropolis test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from latticekit.actions import Action
from latticekit.arrays import namespace
from latticekit.flows import Flow
from latticekit.random import Key
from latticekit.samplers import proposals
from latticekit.samplers.proposals import Blocks, Place, block_size
from latticekit.updates import State, Update
from latticekit.updates.acceptance import select
from latticekit.updates.base import Info

Array = Any


@dataclass(frozen=True)
class Reweighting(Update):
    """x drawn from a flow q with log_weight = -S - log q: <O>_p = <w O>_q / <w>_q, w = exp(log_weight).

    Draws are independent, none is refused; `lk.summary` uses the weights, so use it (plain means are those of q).
    No Markov step: it stands alone, never in a `Sequence`.  block: as in `IndependenceMetropolis`.
    Nicoli et al., arXiv:1910.13496.
    """

    action: Action
    flow: Flow
    block: int | None = None
    _blocks: Blocks = field(default_factory=Blocks, init=False, repr=False, compare=False)
    weighted = "log_weight"

    def __post_init__(self) -> None:
        proposals.check_flow("Reweighting", self.flow, self.action)
        if self.block is not None and self.block < 1:
            raise ValueError(f"Reweighting: block must be at least 1 (or None), got {self.block}")

    def init(self, x: Array) -> State:
        """State of a field, which is forgotten at once."""
        proposals.check_like("Reweighting", self.flow, x)
        return State(x, self.action.value(x), Place())

    def step(self, state: State, key: Key) -> tuple[State, Info]:
        """One draw per chain; one without a finite weight repeats the field before, with weight zero."""
        chains = state.x.shape[0]
        size = self.block or block_size(self.flow, chains)
        place = state.tuning.at(key.step, size)
        new = self._blocks.proposal(self.flow, self.action, key, chains, place, size)
        log_weight = new.log_weight
        finite = namespace(log_weight).isfinite(log_weight)
        after = State(select(finite, new.x, state.x), select(finite, new.action, state.action), place)
        return after, {"log_weight": log_weight}

    def check(self, sites: tuple[int, ...]) -> None:
        """Raise ValueError unless the flow is one of this lattice."""
        proposals.check_sites("Reweighting", self.flow, sites)

    def parameters(self) -> dict[str, Any]:
        """Name, flow with a hash of its parameters, block."""
        return proposals.parameters("Reweighting", self.flow) | {"block": self.block}

    def report(self, state: State) -> dict[str, Any]:
        """Whether log q is normalised, and its defect if there is one."""
        return proposals.report(self.flow)
