"""Layers of scalar fields and their priors: every oracle runs over all of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from latticekit.actions import Action, Phi4
from latticekit.arrays import backend, tree_map
from latticekit.flows import (
    AdditiveCoupling,
    AffineCoupling,
    Blocks,
    Checkerboard,
    Complement,
    Conditioned,
    CouplingFlow,
    FourierScale,
    FreeField,
    Half,
    Identity,
    Inverse,
    Layer,
    Linear,
    Multiscale,
    NeuralSpline,
    Normal,
    Prior,
    RealNVP,
    Scale,
    Sequential,
    Setting,
    SiteSpline,
    SplineCoupling,
    Squeeze,
    StoredEnsemble,
    Stripes,
    Sublattice,
    Tile,
    Translate,
)
from latticekit.flows.knots import Spline
from latticekit.flows.networks import Conditional, ConvNet, DenseNet, Flattened
from latticekit.random import Key
from tests.cases import KernelCase

ALL = ("translation", "reflection", "permutation", "sign")
BOARD = ("even translation", "site reflection", "permutation")
"""What a checkerboard leaves, with filters tied by reflections and exchanges."""


class LayerCase(NamedTuple):
    """A layer without parameters, and what is promised of it."""

    layer: Layer
    sites: tuple[int, ...] = (4, 4)
    symmetries: tuple[str, ...] = ()
    """Names of `scalar_symmetries`, or "even translation", "double translation", "site reflection"."""
    kinks: bool = False
    """Its slope has kinks: finite differences need small steps."""
    couplings: tuple[float, ...] = ()
    """Of a conditional layer."""
    action: Action | None = None
    """What `init` is told of the target."""


class PriorCase(NamedTuple):
    """A prior on a lattice."""

    prior: Prior
    sites: tuple[int, ...] = (4, 6)


NET = ConvNet((3,), 3)
TIED = ConvNet((3,), 3, tied="hypercubic")
WHOLE = Flattened(DenseNet((5,)))

LAYERS = {
    "fourier scale 1d": LayerCase(FourierScale(), (5,), ALL),
    "fourier scale 2d": LayerCase(FourierScale(), (4, 4), ALL, action=Phi4(-4.0, 6.0)),
    "fourier scale of unequal extents": LayerCase(FourierScale(), (3, 4), ALL, action=Phi4(-4.0, 6.0)),
    "fourier scale 3d": LayerCase(FourierScale(), (2, 3, 3), ALL),
    "scale": LayerCase(Scale(), (3, 2), ALL),
    "linear": LayerCase(Linear(), (2, 3), ("sign",)),
    "affine": LayerCase(AffineCoupling(NET), (4, 4), ("even translation",)),
    "affine tied odd": LayerCase(AffineCoupling(TIED, odd=True), (4, 4), (*BOARD, "sign")),
    "affine 1d stripes": LayerCase(AffineCoupling(NET, Stripes(0, 3, 1)), (6,)),
    "affine 3d, other parity": LayerCase(AffineCoupling(NET, Checkerboard(1)), (2, 4, 2), ("even translation",)),
    "affine without bound": LayerCase(AffineCoupling(NET, bound=math.inf), (4, 2), ("even translation",)),
    "affine of halves, dense": LayerCase(AffineCoupling(WHOLE, Half(1, 1)), (2, 4)),
    "affine conditional": LayerCase(
        AffineCoupling(Conditional(NET, 2), odd=True), (4, 2), ("sign",), couplings=(0.3, -1.2)
    ),
    "additive": LayerCase(AdditiveCoupling(NET, Stripes(1)), (4, 4), ("double translation",)),
    "additive tied odd": LayerCase(AdditiveCoupling(TIED, Checkerboard(1), odd=True), (4, 4), (*BOARD, "sign")),
    "additive on a tile": LayerCase(AdditiveCoupling(NET, Tile(((1, 0, 0), (0, 0, 1)))), (4, 3)),
    "spline": LayerCase(SplineCoupling(NET), (4, 4), ("even translation",), kinks=True),
    "spline tied odd": LayerCase(
        SplineCoupling(TIED, odd=True, bins=5, reach=1.5), (4, 4), (*BOARD, "sign"), kinks=True
    ),
    "spline 3d": LayerCase(SplineCoupling(NET, Complement(Checkerboard()), bins=2), (2, 2, 2), kinks=True),
    "site spline": LayerCase(SiteSpline(4), (3, 2), ALL, kinks=True),
    "site spline, not odd": LayerCase(SiteSpline(3, 1.5, odd=False), (4, 2), ALL[:-1], kinks=True),
    "coupling flow": LayerCase(
        CouplingFlow(1, 2, (3,)), (2, 4), ("even translation", "sign"), kinks=True, action=Phi4(-4.0, 6.0)
    ),
    "conditioned": LayerCase(
        Conditioned(Sequential((FourierScale(), AffineCoupling(NET, odd=True))), (0.5, -1.0), (1.0, 0.5)),
        (4, 2),
        ("even translation", "sign"),
        couplings=(0.3, -1.2),
        action=Phi4(-4.0, 6.0),
    ),
    "squeeze": LayerCase(Squeeze(), (4, 2, 4), ("sign",)),
    "squeeze of period 3": LayerCase(Squeeze(3), (6,), ("sign",)),
    "translate": LayerCase(Translate((1, -2)), (4, 3), ("translation", "sign")),
    "sublattice": LayerCase(Sublattice(AffineCoupling(NET)), (4, 8)),
    "blocks": LayerCase(Blocks(Linear(), (2, 2)), (4, 4), ("double translation", "sign")),
    "blocks of couplings": LayerCase(Blocks(AffineCoupling(WHOLE), (2,)), (6,), ("double translation",)),
    "disentanglers": LayerCase(
        Sequential((Translate((1, 1)), Blocks(Linear()), Inverse(Translate((1, 1))))), (4, 4), ("double translation",)
    ),
    "squeezed halves": LayerCase(Sequential((Squeeze(), AffineCoupling(WHOLE, Half()), Inverse(Squeeze()))), (4, 2)),
    "multiscale": LayerCase(Multiscale((RealNVP(2, (3,), odd=False), RealNVP(2, (3,), odd=False))), (4, 4)),
    "realnvp": LayerCase(RealNVP(3, (3,)), (4, 4), ("even translation", "sign")),
    "free field, then splines": LayerCase(
        Sequential((FourierScale(), NeuralSpline(2, (3,), bins=3, odd=False)), checkpoint=1),
        (4, 4),
        ("even translation",),
        kinks=True,
        action=Phi4(-4.0, 6.0),
    ),
    "inverse": LayerCase(Inverse(AffineCoupling(NET)), (4, 4), ("even translation",)),
    "identity": LayerCase(Identity(), (3, 2), ALL),
}


def stored(chains: int = 40, sites: tuple[int, ...] = (4, 6)) -> np.ndarray:
    """Configurations of no particular action."""
    return Key(5).fold("test").normal((chains, *sites), np.zeros(0))


PRIORS = {
    "normal": PriorCase(Normal(0.7)),
    "free field 1d": PriorCase(FreeField(0.4), (5,)),
    "free field 2d": PriorCase(FreeField(0.4)),
    "free field 3d": PriorCase(FreeField(1.3), (2, 3, 4)),
    "stored ensemble": PriorCase(StoredEnsemble(stored(), Phi4(1.0, 0.5))),
    "stored ensemble, each once": PriorCase(StoredEnsemble(stored(), Phi4(1.0, 0.5), replacement=False)),
}


def initialised(case: LayerCase, dtype: str = "float64", namespace: str = "numpy", noise: float = 0.2) -> Any:
    """The layer with generic parameters: those it starts from, and some noise on every one."""
    xp = backend(namespace)
    setting = Setting(case.sites, xp.zeros(0, dtype=getattr(xp, dtype)), Key(7), case.action)
    layer = case.layer.init(setting)
    shifts = iter(range(10_000))

    def shaken(p: Any) -> Any:
        draw = Key(8).fold("test", next(shifts)).normal((1, *p.shape), setting.like)
        return p + noise * xp.reshape(draw, p.shape)

    layer = layer.with_params(tree_map(shaken, layer.params)) if noise else layer
    return layer.conditioned(case.couplings) if case.couplings else layer


SPLINES = (Spline(5, -3.0, 3.0, False, 1e-2), Spline(2, -1.0, 1.5, False, 0.1), Spline(3, -2.0, 2.0, True, 0.1))


def _splines(function: str) -> list[KernelCase]:
    """Every kind of spline in both precisions, numbers outside among those inside; too few of them for a register."""
    cases = []
    for dtype, shape, must in (("float64", (3, 5, 6), True), ("float32", (2, 17), True), ("float64", (3, 1), False)):
        like = np.zeros(0, dtype=dtype)
        for spline in SPLINES:
            x, y_bar, log_bar = (Key(n).fold("test").normal(shape, like) for n in range(3))
            x = np.clip(x, spline.low, np.float32(0.99) * like.dtype.type(spline.high)) if spline.periodic else x
            p = Key(3).fold("test").normal((shape[0], spline.size, *shape[1:]), like)
            last = (y_bar, log_bar) if function == "vjp" else ()
            cases.append(KernelCase((x, p, spline, *last), must=must))
    return cases


KERNELS: dict[str, Callable[[], list[KernelCase]]] = {
    "latticekit.flows.knots.spline_forward": lambda: _splines("forward"),
    "latticekit.flows.knots.spline_backward": lambda: _splines("backward"),
    "latticekit.flows.knots.spline_bend": lambda: _splines("bend"),
    "latticekit.flows.knots.spline_vjp": lambda: _splines("vjp"),
}
