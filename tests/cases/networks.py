"""Networks, and inputs of their accelerated functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

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
from latticekit.flows.networks.stages import Plan, forward
from latticekit.flows.networks.tying import displacements
from latticekit.random import Key
from tests.cases import KernelCase


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


class Stages(NamedTuple):
    """Stages between given channels: what `flows.networks.stages` works on."""

    chains: int
    sites: tuple[int, ...]
    widths: tuple[int, ...]
    kernels: tuple[int, ...]
    activations: tuple[str, ...]
    must: bool = True

    def arguments(self, dtype: str) -> tuple[Any, ...]:
        """x, weights, plan."""
        key, like, weights = Key(11), np.zeros(0, dtype), []
        offsets = tuple(displacements((k,) * len(self.sites)) for k in self.kernels)
        for n, (i, o, ds) in enumerate(zip(self.widths, self.widths[1:], offsets)):
            w = key.fold("test", 2 * n + 1).normal((o, i, len(ds)), like) * (i * len(ds)) ** -0.5
            weights.append((w, key.fold("test", 2 * n + 2).normal((o,), like)))
        x = key.fold("test").normal((self.chains, self.widths[0], *self.sites), like)
        return x, tuple(weights), Plan(offsets, self.activations)


STAGES = {
    "coupling": Stages(5, (16, 16), (2, 8, 8, 2), (3, 3, 3), ("tanh", "tanh", "identity")),
    "odd widths": Stages(3, (6, 5), (1, 3, 5, 7), (3, 2, 5), ("silu", "silu", "tanh")),
    "different activations": Stages(2, (8, 12), (2, 4, 4, 1), (3, 1, 3), ("tanh", "gelu", "softplus"), must=False),
    "one stage": Stages(9, (7,), (3, 9), (3,), ("identity",)),
    "one stage, sigmoid": Stages(2, (3, 3), (1, 1), (5,), ("sigmoid",)),
    "vectors": Stages(4, (), (3, 5, 2), (1, 1), ("tanh", "identity"), must=False),
    "3d": Stages(2, (4, 3, 5), (2, 6, 2), (3, 3), ("leaky_relu", "identity")),
    "4d": Stages(2, (4, 2, 3, 4), (1, 4, 2), (3, 3), ("gelu", "softplus")),
    "5d": Stages(1, (2, 3, 2, 2, 3), (1, 2), (2,), ("identity",)),
    "linear inside": Stages(2, (4, 4), (1, 4, 2), (3, 3), ("identity", "identity")),
    "wide": Stages(1, (40, 33), (2, 8, 2), (3, 3), ("tanh", "identity")),
    "one site": Stages(3, (1, 1), (2, 3), (3,), ("tanh",)),
}


def _cases() -> Iterator[tuple[Stages, tuple[Any, ...]]]:
    for dtype in ("float64", "float32"):
        for case in STAGES.values():
            yield case, case.arguments(dtype)


def _forwards() -> list[KernelCase]:
    return [KernelCase(args, case.must) for case, args in _cases()]


def _backwards() -> list[KernelCase]:
    found = []
    for case, args in _cases():
        y, kept = forward.reference(*args)
        found.append(KernelCase((*args, kept, Key(12).fold("test").normal(y.shape, y)), case.must))
    return found


KERNELS: dict[str, Callable[[], list[KernelCase]]] = {
    "latticekit.flows.networks.stages.forward": _forwards,
    "latticekit.flows.networks.stages.backward": _backwards,
}
