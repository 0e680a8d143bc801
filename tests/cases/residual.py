"""Residual layers of links: every oracle runs over all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from latticekit.flows import Inverse
from latticekit.flows.gauge.residual import ResidualFlow, ResidualLayer
from latticekit.flows.gauge.residual_links import ActiveLinks
from latticekit.flows.gauge.residual_update import Move
from latticekit.groups import SU, U1
from latticekit.random import Key
from tests.cases import KernelCase
from tests.cases.gauge_flows import GaugeLayerCase

BOTH = ("plaquette", "rectangle")


def layer(mu: int = 0, colour: int = 0, modulus: int = 2, **settings: Any) -> ResidualLayer:
    """A residual layer of the links of one direction and colour."""
    return ResidualLayer(ActiveLinks(mu, colour, modulus, settings.pop("window", ())), **settings)


LAYERS = {
    "su2": GaugeLayerCase(layer(), SU(2)),
    "su2 free weights": GaugeLayerCase(layer(1, 1, tied="none"), SU(2), (2, 4)),
    "su2 rectangles": GaugeLayerCase(layer(0, 3, 4, loops=BOTH, tied="planes"), SU(2), (2, 4)),
    "su2 rectangles 3d": GaugeLayerCase(layer(1, 2, 4, loops=BOTH), SU(2), (4, 2, 4)),
    "su2 at couplings": GaugeLayerCase(
        layer(conditions=1, degree=2, centre=(2.0,), spread=(0.5,)), SU(2), couplings=(2.3,)
    ),
    "su2 window": GaugeLayerCase(layer(window=((3, 2), (1, 3))), SU(2)),
    "su3": GaugeLayerCase(layer(1), SU(3), (2, 2)),
    "su3 3d, no context": GaugeLayerCase(layer(2, 1, context=False), SU(3), (2, 2, 2)),
    "su3 4d": GaugeLayerCase(layer(3, 1, tied="planes"), SU(3), (2, 2, 2, 2)),
    "su4": GaugeLayerCase(layer(), SU(4), (2, 2)),
    "u1": GaugeLayerCase(layer(), U1()),
    "u1 4d, short reach": GaugeLayerCase(layer(2, reach=0.3), U1(), (2, 2, 2, 2)),
    "su2 flow": GaugeLayerCase(ResidualFlow(1, 2, reach=0.5), SU(2)),
    "su2 flow, checkpoints": GaugeLayerCase(ResidualFlow(1, 2, reach=0.5, checkpoint=3), SU(2)),
    "inverse of su2": GaugeLayerCase(Inverse(layer(reach=0.5)), SU(2)),
}


def _updates(back: bool) -> list[KernelCase]:
    """Arguments of the accelerated updates: more chains than fill a vector, or fewer, with context or without."""
    cases = []
    for n, dtype, sites, chains, mu in (
        (3, "float64", (2, 4, 4, 2), 2, 3),
        (3, "float64", (4, 2), 9, 0),
        (2, "float32", (4, 6, 2), 3, 1),
    ):
        group, like, s = SU(n), np.zeros(0, dtype), 2 * len(sites) - 2
        x = group.random(Key(1), group.shape(chains, sites), like)
        theta, phi = (Key(2 + k).normal((chains, *[s] * (1 + k)), like) for k in (0, 1))
        bars = (group.random_algebra(Key(4), x), Key(5).normal((chains,), np.zeros(0))) if back else ()
        move = Move(ActiveLinks(mu, chains % 2), reach=0.8)
        cases += [KernelCase((x, move, theta, one, *bars)) for one in (phi, None)]
    return cases


ROOM = "latticekit.flows.gauge.residual_update"
KERNELS: dict[str, Callable[[], list[KernelCase]]] = {
    f"{ROOM}.residual_apply": lambda: _updates(False),
    f"{ROOM}.residual_vjp": lambda: _updates(True),
    f"{ROOM}.residual_solve": lambda: _updates(True),
}
