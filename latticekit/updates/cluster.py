"""Cluster updates of the signs of a real field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from latticekit.actions import Action, HasBonds
from latticekit.arrays import accelerated, namespace
from latticekit.lattice import shift, volume
from latticekit.random import Key
from latticekit.updates.base import Array, Info, State, Update
from latticekit.updates.checkerboard import count


def activated(bonds: Array, key: Key) -> Array:
    """Bonds that bind, each with probability max(0, 1 - exp(-2 k)).  (chain, mu, *sites) -> the same, bool"""
    xp = namespace(bonds)
    positive = xp.where(bonds > 0, bonds, xp.zeros_like(bonds))
    return key.fold("cluster", 0).uniform(tuple(bonds.shape), bonds) < -xp.expm1(-2.0 * positive)


def cluster_labels(active: Array) -> Array:
    """Smallest site index of each site's cluster, its root.  bool (chain, mu, *sites) -> int64 (chain, *sites)

    Labels are indices of sites of the same cluster at all times: the smaller label crosses each bond, and each
    site takes the label of the site that its label names, until nothing changes.
    """
    xp, chains, sites = namespace(active), active.shape[0], tuple(active.shape[2:])
    start = xp.reshape(xp.arange(volume(sites), dtype=xp.int64, device=active.device), (1, *sites))
    label, changed = xp.broadcast_to(start, (chains, *sites)), True
    while changed:
        old = label
        for mu in range(len(sites)):
            label = _across(label, active[:, mu, ...], mu)
        flat = xp.reshape(label, (chains, -1))
        label = xp.reshape(xp.take_along_axis(flat, flat, axis=1), old.shape)
        changed = bool(xp.any(label != old))
    return label


def _across(label: Array, bond: Array, mu: int) -> Array:
    """Smallest label of a site and its bound neighbours in direction mu.  (chain, *sites)"""
    xp = namespace(label)
    label = xp.minimum(label, xp.where(bond, shift(label, mu, 1), label))
    return xp.minimum(label, xp.where(shift(bond, mu, -1), shift(label, mu, -1), label))


def each_cluster(labels: Array, key: Key, like: Array) -> Array:
    """Every cluster with probability 1/2, by the number at its root.  (chain, *sites) -> bool (chain, *sites)"""
    xp, shape = namespace(labels), tuple(labels.shape)
    u = xp.reshape(key.fold("cluster", 1).uniform(shape, like), (shape[0], -1))
    at_root = xp.take_along_axis(u, xp.reshape(labels, (shape[0], -1)), axis=1)
    return xp.reshape(at_root, shape) < 0.5


def one_cluster(labels: Array, key: Key, like: Array) -> Array:
    """The cluster of one random site per chain.  (chain, *sites) -> bool (chain, *sites)"""
    xp, chains, sites = namespace(labels), labels.shape[0], tuple(labels.shape[1:])
    u = key.fold("cluster", 1).uniform((chains, 1), xp.zeros((1,), dtype=xp.float64, device=labels.device))
    seed = xp.astype(xp.floor(volume(sites) * u), xp.int64)
    root = xp.take_along_axis(xp.reshape(labels, (chains, -1)), seed, axis=1)
    return labels == xp.reshape(root, (chains,) + (1,) * len(sites))


KINDS: dict[str, Callable[[Array, Key, Array], Array]] = {"swendsen_wang": each_cluster, "wolff": one_cluster}
"""Which clusters to flip."""


@accelerated(numpy="latticekit.kernels.cpu.clusters:sweep")
def cluster_sweep(x: Array, action: Any, key: Key, kind: str) -> tuple[Array, Array, Array]:
    """Clusters bound and flipped.  field -> field, sites flipped, clusters (chain,)"""
    xp, size = namespace(x), volume(x.shape[1:])
    labels = cluster_labels(activated(action.bonds(x), key))
    flip = KINDS[kind](labels, key, x)
    roots = labels == xp.reshape(xp.arange(size, dtype=labels.dtype, device=x.device), (1, *x.shape[1:]))
    return xp.where(flip, -x, x), count(flip), count(roots)


@dataclass(frozen=True)
class Cluster(Update):
    """Clusters of signs, flipped: all with probability 1/2 ("swendsen_wang") or that of one random site ("wolff").

    At fixed |phi| the signs are an Ising model, S = -sum k_mu(x) + const with k = 2 phi(x) phi(x+mu) for phi^4.  A bond
    with k > 0 binds with probability 1 - exp(-2k) = 1 - exp(-4 |phi(x) phi(x+mu)|), which satisfies detailed balance
    without rejection.  Only signs change, so alone it is not ergodic: combine it with HMC, a heatbath or Metropolis
    in a `Sequence`.
    Swendsen and Wang, Phys. Rev. Lett. 58 (1987) 86; Wolff, Phys. Rev. Lett. 62 (1989) 361; Brower and Tamayo, Phys.
    Rev. Lett. 62 (1989) 1087 (embedding in phi^4).
    """

    action: Action
    kind: str = "swendsen_wang"
    ergodic = False

    def __post_init__(self) -> None:
        if not isinstance(self.action, HasBonds):
            raise TypeError(
                f"Cluster needs an action whose signs interact through bonds (a method `bonds`), which "
                f"{type(self.action).__name__} lacks: use HMC"
            )
        if self.kind not in KINDS:
            raise ValueError(f"Cluster: unknown kind {self.kind!r}: one of {', '.join(KINDS)}")

    def step(self, state: State, key: Key) -> tuple[State, Info]:
        """One cluster update of every chain; `flipped` is a fraction of the sites."""
        y, flipped, clusters = cluster_sweep(state.x, self.action, key, self.kind)
        return State(y, self.action.value(y), state.tuning), {
            "flipped": flipped / volume(y.shape[1:]),
            "n_clusters": clusters,
        }
