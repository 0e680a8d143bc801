"""Fields of links, an action of one link, and functions of links to test updates with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from latticekit.actions import LinkAction
from latticekit.arrays import namespace
from latticekit.fields import plane_averages
from latticekit.groups import GaugeGroup
from latticekit.groups.matrices import mul, product_trace
from latticekit.random import Key
from latticekit.updates import State, Update
from tests.testing.objects import Faulty

Array = Any


def haar(group: GaugeGroup, chains: int, sites: tuple[int, ...], dtype: str = "float64", seed: int = 1) -> np.ndarray:
    """Random links, read-only.  -> field"""
    x = group.random(Key(seed).fold("start"), group.shape(chains, sites), np.zeros(0, dtype))
    x.flags.writeable = False
    return x


def source(n: int, size: float, seed: int = 3) -> tuple[tuple[complex, ...], ...]:
    """A generic complex N x N matrix."""
    rng = np.random.default_rng(seed)
    m = size * (rng.normal(size=(n, n)) + 1j * rng.normal(size=(n, n)))
    return tuple(tuple(complex(z) for z in row) for row in m)


@dataclass(frozen=True)
class OneLink(LinkAction):
    """S = -sum over links of Re tr(U A) with the same matrix A for all: independent links."""

    group: GaugeGroup
    a: tuple[tuple[complex, ...], ...]

    def matrix(self, u: Array) -> Array:
        """A, to be broadcast.  -> (1, N, N, 1, ...)"""
        xp, n = namespace(u), self.group.n
        a = xp.asarray(np.array(self.a), dtype=u.dtype, device=u.device)
        return xp.reshape(a, (1, n, n, *[1] * (u.ndim - 4)))

    def staple(self, u, mu):
        return self.matrix(u) + namespace(u).zeros_like(u[:, mu, ...])

    def colours(self, mu, dim):
        return 1, (1,) * dim

    def value(self, x):
        u, xp = self.group.matrices(x), namespace(x)
        axes = tuple(range(1, u.ndim - 3))
        traces = [xp.real(product_trace(u[:, mu, ...], self.staple(u, mu))) for mu in range(u.shape[1])]
        return sum(xp.sum(t, axis=axes, dtype=xp.float64) for t in traces) * -1.0

    def force(self, x):
        u, group = self.group.matrices(x), self.group
        parts = [group.components(mul(u[:, mu, ...], self.staple(u, mu))) for mu in range(u.shape[1])]
        return namespace(x).stack(parts, axis=1) * -group.index


def moments(group: GaugeGroup) -> dict[str, Any]:
    """Test functions of links, gauge invariant or not.  field -> (chain,)"""

    def flat(x):
        """(chain, links, N, N)"""
        m = np.moveaxis(group.matrices(x), (2, 3), (-2, -1))
        return m.reshape(x.shape[0], -1, group.n, group.n)

    return {
        "Re tr U": lambda x: np.trace(flat(x), axis1=2, axis2=3).real.mean(axis=1),
        "Im U_00": lambda x: flat(x)[:, :, 0, 0].imag.mean(axis=1),
        "(Re tr U)^2": lambda x: (np.trace(flat(x), axis1=2, axis2=3).real ** 2).mean(axis=1),
        "first link": lambda x: flat(x)[:, 0, 0, 0].real,
        "last link": lambda x: flat(x)[:, -1, -1, -1].real,
    }


def with_loops(group: GaugeGroup) -> dict[str, Any]:
    """`moments`, the mean plaquette and its square."""
    return {
        **moments(group),
        "plaquette": lambda x: plane_averages(x).mean(axis=1),
        "plaquette^2": lambda x: plane_averages(x).mean(axis=1) ** 2,
    }


class Rounded:
    """An update that reports actions to nine digits, so that what overrelaxation conserves does not change at all."""

    def __init__(self, update: Update) -> None:
        self.update, self.action = update, Faulty(update.action, value=lambda s, x: np.round(s, 9))

    def __repr__(self) -> str:
        return repr(self.update)

    def init(self, x: Array) -> State:
        return self._rounded(self.update.init(x))

    def step(self, state: State, key: Key) -> tuple[State, Any]:
        new, info = self.update.step(state, key)
        return self._rounded(new), info

    def _rounded(self, state: State) -> State:
        return state._replace(action=np.round(state.action, 9))
