"""Stages y = f(W u + b) one after the other: the one place where features are mixed, forward and back.

A stage sums over channels and displacements: z_c(x) = sum_{c', n} W_{c c' n} u_{c'}(x + d_n) + b_c.  Dense layers,
convolutions and their sums are all of this form; what differs is where d_n points and how W is parametrised.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from latticekit.arrays import accelerated, namespace
from latticekit.flows.networks.activations import CURVES
from latticekit.lattice import shift

Array = Any
Offsets = tuple[tuple[int, ...], ...]


class Plan(NamedTuple):
    """What does not depend on parameters: displacements d_n and activation of every stage."""

    offsets: tuple[Offsets, ...]
    activations: tuple[str, ...]

    @property
    def kept(self) -> int:
        """Number of stages of which the way back needs W u + b: not of a last one without activation."""
        return len(self.activations) - (self.activations[-1] == "identity")


def displaced(x: Array, d: tuple[int, ...]) -> Array:
    """x at the sites seen from a displacement: result(s) = x(s + d).  (chain, channel, *sites) -> the same"""
    for mu, step in enumerate(d):
        x = shift(x, mu, step, dim=len(d)) if step else x
    return x


def _matrix(x: Array) -> Array:
    """Matrices of columns.  (chain, c, *sites) -> (chain, c, volume); vectors (chain, c) -> (1, c, chain)"""
    xp = namespace(x)
    if x.ndim == 2:
        return xp.permute_dims(x, (1, 0))[None, ...]
    return xp.reshape(x, (x.shape[0], x.shape[1], math.prod(x.shape[2:])))


def columns(x: Array, offsets: Offsets) -> Array:
    """Every channel at every displacement, one row per pair.  (chain, c, *sites) -> (chain, c n, volume)"""
    if x.ndim == 2:
        return _matrix(x)
    stacked = namespace(x).stack([displaced(x, d) for d in offsets], axis=2)
    return _matrix(namespace(x).reshape(stacked, (x.shape[0], x.shape[1] * len(offsets), *x.shape[2:])))


def mixed(w: Array, x: Array, offsets: Offsets) -> Array:
    """sum_{c', n} W_{c c' n} u_{c'}(x + d_n).  (o, i, n), (chain, i, *sites) -> (chain, o, *sites)"""
    xp = namespace(x)
    z = xp.matmul(xp.reshape(w, (w.shape[0], w.shape[1] * w.shape[2])), columns(x, offsets))
    z = xp.permute_dims(z, (2, 1, 0)) if x.ndim == 2 else z
    return xp.reshape(z, (x.shape[0], w.shape[0], *x.shape[2:]))


def mixed_vjp(w: Array, x: Array, offsets: Offsets, z_bar: Array) -> tuple[Array, Array, Array]:
    """x_bar, W_bar and b_bar of z = W u + b: the same sum with -d_n and W transposed, and sums over sites.

    (o, i, n), (chain, i, *sites), (chain, o, *sites) -> (chain, i, *sites), (o, i, n), (o,)
    """
    xp, rows = namespace(x), _matrix(z_bar)
    back = tuple(tuple(-step for step in d) for d in offsets)
    x_bar = mixed(xp.permute_dims(w, (1, 0, 2)), z_bar, back)
    products = xp.sum(xp.matmul(rows, columns(x, offsets).mT), axis=0, dtype=xp.float64)
    b_bar = xp.sum(rows, axis=(0, 2), dtype=xp.float64)
    return x_bar, xp.reshape(xp.astype(products, w.dtype), w.shape), xp.astype(b_bar, w.dtype)


def _with_bias(z: Array, b: Array) -> Array:
    return z + namespace(z).reshape(b, (1, b.shape[0]) + (1,) * (z.ndim - 2))


@accelerated(numpy="latticekit.kernels.cpu.convolution:forward")
def forward(x: Array, weights: tuple[tuple[Array, Array], ...], plan: Plan) -> tuple[Array, Array]:
    """y, and z = W u + b of the stages, channels one after the other, as the way back needs them.

    x: (chain, i, *sites); weights: (W (o, i, n), b (o,)) of every stage.
    -> (chain, o, *sites), (chain, sum of o, *sites)
    """
    xp, kept = namespace(x), [x[:, :0, ...]]
    for (w, b), offsets, name in zip(weights, plan.offsets, plan.activations):
        kept.append(_with_bias(mixed(w, x, offsets), b))
        x = CURVES[name].value(kept[-1])
    return x, xp.concat(kept[: 1 + plan.kept], axis=1)


@accelerated(numpy="latticekit.kernels.cpu.convolution:backward")
def backward(
    x: Array, weights: tuple[tuple[Array, Array], ...], plan: Plan, kept: Array, y_bar: Array
) -> tuple[Array, tuple[tuple[Array, Array], ...]]:
    """x_bar, and (W_bar, b_bar) of every stage, from what `forward` kept.

    x: (chain, i, *sites); kept: (chain, sum of o, *sites); y_bar: (chain, o, *sites).
    """
    inputs, slopes, first = [x], [], 0
    for (w, _), name in zip(weights[: plan.kept], plan.activations):
        z = kept[:, first : first + w.shape[0], ...]
        first += w.shape[0]
        inputs.append(CURVES[name].value(z))
        slopes.append(CURVES[name].slope(z))
    bars: list[tuple[Array, Array]] = []
    for n in reversed(range(len(weights))):
        z_bar = y_bar * slopes[n] if n < len(slopes) else y_bar
        y_bar, w_bar, b_bar = mixed_vjp(weights[n][0], inputs[n], plan.offsets[n], z_bar)
        bars.append((w_bar, b_bar))
    return y_bar, tuple(reversed(bars))
