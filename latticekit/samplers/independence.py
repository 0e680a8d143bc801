"""Independence Metropolis: proposals of a flow, whatever the field is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from latticekit.actions import Action
from latticekit.arrays import namespace
from latticekit.flows import Flow
from latticekit.random import Key
from latticekit.samplers import proposals
from latticekit.samplers.proposals import Blocks, Place, Proposals, block_size
from latticekit.updates import State, Update
from latticekit.updates.acceptance import metropolis_test, select
from latticekit.updates.base import Info

Array = Any
_LOWEST = -1e300  # a log weight that every finite one beats


class Remembered(NamedTuple):
    """The field that the last step left and its log q: another update may have moved it since."""

    x: Array
    log_q: Array
    place: Place


@dataclass(frozen=True)
class IndependenceMetropolis(Update):
    """x' drawn from a flow q, accepted with min(1, w(x') / w(x)), w = exp(-S) / q.

    Exact for any flow whose log q is that of its draws: a poor flow is refused often, it does not bias.  Modes that the
    flow never visits stay unvisited for long, without a sign in the chain: mix with HMC in a `Sequence` (log q of
    fields that HMC has moved comes from the inverse of the flow), and look at the forward ESS.
    block: steps whose proposals are drawn in one evaluation of the flow; None: enough for about 64 fields.
    Hastings, Biometrika 57 (1970) 97; Albergo, Kanwar and Shanahan, arXiv:1904.12072, sec. II.
    """

    action: Action
    flow: Flow
    block: int | None = None
    _blocks: Blocks = field(default_factory=Blocks, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        proposals.check_flow("IndependenceMetropolis", self.flow, self.action)
        if self.block is not None and self.block < 1:
            raise ValueError(f"IndependenceMetropolis: block must be at least 1 (or None), got {self.block}")

    def init(self, x: Array) -> State:
        """State of a field; its log q is not known until it is needed."""
        proposals.check_like("IndependenceMetropolis", self.flow, x)
        xp, action = namespace(x), self.action.value(x)
        return State(x, action, Remembered(xp.full_like(x, float("nan")), xp.zeros_like(action), Place()))

    def step(self, state: State, key: Key) -> tuple[State, Info]:
        """One proposal for every chain."""
        log_q = self._log_q(state)
        return self._moved(state, key, -state.action - log_q, Remembered(state.x, log_q, state.tuning.place))

    def warm(self, state: State, key: Key) -> tuple[State, Info]:
        """Take every finite proposal: a start far from the flow would refuse them all."""
        return self._moved(state, key, namespace(state.x).full_like(state.action, _LOWEST), state.tuning)

    def check(self, sites: tuple[int, ...]) -> None:
        """Raise ValueError unless the flow is one of this lattice."""
        proposals.check_sites("IndependenceMetropolis", self.flow, sites)

    def parameters(self) -> dict[str, Any]:
        """Name, flow with a hash of its parameters, block."""
        return proposals.parameters("IndependenceMetropolis", self.flow) | {"block": self.block}

    def report(self, state: State) -> dict[str, Any]:
        """Whether log q is normalised, and its defect if there is one."""
        return proposals.report(self.flow)

    def _moved(self, state: State, key: Key, current: Array, known: Remembered) -> tuple[State, Info]:
        new, place = self._proposal(state, key)
        proposed = new.log_weight
        accepted = metropolis_test(current - proposed, key)
        x, action = select(accepted, new.x, state.x), select(accepted, new.action, state.action)
        seen = x if known.x is state.x else select(accepted, new.x, known.x)
        remembered = Remembered(seen, select(accepted, new.log_q, known.log_q), place)
        return State(x, action, remembered), _info(accepted, current, proposed)

    def _proposal(self, state: State, key: Key) -> tuple[Proposals, Place]:
        chains = state.x.shape[0]
        size = self.block or block_size(self.flow, chains)
        place = state.tuning.place.at(key.step, size)
        return self._blocks.proposal(self.flow, self.action, key, chains, place, size), place

    def _log_q(self, state: State) -> Array:
        """log q of the field: remembered where it stands as it was left, else by the inverse of the flow."""
        xp, known = namespace(state.x), state.tuning
        axes = tuple(range(1, state.x.ndim))
        same = xp.all(state.x == known.x, axis=axes)
        if bool(xp.all(same)):
            return known.log_q
        with np.errstate(all="ignore"):
            return xp.where(same, known.log_q, self.flow.log_q(state.x))


def _info(accepted: Array, current: Array, proposed: Array) -> Info:
    xp, gain = namespace(accepted), proposed - current
    rate = xp.exp(xp.minimum(gain, xp.zeros_like(gain)))
    return {
        "accepted": accepted,
        "acceptance_rate": xp.where(xp.isfinite(gain), rate, xp.zeros_like(rate)),
        "log_weight": xp.where(accepted, proposed, current),
        "proposed_log_weight": proposed,
    }
