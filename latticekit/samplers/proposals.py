"""Independent fields of a flow with their importance weights, drawn in blocks that cost one flow evaluation each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from latticekit.actions import Action
from latticekit.arrays import namespace, to_host
from latticekit.flows import Flow
from latticekit.flows.digests import params_digest, plain_data
from latticekit.random import Key

Array = Any
_TOGETHER = 64  # fields per evaluation: below it the overhead of a call is felt
_NUMBERS = 2**20  # per block at most


class Proposals(NamedTuple):
    """Independent fields x of density q, (chain, ...), with S(x) and log q(x), (chain,) float64."""

    x: Array
    action: Array
    log_q: Array

    @property
    def log_weight(self) -> Array:
        """log w = -S - log q, -inf where that is not a finite number: such a field counts as one of weight zero."""
        xp, log_w = namespace(self.action), -self.action - self.log_q
        return xp.where(xp.isfinite(log_w), log_w, xp.full_like(log_w, -float("inf")))


def propose(flow: Flow, action: Action, key: Key, chains: int) -> Proposals:
    """Fields of the flow and their weights, the numbers of chain c of this key.  -> fields (chain, ...), (chain,)"""
    with np.errstate(all="ignore"):  # a wild field is caught by its weight
        x, log_q = flow.draw(key, chains)
        return Proposals(x, action.value(x), log_q)


def propose_steps(flow: Flow, action: Action, keys: Sequence[Key], chains: int) -> list[Proposals]:
    """`propose` for the keys of several steps, in one evaluation of the flow."""
    if len(keys) == 1:
        return [propose(flow, action, keys[0], chains)]
    xp = namespace(flow.like)
    with np.errstate(all="ignore"):
        drawn = [flow.prior.draw(key, chains, flow.sites, flow.like) for key in keys]
        z, log_r = (xp.concat([one[i] for one in drawn], axis=0) for i in (0, 1))
        x, log_det, _ = flow.layer.apply(z)
        whole = Proposals(x, action.value(x), log_r - log_det)
    cuts = [slice(n * chains, (n + 1) * chains) for n in range(len(keys))]
    return [Proposals(*(part[cut, ...] for part in whole)) for cut in cuts]


class Place(NamedTuple):
    """Which steps the current block of proposals belongs to: first, first + stride, ...; `last` was asked for last."""

    first: int = -1
    stride: int = 1
    last: int = -1

    def at(self, step: int, size: int) -> Place:
        """The block that holds a step: this one, or the next one, in the stride of the last two steps."""
        ahead = step - self.first
        if self.first >= 0 and 0 <= ahead < self.stride * size and ahead % self.stride == 0:
            return self._replace(last=step)
        return Place(step, max(1, step - self.last) if self.last >= 0 else 1, step)


class Blocks:
    """The latest block of proposals: a memo of a pure function of flow, action, key and place, no state of a chain."""

    def __init__(self) -> None:
        self.name: Any = None
        self.proposals: list[Proposals] = []

    def proposal(self, flow: Flow, action: Action, key: Key, chains: int, place: Place, size: int) -> Proposals:
        """The proposals of `key.step`; those of the whole block are computed when it is entered."""
        name = (key.seed, key.chain, chains, place.first, place.stride, size)
        if name != self.name:
            keys = [key.at(place.first + n * place.stride) for n in range(size)]
            self.proposals, self.name = propose_steps(flow, action, keys, chains), name
        return self.proposals[(key.step - place.first) // place.stride]


def block_size(flow: Flow, chains: int) -> int:
    """Steps per block that make one evaluation worth its overhead and keep it in memory."""
    numbers = math.prod(flow.prior.group.shape(chains, flow.sites))
    return max(1, min(_TOGETHER // chains, _NUMBERS // max(1, numbers)))


def check_flow(name: str, flow: Flow, action: Action) -> None:
    """Raise unless the flow makes fields of the action."""
    if not isinstance(flow, Flow):
        raise TypeError(
            f"{name} needs a flow, e.g. lk.train(...).flow or lk.load_model(...).flow, got {type(flow).__name__}"
        )
    if flow.prior.group != action.group:
        raise ValueError(f"{name}: the flow makes fields of {flow.prior.group}, the action wants {action.group}")


def check_sites(name: str, flow: Flow, sites: tuple[int, ...]) -> None:
    """Raise unless the flow lives on these sites."""
    if tuple(sites) != flow.sites:
        raise ValueError(
            f"{name}: the flow was made for lattice={flow.sites}, got {tuple(sites)}: flow.on({tuple(sites)}) takes it "
            "there"
        )


def check_like(name: str, flow: Flow, x: Array) -> None:
    """Raise unless the field is of the precision and the array library of the flow."""
    xp = namespace(x)
    if xp is not namespace(flow.like):
        raise ValueError(
            f"{name}: the flow and the field are arrays of different libraries: load the flow for the backend"
        )
    if xp.finfo(x.dtype).bits != xp.finfo(flow.like.dtype).bits:
        raise ValueError(f"{name}: the flow computes in {flow.like.dtype}, the field is {x.dtype}: give both the same")


def parameters(name: str, flow: Flow) -> dict[str, Any]:
    """Name, the flow's settings, and a hash of its parameters: what is stored with an ensemble."""
    settings = {"layer": plain_data(flow.layer), "prior": plain_data(flow.prior), "lattice": list(flow.sites)}
    return {"name": name, "flow": settings, "flow_sha256": params_digest(flow)}


def report(flow: Flow, chains: int = 16) -> dict[str, Any]:
    """Whether log q is normalised; mean and spread of its error where a layer integrates it, from a few draws."""
    known = {"log_q_normalised": int(flow.prior.normalised)}
    z, _ = flow.prior.draw(Key(0), chains, flow.sites, flow.like)
    errors = to_host(flow.layer.defect(z))
    if not np.any(errors):
        return known
    return known | {"log_det_defect": float(np.mean(errors)), "log_det_defect_spread": float(np.std(errors))}
