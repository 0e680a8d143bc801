"""Configurations that are there already, as a prior."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from latticekit.actions import Action
from latticekit.arrays import namespace
from latticekit.flows.priors import Prior
from latticekit.groups import Group
from latticekit.random import Key

Array = Any


@dataclass(frozen=True)
class StoredEnsemble(Prior):
    """Fields drawn from an array (n, ...) of configurations with weight exp(-S0); log q = -S0, not normalised.

    replacement: every draw is independent; otherwise draw i is configuration i of a random order that the key's seed
    and step decide, and there are n draws.  Autocorrelations of the ensemble are not undone.
    """

    configurations: Array = field(repr=False, compare=False)
    action: Action
    replacement: bool = True

    def __post_init__(self) -> None:
        group, shape = self.action.group, tuple(self.configurations.shape)
        inner = len(group.internal_dims)
        if len(shape) < inner + 2 or not shape[0] or group.shape(shape[0], shape[inner + 1 :]) != shape:
            raise ValueError(f"expected configurations (n, ...) of {group} fields, at least one, got shape {shape}")

    @property
    def group(self) -> Group:
        """That of the action."""
        return self.action.group

    @property
    def normalised(self) -> bool:
        """No: log Z of a flow is relative to that of exp(-S0)."""
        return False

    def draw(self, key: Key, chains: int, sites: tuple[int, ...], like: Array) -> tuple[Array, Array]:
        """Configurations of the key's stream "prior", in the dtype of `like`."""
        xp, stored = namespace(self.configurations), self.configurations
        if self.group.shape(1, tuple(sites))[1:] != tuple(stored.shape[1:]):
            raise ValueError(
                f"the stored configurations have shape {stored.shape[1:]}, which is none on {tuple(sites)}"
            )
        x = xp.take(stored, self._chosen(key.fold("prior"), chains), axis=0)
        x = xp.astype(x, like.dtype) if xp.isdtype(x.dtype, "real floating") else x
        return x, self.log_q(x)

    def log_q(self, x: Array) -> Array:
        """-S0(x)."""
        return -self.action.value(x)

    def score(self, x: Array) -> Array:
        """The force of S0."""
        return self.action.force(x)

    def _chosen(self, key: Key, chains: int) -> Array:
        """Which configurations.  -> (chain,) of integers"""
        xp, n = namespace(self.configurations), self.configurations.shape[0]
        double = xp.zeros((0,), dtype=xp.float64, device=self.configurations.device)
        if self.replacement:
            return xp.astype(xp.floor(key.uniform((chains,), double) * n), xp.int64)
        if key.chain + chains > n:
            raise ValueError(f"asked for {key.chain + chains} draws without replacement of {n} configurations")
        order = xp.argsort(Key(key.seed, key.step, key.purpose).uniform((n,), double))
        return order[key.chain : key.chain + chains]
