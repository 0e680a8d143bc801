"""A flow: a prior, an invertible map, a lattice; together a density that is drawn and evaluated exactly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

from latticekit.arrays import backend, namespace
from latticekit.flows.base import Layer
from latticekit.flows.parameters import Setting, Tree
from latticekit.flows.priors import Normal, Prior
from latticekit.groups import GaugeGroup
from latticekit.lattice import check_sites
from latticekit.random import Key

Array = Any
_BLOCK = 2**20  # numbers per block of draws: what is computed together stays in memory


@dataclass(frozen=True)
class Flow:
    """q(x) = r(z) / |det df/dz|, x = f(z): prior r, map f = `layer`, on the lattice `sites`.

    `like` carries dtype, namespace and device.  Make one with `Flow.init`; a trained one comes from `lk.train`.
    """

    layer: Layer
    prior: Prior
    sites: tuple[int, ...]
    like: Array

    @classmethod
    def init(
        cls,
        layer: Layer,
        lattice: Any,
        *,
        prior: Prior | None = None,
        action: Any = None,
        seed: int = 0,
        dtype: str = "float64",
        namespace: str = "numpy",
    ) -> Self:
        """A flow with fresh parameters on a lattice; prior unless given: standard normal, on links Haar's measure."""
        sites, xp = check_sites(lattice), backend(namespace)
        like = xp.zeros(0, dtype=getattr(xp, dtype))
        return cls(layer.init(Setting(sites, like, Key(seed), action)), prior or _prior(action), sites, like)

    @property
    def params(self) -> Tree:
        """Parameters of the map."""
        return self.layer.params

    def with_params(self, params: Tree) -> Self:
        """The same flow with other parameters."""
        return replace(self, layer=self.layer.with_params(params))

    def on(self, lattice: Any) -> Self:
        """The same flow on another lattice (volume transfer)."""
        sites = check_sites(lattice)
        return replace(self, layer=self.layer.resized(sites), sites=sites)

    def conditioned(self, couplings: Array) -> Self:
        """The same flow at given couplings, for layers that take them."""
        return replace(self, layer=self.layer.conditioned(couplings))

    def draw(self, key: Key, chains: int) -> tuple[Array, Array]:
        """Independent fields and their log density, block by block.  -> field (chain, ...), log_q (chain,) float64"""
        size = max(1, _BLOCK // max(1, self._numbers()))
        blocks = [self._block(key, first, min(size, chains - first)) for first in range(0, chains, size)]
        xp = namespace(self.like)
        return tuple(xp.concat([b[i] for b in blocks], axis=0) for i in (0, 1)) if len(blocks) > 1 else blocks[0]

    def _numbers(self) -> int:
        shape, total = self.prior.group.shape(1, self.sites), 1
        for n in shape:
            total *= n
        return total

    def _block(self, key: Key, first: int, chains: int) -> tuple[Array, Array]:
        """Chains first, first + 1, ...: the same numbers whatever the blocks."""
        z, log_q = self.prior.draw(replace(key, chain=key.chain + first), chains, self.sites, self.like)
        x, log_det = self.layer.push(z)
        return x, log_q - log_det

    def log_q(self, x: Array) -> Array:
        """Log density of given fields.  field -> (chain,) float64"""
        z, log_det = self.layer.inverse(x)
        return self.prior.log_q(z) + log_det

    def settings(self) -> dict[str, Any]:
        """Everything but parameters, as plain data."""
        from latticekit.flows.bundled import described

        return {"layer": described(self.layer), "prior": described(self.prior), "lattice": list(self.sites)}


def _prior(action: Any) -> Prior:
    """The simplest one for the fields of an action."""
    from latticekit.flows.gauge.priors import Haar

    group = getattr(action, "group", None)
    return Haar(group) if isinstance(group, GaugeGroup) else Normal()
