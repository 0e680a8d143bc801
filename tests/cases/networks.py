"""Networks, and inputs of their accelerated functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from latticekit.arrays import backend, tree_map
from latticekit.flows import Setting
from latticekit.flows.networks import (
    Activation,
    CombiConvolution,
    Conditional,
    ConvNet,
    Convolution,
    Dense,
    DenseNet,
    Filter,
    Flattened,
    Network,
    ResidualBlock,
    Stack,
    Symmetrised,
)
from latticekit.flows.networks.stages import Plan, backward, forward
from latticekit.flows.networks.tying import displacements
from latticekit.random import Key


class NetworkCase(NamedTuple):
    """A network between given channels on a lattice, and the symmetries it has; `couplings` are bound where given."""

    network: Network
    channels: tuple[int, int]
    sites: tuple[int, ...]
    symmetries: tuple[str, ...] = ("translation",)
    couplings: tuple[float, ...] = ()

    def made(self, like: np.ndarray, seed: int = 3) -> Network:
        """With parameters, biases included, none of them zero."""
        network = self.network.between(*self.channels).init(Setting(self.sites, like, Key(seed)))
        network = network.with_params(tree_map(lambda p: p + 0.03, network.params))
        return network.conditioned(self.couplings) if self.couplings else network

    def input(self, namespace: str = "numpy", chains: int = 3, dtype: str = "float64") -> object:
        """Features of a few chains."""
        xp = backend(namespace)
        like = xp.zeros(0, dtype=getattr(xp, dtype))
        return Key(5).fold("test").normal((chains, self.channels[0], *self.sites), like)


BOX = ("translation", "reflection", "permutation")
TURNS = ("translation", "turn")
NETWORKS = {
    "dense": NetworkCase(Dense(activation="tanh"), (3, 2), (3, 4), BOX),
    "dense vector": NetworkCase(DenseNet((5, 4), "silu"), (3, 2), (), ()),
    "flattened": NetworkCase(Flattened(DenseNet((7,))), (2, 1), (2, 3), ()),
    "conv 1d": NetworkCase(Convolution(kernel=3), (2, 3), (7,)),
    "conv 2d": NetworkCase(Convolution(kernel=(3, 5)), (2, 3), (4, 6)),
    "conv 2d even": NetworkCase(Convolution(kernel=(2, 4)), (2, 3), (5, 3)),
    "conv 3d": NetworkCase(Convolution(kernel=(1, 2, 3), activation="sigmoid"), (2, 2), (3, 2, 4)),
    "conv 4d": NetworkCase(Convolution(kernel=3, bias=False), (1, 2), (2, 3, 2, 3), ("translation", "sign")),
    "conv 5d": NetworkCase(Convolution(kernel=2), (1, 2), (2, 2, 3, 2, 2)),
    "conv wider than lattice": NetworkCase(Convolution(kernel=5), (1, 2), (3, 2)),
    "conv reflections": NetworkCase(Convolution(kernel=3, tied="reflections"), (2, 2), (4, 4), BOX[:2]),
    "conv rotations": NetworkCase(Convolution(kernel=5, tied="rotations"), (2, 2), (5, 5), TURNS),
    "conv hypercubic": NetworkCase(Convolution(kernel=5, tied="hypercubic"), (2, 2), (5, 5), (*BOX, "turn")),
    "conv hypercubic 3d": NetworkCase(Convolution(kernel=3, tied="hypercubic"), (1, 2), (3, 3, 3), BOX),
    "conv hypercubic, long": NetworkCase(Convolution(kernel=(5, 3), tied="hypercubic"), (1, 2), (5, 4), BOX[:2]),
    "combi 2d": NetworkCase(CombiConvolution(kernel=3, along=1), (2, 2), (4, 3)),
    "combi 3d": NetworkCase(CombiConvolution(kernel=3, along=2, activation="gelu"), (2, 2), (3, 4, 3)),
    "combi 4d": NetworkCase(CombiConvolution(kernel=3, along=2, tied="hypercubic"), (1, 2), (3, 3, 3, 3), BOX),
    "activation": NetworkCase(Activation("gelu"), (2, 2), (3, 3), BOX),
    "leaky": NetworkCase(Dense(activation="leaky_relu"), (2, 2), (3,), BOX),
    "laplacian": NetworkCase(Filter("laplacian"), (2, 2), (3, 4), (*BOX, "sign")),
    "gaussian": NetworkCase(Filter("gaussian"), (1, 1), (3, 3, 3), (*BOX, "sign")),
    "residual": NetworkCase(ResidualBlock(ConvNet((4,))), (2, 2), (4, 4)),
    "convnet": NetworkCase(ConvNet(), (2, 2), (4, 6)),
    "convnet odd": NetworkCase(ConvNet(odd=True, final="tanh"), (1, 2), (4, 4), ("translation", "sign")),
    "convnet 3d tied": NetworkCase(ConvNet((3,), tied="hypercubic", activation="softplus"), (1, 2), (3, 3, 3), BOX),
    "mixed stack": NetworkCase(
        Stack((Convolution(4), Activation("silu"), ResidualBlock(ConvNet((3,))), Filter("gaussian"), Dense())),
        (2, 3),
        (4, 3),
    ),
    "symmetrised": NetworkCase(
        Symmetrised(Stack((Convolution(4, activation="silu"), Convolution(bias=False)))),
        (2, 2),
        (4, 4),
        ("translation", "sign"),
    ),
    "parities": NetworkCase(Symmetrised(ConvNet((4,), activation="silu"), (1, -1)), (1, 4), (4, 4)),
    "conditional": NetworkCase(
        Conditional(ConvNet((4,)), 2, (-4.0, 5.0), (1.0, 2.0)), (1, 2), (4, 4), couplings=(-3.9, 6.1)
    ),
}


def _stages(case: tuple, dtype: str) -> tuple:
    """Arguments of `stages.forward`."""
    chains, sites, widths, kernels, names = case
    key, like = Key(11), np.zeros(0, dtype)
    offsets = tuple(displacements((k,) * len(sites)) for k in kernels)
    weights = tuple(
        (key.fold("test", 2 * n + 1).normal((o, i, len(d)), like) * 0.3, key.fold("test", 2 * n + 2).normal((o,), like))
        for n, (i, o, d) in enumerate(zip(widths, widths[1:], offsets))
    )
    x = key.fold("test").normal((chains, widths[0], *sites), like)
    return x, weights, Plan(offsets, names)


STAGES = {  # chains, sites, channels, kernels, activations
    "coupling": (5, (16, 16), (2, 8, 8, 2), (3, 3, 3), ("tanh", "tanh", "identity")),
    "odd widths": (3, (6, 5), (1, 3, 5, 7), (3, 2, 5), ("silu", "silu", "tanh")),
    "different activations": (2, (8, 12), (2, 4, 4, 1), (3, 1, 3), ("tanh", "gelu", "softplus")),
    "one stage": (9, (7,), (3, 9), (3,), ("identity",)),
    "one stage, sigmoid": (2, (3, 3), (1, 1), (5,), ("sigmoid",)),
    "3d": (2, (4, 3, 5), (2, 6, 2), (3, 3), ("leaky_relu", "identity")),
    "4d": (2, (4, 2, 3, 4), (1, 4, 2), (3, 3), ("tanh", "identity")),
    "linear inside": (2, (4, 4), (1, 4, 2), (3, 3), ("identity", "identity")),
    "wide": (1, (40, 33), (2, 8, 2), (3, 3), ("tanh", "identity")),
    "one site": (3, (1, 1), (2, 3), (3,), ("tanh",)),
}


def _forward(dtype: str) -> Iterator[tuple]:
    for case in STAGES.values():
        yield _stages(case, dtype)


def _backward(dtype: str) -> Iterator[tuple]:
    for x, weights, plan in _forward(dtype):
        y, kept = forward.reference(x, weights, plan)
        yield x, weights, plan, kept, Key(12).fold("test").normal(y.shape, y)


def forward_cases() -> list[tuple]:
    """Arguments of `stages.forward` in both precisions."""
    return [args for dtype in ("float64", "float32") for args in _forward(dtype)]


def backward_cases() -> list[tuple]:
    """Arguments of `stages.backward` in both precisions."""
    return [args for dtype in ("float64", "float32") for args in _backward(dtype)]


__all__ = ["NETWORKS", "NetworkCase", "backward", "backward_cases", "forward", "forward_cases"]
