"""Flows of couplings on alternating checkerboards."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from latticekit.flows.additive import AdditiveCoupling
from latticekit.flows.affine import AffineCoupling
from latticekit.flows.couplings import Coupling
from latticekit.flows.fourier import FourierScale
from latticekit.flows.masks import Checkerboard
from latticekit.flows.networks import ConvNet
from latticekit.flows.sequential import Sequential
from latticekit.flows.site_spline import SiteSpline
from latticekit.flows.spline import SplineCoupling


def alternating(coupling: Coupling, layers: int) -> Sequential:
    """`layers` couplings like the one given, on even and odd sites in turn.  (chain, *sites) -> the same"""
    if layers < 2:
        raise ValueError(
            f"couplings on alternating checkerboards need at least 2 layers to move all sites, got {layers}"
        )
    return Sequential(tuple(replace(coupling, mask=Checkerboard(i % 2)) for i in range(layers)))


def RealNVP(
    layers: int = 8, hidden: tuple[int, ...] = (8, 8), kernel: int = 3, *, odd: bool = True, **settings: Any
) -> Sequential:
    """Affine couplings on alternating checkerboards by convolutional networks, as 1904.12072, section III.

    odd: commute with phi -> -phi (not in the paper).  settings: of `AffineCoupling`, such as bound.
    `Sequential((FourierScale(), RealNVP()))` starts from a free field.
    """
    return alternating(AffineCoupling(ConvNet(hidden, kernel), odd=odd, **settings), layers)


def NICE(
    layers: int = 8, hidden: tuple[int, ...] = (8, 8), kernel: int = 3, *, odd: bool = True, **settings: Any
) -> Sequential:
    """Additive couplings on alternating checkerboards, as 1410.8516 and 2105.12481; arguments: `RealNVP`.

    Preserves volume: widths are those of the prior unless a `FourierScale` or `Scale` stands beside it.
    """
    return alternating(AdditiveCoupling(ConvNet(hidden, kernel), odd=odd, **settings), layers)


def NeuralSpline(
    layers: int = 8, hidden: tuple[int, ...] = (8, 8), kernel: int = 3, *, odd: bool = True, **settings: Any
) -> Sequential:
    """Rational-quadratic spline couplings on alternating checkerboards; arguments: `RealNVP`, `SplineCoupling`."""
    return alternating(SplineCoupling(ConvNet(hidden, kernel), odd=odd, **settings), layers)


def CouplingFlow(
    blocks: int = 2, layers: int = 2, hidden: tuple[int, ...] = (8,), kernel: int = 3, *, odd: bool = True
) -> Sequential:
    """A free field, site by site made non-Gaussian, then corrected by spline couplings.  (chain, *sites) -> the same

    FourierScale, twice (SiteSpline, FourierScale), then `blocks` times (NeuralSpline of `layers` couplings,
    FourierScale).  log_det in closed form.  For phi^4 it learns far faster than couplings alone, whose first steps go
    into the shape of one site's distribution; hidden, kernel: of the couplings' networks, see `RealNVP`.
    """
    if blocks < 1:
        raise ValueError(f"a coupling flow needs at least 1 block, got {blocks}")
    parts = [SiteSpline(odd=odd)] * 2 + [NeuralSpline(layers, hidden, kernel, odd=odd)] * blocks
    free = FourierScale(gaussian=False)
    return Sequential((FourierScale(), *(one for part in parts for one in (*_layers(part), free))))


def _layers(part: Any) -> tuple[Any, ...]:
    return part.layers if isinstance(part, Sequential) else (part,)
