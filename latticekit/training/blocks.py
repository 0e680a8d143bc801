"""U(1) by blocks: every layer of `U1HierarchicalFlow`, a problem of one angle, against the exact density of flux."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from latticekit.actions import Action, GaugeAction
from latticekit.arrays import namespace
from latticekit.flows import Flow, Sequential
from latticekit.flows.gauge import U1Coupling, halvings
from latticekit.flows.parameters import Tree
from latticekit.random import Key
from latticekit.training.estimator import Gradient, GradientEstimator

Array = Any
_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
_NEGLIGIBLE = 1e-17  # Fourier coefficients beside the first, which is 1
_LEAST = 1e-14  # of the density, relative to the uniform one: rounding of its Fourier sum
_GRID = 4096
_TEMPER = 0.5  # power of the density that places fluxes


class Flux:
    """Density of the flux y through n plaquettes of Wilson's action, relative to the uniform one; y an angle.

    p_n(y) = 1 + 2 sum_m (I_m(beta) / I_0(beta))^n cos(m y), whatever the shape of the block, as long as the rest of
    the lattice is integrated over and has no boundary; the whole torus has y = 0.
    """

    def __init__(self, beta: float, plaquettes: int) -> None:
        from latticekit.exact import von_mises

        m = np.arange(1, 64 + math.ceil(8 * math.sqrt(beta)) + math.ceil(2 * beta))
        weights = 2 * np.exp(plaquettes * von_mises.log_bessel_ratio(m, beta))
        self.weights: list[float] = [1.0, *weights[weights > _NEGLIGIBLE].tolist()]

    def log(self, y: Array) -> tuple[Array, Array]:
        """log p and its derivative, by Horner's rule in exp(iy).  (n,) float64 -> two (n,)"""
        xp = namespace(y)
        z = xp.exp(1j * xp.astype(y, xp.complex128))
        total, bend = xp.zeros_like(z), xp.zeros_like(z)
        for m in range(len(self.weights) - 1, 0, -1):
            total, bend = total * z + self.weights[m], bend * z + m * self.weights[m]
        p = xp.maximum(xp.real(total * z) + 1.0, xp.full_like(y, _LEAST))
        return xp.log(p), -xp.imag(bend * z) / p

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Where the share u of the density p^(1/2), over [-pi, pi] and normalised, lies below.  (n,) -> (n,)"""
        grid = np.linspace(-np.pi, np.pi, _GRID + 1)
        p = np.exp(_TEMPER * self.log(grid)[0])
        total = np.concatenate([[0.0], np.cumsum(p[1:] + p[:-1])])
        return np.interp(u, total / total[-1], grid)


@lru_cache(maxsize=64)
def flux(beta: float, plaquettes: int) -> Flux:
    """Made once."""
    return Flux(beta, plaquettes)


@dataclass(frozen=True)
class BlockPath(GradientEstimator):
    """Path gradients of the layers of `U1HierarchicalFlow`, every one for itself: Wilson's U(1) in two dimensions.

    A layer divides the flux R of blocks of 2n plaquettes into y and R - y.  Where the layers before it are exact, R has
    the density p_2n, and y ought to have p(y|R) = p_n(y) p_n(R - y) / p_2n(R), p_n the n-fold convolution of
    exp(beta cos y): KL(q|p) is the sum over blocks of <log q(y|R) - log p(y|R)>, integrals over two angles each.  The
    layer that makes them vanish for every R does not depend on how R is distributed; it is drawn from p_2n^(1/2), since
    rare fluxes, badly divided, make the largest weights.  `points`: of a Kronecker sequence with a random shift, at
    which every layer is evaluated: the error of the integrals is far below that of as many random numbers.

    The loss is the sum of these divergences, without log Z; the log weights of `batch` fields are drawn from the flow.
    """

    points: int = 512

    def __post_init__(self) -> None:
        if self.points < 2:
            raise ValueError(f"points must be at least 2, got {self.points}")

    def gradient(self, flow: Flow, action: Action, key: Key, batch: int) -> Gradient:
        """Sum of the divergences, its gradient, log weights of the whole flow."""
        beta = _beta(flow, action)
        loss, bars = 0.0, {}
        for i, layer in enumerate(flow.layer.layers):  # type: ignore[attr-defined]
            shift = key.fold("direction", i).uniform((1, 2), np.zeros(0))[0]
            divergence, bars[str(i)] = self._layer(layer, flow, beta, shift)
            loss = loss + divergence
        x, log_q = flow.draw(key, batch)
        return Gradient(loss, bars, -action.value(x) - log_q)

    def _layer(self, layer: U1Coupling, flow: Flow, beta: float, shift: np.ndarray) -> tuple[Array, Tree]:
        """Divergence of all blocks of one layer and its path gradient."""
        plaquettes = layer.active.length * layer.active.height
        blocks = math.prod(flow.sites) // (2 * plaquettes)
        half, whole = flux(beta, plaquettes), flux(beta, 2 * plaquettes)
        r, x = (_as_cells(one, flow.like) for one in self._places(whole, blocks, shift))
        xp = namespace(x)
        p, kept = layer.network.apply(xp.concat([xp.cos(r), xp.sin(r)], axis=1))
        r, x = r[:, 0, ...], x[:, 0, ...]
        y, log_slope = layer.transform.apply(x, p)
        slope, bend = layer.transform.slopes(x, p)
        log_p, score = _split(half, whole, r, y)
        share = blocks / self.points
        y_bar = -(bend / slope + xp.astype(score, x.dtype)) * share
        bars = layer.network.vjp(kept, layer.transform.parameter_vjp(x, p, y_bar, xp.zeros_like(x)))[1]
        return -xp.sum(xp.astype(log_slope, xp.float64) + log_p) * share, {"network": bars}

    def _places(self, whole: Flux, blocks: int, shift: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """R, which is 0 for the torus, and x from the circle.  -> two (points,)"""
        n = np.arange(self.points)
        x = 2 * np.pi * ((n / self.points + shift[0]) % 1.0) - np.pi
        return (np.zeros(self.points) if blocks == 1 else whole.quantile((n * _GOLDEN + shift[1]) % 1.0)), x


def _split(half: Flux, whole: Flux, r: Array, y: Array) -> tuple[Array, Array]:
    """log p(y|R) relative to the uniform density, and its derivative by y.  two (1, n, 1) -> the same in float64"""
    xp = namespace(y)
    r, y = xp.astype(r, xp.float64), xp.astype(y, xp.float64)
    (one, one_slope), (other, other_slope) = half.log(y), half.log(r - y)
    return one + other - whole.log(r)[0], one_slope - other_slope


def _as_cells(values: np.ndarray, like: Array) -> Array:
    """As the cells of one chain, for networks see them one by one.  (n,) -> (1, 1, n, 1)"""
    return namespace(like).asarray(values.reshape(1, 1, -1, 1), dtype=like.dtype, device=like.device)


def _beta(flow: Flow, action: Action) -> float:
    """The coupling; ValueError unless action and flow are what blocks are exact for."""
    if not (isinstance(action, GaugeAction) and action.group.n == 1 and len(flow.sites) == 2):
        raise ValueError(f"BlockPath knows the flux of Wilson's U(1) in two dimensions only, got {action!r}")
    couplings = np.asarray(action.couplings(flow.sites))
    if action.c1 or action.held or np.ptp(couplings):
        raise ValueError(f"BlockPath needs one coupling for all plaquettes, and nothing else: got {action!r}")
    wanted = [(step.rows, step.half, (step.whole,)) for step in halvings(flow.sites)]
    layers = flow.layer.layers if isinstance(flow.layer, Sequential) else ()
    found = [(one.rows, one.active, one.loops) for one in layers if isinstance(one, U1Coupling)]
    if found != wanted or len(layers) != len(wanted):
        raise ValueError(f"BlockPath trains lk.U1HierarchicalFlow({flow.sites}); for other flows use Path()")
    return float(couplings.reshape(-1)[0])
