"""Equivariant continuous flows, and inputs of their accelerated functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from latticekit.arrays import tree_map
from latticekit.flows import EquivariantODE, Setting
from latticekit.flows.continuous_steps import forward
from latticekit.random import Key
from tests.cases import KernelCase

BOX = ("translation", "reflection", "permutation")


class ContinuousCase(NamedTuple):
    """A continuous flow on a lattice, its symmetries, and the couplings that are bound to it."""

    layer: EquivariantODE
    sites: tuple[int, ...]
    symmetries: tuple[str, ...] = (*BOX, "sign")
    couplings: Any = ()

    def made(self, like: np.ndarray, size: float = 0.25) -> EquivariantODE:
        """With random parameters, none of them zero."""
        layer = self.layer.init(Setting(self.sites, like, Key(1)))
        layer = layer.with_params(tree_map(lambda p: p + 0.3 * size * _normal(p), layer.params))
        layer = layer.with_params({**layer.params, "theta": layer.params["theta"] * (1 / 0.3)})
        return layer.conditioned(self.couplings) if len(self.couplings) else layer


def _normal(like: Any, seed: int = 4) -> Any:
    """Normal numbers of the same shape."""
    return Key(seed).fold("test").normal((1, *like.shape), like)[0, ...]


CONTINUOUS = {
    "square": ContinuousCase(EquivariantODE(3, 3, 4), (4, 4)),
    "odd extent": ContinuousCase(EquivariantODE(2, 2, 3), (5, 5)),
    "unequal extents": ContinuousCase(EquivariantODE(2, 2, 3), (4, 3)),
    "1d": ContinuousCase(EquivariantODE(3, 2, 4), (7,)),
    "3d": ContinuousCase(EquivariantODE(2, 2, 2), (2, 3, 3)),
    "linear": ContinuousCase(EquivariantODE(0, 2, 2), (3, 4)),
    "checkpointed": ContinuousCase(EquivariantODE(3, 3, 4, checkpoint=True), (4, 4)),
    "without exchanges": ContinuousCase(EquivariantODE(2, 2, 3, "reflections"), (3, 3), ("translation", "sign")),
    "translations alone": ContinuousCase(EquivariantODE(2, 2, 3, "translations"), (3, 4), ("translation", "sign")),
    "no translations": ContinuousCase(EquivariantODE(2, 2, 3, "none"), (3, 2), ("sign",)),
    "not odd": ContinuousCase(EquivariantODE(2, 2, 4, odd=False), (3, 3), BOX),
    "conditional": ContinuousCase(
        EquivariantODE(2, 2, 3, conditions=2, centre=(-4.0, 5.0), spread=(1.0, 2.0)), (3, 3), couplings=(-3.8, 5.5)
    ),
    "conditional by chain": ContinuousCase(
        EquivariantODE(2, 2, 3, conditions=1), (4, 4), couplings=np.array([[0.2], [-0.3], [0.5]])
    ),
}


SHAPES = {  # chains, sites, whether a kernel must take them
    (5, (4, 4)): True,
    (17, (8, 8)): True,
    (3, (5, 6)): True,
    (9, (7,)): True,
    (2, (2, 3, 3)): True,
    (33, (1, 3)): True,
    (1, (12, 20)): True,
    (2, (66,)): False,
}


def _flows() -> Iterator[tuple[EquivariantODE, np.ndarray, np.ndarray, np.ndarray, bool]]:
    """Layer, two fields, numbers per chain; then flows whose weights are not those that kernels know."""
    for dtype in ("float64", "float32"):
        like = np.zeros(0, dtype)
        for (chains, sites), must in SHAPES.items():
            yield *_fields(EquivariantODE(3, 2, 2), sites, chains, like), must
        yield *_fields(EquivariantODE(2, 2, 2, odd=False), (4, 4), 3, like), True
        yield *_fields(EquivariantODE(2, 2, 2, "translations"), (3, 4), 3, like), False
        by_chain = EquivariantODE(2, 2, 2, conditions=1)
        yield *_fields(by_chain, (4, 4), 3, like, np.array([[0.2], [-0.3], [0.5]])), False


def _fields(
    layer: EquivariantODE, sites: tuple[int, ...], chains: int, like: np.ndarray, couplings: Any = ()
) -> tuple[EquivariantODE, np.ndarray, np.ndarray, np.ndarray]:
    made = ContinuousCase(layer, sites, couplings=couplings).made(like, 0.2)
    x, zeta = (Key(5).fold("test", n).normal((chains, *sites), like) for n in (0, 1))
    return made, x, zeta, np.linspace(0.5, 1.5, chains)


def _velocities() -> list[KernelCase]:
    return [KernelCase((x, one.weights(x).at(1)), must) for one, x, *_, must in _flows()]


def _velocity_vjps() -> list[KernelCase]:
    return [KernelCase((x, one.weights(x).at(1), v, numbers), must) for one, x, v, numbers, must in _flows()]


def _forwards() -> list[KernelCase]:
    return [KernelCase((x, one.weights(x), 0.5), must) for one, x, *_, must in _flows()]


def _with_scores() -> list[KernelCase]:
    return [KernelCase((x, z, numbers, one.weights(x), 0.5), must) for one, x, z, numbers, must in _flows()]


def _stages(x: np.ndarray, weights: Any) -> np.ndarray:
    return forward(x, weights, 0.5)[2]


def _carried() -> list[KernelCase]:
    return [
        KernelCase((_stages(x, weights := one.weights(x)), z, numbers, weights, 0.5), must)
        for one, x, z, numbers, must in _flows()
    ]


def _backwards() -> list[KernelCase]:
    return [
        KernelCase((_stages(x, weights := one.weights(x)), weights, 0.5, z, numbers), must)
        for one, x, z, numbers, must in _flows()
    ]


KERNELS: dict[str, Callable[[], list[KernelCase]]] = {
    "latticekit.flows.continuous_field.velocity": _velocities,
    "latticekit.flows.continuous_field.velocity_vjp": _velocity_vjps,
    "latticekit.flows.continuous_steps.forward": _forwards,
    "latticekit.flows.continuous_steps.integrated": _forwards,
    "latticekit.flows.continuous_steps.with_score": _with_scores,
    "latticekit.flows.continuous_steps.carried": _carried,
    "latticekit.flows.continuous_steps.backward": _backwards,
}
