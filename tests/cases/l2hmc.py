"""Parts of trained trajectories on links and momenta of U(1)."""

from __future__ import annotations

from typing import Any

import numpy as np

from latticekit.actions import OpenBoundary, Wilson
from latticekit.arrays import backend
from latticekit.flows import Flow, Layer
from latticekit.flows.networks import ConvNet
from latticekit.flows.parameters import Setting
from latticekit.groups import U1
from latticekit.random import Key
from latticekit.samplers import GeneralisedLeapfrog, Hamiltonian, with_momenta
from latticekit.samplers.drifts import MASKS, Drift
from latticekit.samplers.kicks import Kick
from latticekit.samplers.phase_space import PhaseSpace

ACTION, SITES = Wilson(U1(), 2.0), (4, 4)
NET = ConvNet((3,), start=0.8)
LAYERS: dict[str, Layer] = {
    "kick": Kick(ACTION, NET, 0.2),
    "kick, open boundary": Kick(Wilson(U1(), 2.0, OpenBoundary(1)), NET, 0.2),
    **{f"drift of {rows.mu}, {rows.offset}": Drift(rows, NET, 0.3) for rows in MASKS},
    "trajectory": GeneralisedLeapfrog(ACTION, 1, 0.25, (3,), start=0.8, checkpoint=4),
}


def initialised(layer: Layer, sites: tuple[int, ...] = SITES, namespace: str = "numpy") -> Any:
    """The layer with parameters."""
    xp = backend(namespace)
    return layer.init(Setting(sites, xp.zeros(0, dtype=xp.float64), Key(4), ACTION))


def generic(chains: int = 3, sites: tuple[int, ...] = SITES, dtype: str = "float64") -> np.ndarray:
    """Uniform links and normal momenta.  -> (chain, 2, 2, *sites)"""
    return PhaseSpace().random(Key(3), PhaseSpace().shape(chains, sites), np.zeros(0, dtype))


def links(chains: int, sites: tuple[int, ...] = SITES) -> np.ndarray:
    """Uniform links.  -> (chain, 2, *sites)"""
    return U1().random(Key(2), U1().shape(chains, sites), np.zeros(0))


def trajectory(start: float = 0.8, sites: tuple[int, int] = SITES, action: Any = ACTION, **settings: Any) -> Flow:
    """A trajectory as a flow on phase space, from uniform links."""
    layer = GeneralisedLeapfrog(action, **({"steps": 3, "hidden": (3,), "start": start} | settings))
    return Flow.init(layer, sites, prior=with_momenta(links(40, sites), action), action=Hamiltonian(action), seed=3)
