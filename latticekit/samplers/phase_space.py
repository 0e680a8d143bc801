"""Links with their momenta as one field: what a trained trajectory acts on, and what it is trained with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from latticekit.actions import Action
from latticekit.arrays import namespace
from latticekit.flows import StoredEnsemble
from latticekit.groups import U1, Group, Real
from latticekit.random import Key

Array = Any
_LINKS = U1()


def joined(x: Array, p: Array) -> Array:
    """Angles and momenta as one field.  two (chain, mu, *sites) -> (chain, 2, mu, *sites)"""
    return namespace(x).stack([x, p], axis=1)


def halves(z: Array) -> tuple[Array, Array]:
    """Angles and momenta.  (chain, 2, mu, *sites) -> two (chain, mu, *sites)"""
    return z[:, 0, ...], z[:, 1, ...]


@dataclass(frozen=True)
class PhaseSpace(Real):
    """U(1) angles and their momenta, (chain, 2, mu, *sites); exp(v) z = z + v."""

    field = "z"
    internal_dims = ("kind", "mu")

    def shape(self, chains: int, sites: tuple[int, ...]) -> tuple[int, ...]:
        """(chain, 2, mu, *sites)"""
        return (chains, 2, len(sites), *sites)

    def random(self, key: Key, shape: tuple[int, ...], like: Array) -> Array:
        """Uniform angles, normal momenta."""
        links = (shape[0], *shape[2:])
        return joined(_LINKS.random(key.fold("start"), links, like), key.fold("momentum").normal(links, like))

    def project(self, x: Array) -> Array:
        """Angles in [-pi, pi)."""
        theta, p = halves(x)
        return joined(_LINKS.project(theta), p)


@dataclass(frozen=True)
class Hamiltonian(Action):
    """H(x, p) = S(x) + p^2/2, an action of links and momenta: exp(-H) is what trajectories leave invariant."""

    action: Action

    def __post_init__(self) -> None:
        if self.action.group != _LINKS:
            raise TypeError(f"Hamiltonian takes an action of U(1) links, got one of {self.action.group}")

    @property
    def group(self) -> Group:  # type: ignore[override]
        """Angles and momenta."""
        return PhaseSpace()

    def value(self, x: Array) -> Array:
        """S + p^2/2.  (chain, 2, mu, *sites) -> (chain,)"""
        theta, p = halves(x)
        return self.action.value(theta) + 0.5 * self.action.group.inner(p, p)

    def force(self, x: Array) -> Array:
        """-dH: the force, then -p.  (chain, 2, mu, *sites) -> the same"""
        theta, p = halves(x)
        return joined(self.action.force(theta), -p)

    def conventions(self) -> dict[str, str]:
        """Those of the action."""
        return self.action.conventions()


@dataclass(frozen=True)
class WithMomenta(StoredEnsemble):
    """Stored links of weight exp(-S) with fresh momenta: draws of exp(-H).  Made by `with_momenta`."""

    def draw(self, key: Key, chains: int, sites: tuple[int, ...], like: Array) -> tuple[Array, Array]:
        """Configurations of the stream "prior", normal momenta of the stream "momentum"."""
        theta, _ = halves(super().draw(key, chains, sites, like)[0])
        z = joined(theta, key.fold("momentum").normal(tuple(theta.shape), theta))
        return z, self.log_q(z)


def with_momenta(links: Array, action: Action) -> WithMomenta:
    """A prior of phase space from links of weight exp(-S).  (n, mu, *sites) -> draws (chain, 2, mu, *sites)

    With it as `prior` and `Hamiltonian(action)` as action, `lk.train` trains a trajectory as it trains a flow: one
    from exp(-H) to exp(-H), whose log weight is -Delta H + log J.
    """
    return WithMomenta(joined(links, namespace(links).zeros_like(links)), Hamiltonian(action))
