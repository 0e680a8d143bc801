"""The network of a coupling, forward and forward + vjp, against im2col + BLAS, JAX and PyTorch, interleaved.

    python -m benchmarks.peers.coupling [--rounds 9] [--dtype float64] [--skip torch] [--size 16 --chains 128]

Channels 2-8-8-2, periodic 3 x 3 filters, tanh inside: cotangents of the input and of all weights.  Prints process CPU
time in ns per site (median / minimum) and the ratio of the medians.  JAX runs twice, with its convolution and as
im2col + matrix products; the better one counts.  One thread everywhere (see `benchmarks.peers.phi4`).
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise, product
from typing import Any

from benchmarks.peers.phi4 import gemm, interleaved, report  # first: it sets one thread everywhere

import numpy as np  # isort: skip

from latticekit.arrays import set_threads
from latticekit.flows import Setting
from latticekit.flows.networks import ConvNet
from latticekit.random import Key

Array = Any
WIDTHS = (2, 8, 8, 2)
Weights = list[tuple[Array, Array]]


def _columns(x: Array, xp: Any = np) -> Array:
    """(chain, c, L, L) -> (chain L L, c 9): one padded copy, then a window per tap."""
    chains, c, n, m = x.shape
    padded = xp.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="wrap")
    taps = [padded[:, :, i : i + n, j : j + m] for i, j in product(range(3), repeat=2)]
    return xp.stack(taps, axis=2).reshape(chains, c * 9, n * m).transpose(0, 2, 1).reshape(chains * n * m, c * 9)


def _rows(y: Array) -> Array:
    """(chain, c, L, L) -> (chain L L, c)."""
    return y.transpose(0, 2, 3, 1).reshape(-1, y.shape[1])


def _fields(rows: Array, like: Array) -> Array:
    """The way back."""
    chains, _, n, m = like.shape
    return np.ascontiguousarray(rows.reshape(chains, n, m, -1).transpose(0, 3, 1, 2))


def numpy_forward(x: Array, weights: Weights) -> tuple[Array, list[Any]]:
    """One matrix product per stage."""
    kept: list[Any] = []
    for k, (w, b) in enumerate(weights):
        columns = _columns(x)
        z = columns @ w.reshape(w.shape[0], -1).T + b
        z = np.tanh(z) if k + 1 < len(weights) else z
        kept.append((columns, z))
        x = _fields(z, x)
    return x, kept


def numpy_both(x: Array, weights: Weights, y_bar: Array) -> tuple[Any, ...]:
    """Two more matrix products per stage on the way back."""
    y, kept = numpy_forward(x, weights)
    bars, bar = [], y_bar
    for k in reversed(range(len(weights))):
        w, (columns, z) = weights[k][0], kept[k]
        z_bar = _rows(bar)
        z_bar = z_bar * (1.0 - z * z) if k + 1 < len(weights) else z_bar
        bars.append(((z_bar.T @ columns).reshape(w.shape), z_bar.sum(axis=0)))
        turned = w[:, :, ::-1, ::-1].transpose(1, 0, 2, 3).reshape(w.shape[1], -1)
        bar = _fields(_columns(_fields(z_bar, bar)) @ turned.T, bar)
    return y, bar, bars[::-1]


def _jax(conv: bool) -> tuple[Any, Any, Any]:
    import jax

    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy

    def stage(x: Array, w: Array, b: Array) -> Array:
        if conv:
            padded = jnp.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="wrap")
            return jax.lax.conv(padded, w, (1, 1), "VALID") + b[None, :, None, None]
        z = _columns(x, jnp) @ w.reshape(w.shape[0], -1).T + b
        return z.reshape(x.shape[0], *x.shape[2:], -1).transpose(0, 3, 1, 2)

    def net(x: Array, weights: Weights) -> Array:
        for k, (w, b) in enumerate(weights):
            x = stage(x, w, b)
            x = jnp.tanh(x) if k + 1 < len(weights) else x
        return x

    return jax, jnp, net


def jax_runs(conv: bool, x: Array, weights: Weights, y_bar: Array) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """jax.jit of the network, and of the network with its vjp."""
    jax, jnp, net = _jax(conv)

    @jax.jit
    def both(x: Array, weights: Weights, y_bar: Array) -> Any:
        y, back = jax.vjp(net, x, weights)
        return (y, *back(y_bar))

    x, y_bar, weights = jnp.asarray(x), jnp.asarray(y_bar), [(jnp.asarray(w), jnp.asarray(b)) for w, b in weights]
    run = jax.jit(net)
    return lambda: run(x, weights).block_until_ready(), lambda: jax.block_until_ready(both(x, weights, y_bar))


def torch_runs(x: Array, weights: Weights, y_bar: Array) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Circular padding, conv2d, autograd, on one thread."""
    import torch

    torch.set_num_threads(1)
    field, bar = torch.from_numpy(x.copy()).requires_grad_(), torch.from_numpy(y_bar.copy())
    leaves = [
        (torch.from_numpy(w.copy()).requires_grad_(), torch.from_numpy(b.copy()).requires_grad_()) for w, b in weights
    ]

    def net() -> Any:
        y = field
        for k, (w, b) in enumerate(leaves):
            y = torch.nn.functional.conv2d(torch.nn.functional.pad(y, (1, 1, 1, 1), mode="circular"), w, b)
            y = torch.tanh(y) if k + 1 < len(leaves) else y
        return y

    def forward() -> Any:
        with torch.no_grad():
            return net().numpy()

    def both() -> Any:
        y = net()
        found = torch.autograd.grad(y, [field, *(leaf for pair in leaves for leaf in pair)], bar)
        bars = [(found[1 + 2 * k].numpy(), found[2 + 2 * k].numpy()) for k in range(len(leaves))]
        return y.detach().numpy(), found[0].numpy(), bars

    return forward, both


def own_runs(x: Array, weights: Weights, y_bar: Array) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """ConvNet with the given weights."""
    network = ConvNet(WIDTHS[1:-1]).between(WIDTHS[0], WIDTHS[-1]).init(Setting(x.shape[2:], x[:0], Key(1)))
    network = network.with_params({str(k): {"w": w, "b": b} for k, (w, b) in enumerate(weights)})

    def both() -> Any:
        y, residuals = network.apply(x)
        x_bar, bars = network.vjp(residuals, y_bar)
        return y, x_bar, [(bar["w"], bar["b"]) for bar in bars.values()]

    return lambda: network.apply(x)[0], both


def _flat(result: Any) -> list[Array]:
    y, x_bar, bars = result
    return [np.asarray(a) for a in (y, x_bar, *(bar for pair in bars for bar in pair))]


def compare(size: int, chains: int, dtype: str, rounds: int, skip: list[str]) -> None:
    """Check that all codes agree, then time them."""
    rng = np.random.default_rng(1)
    shape = (chains, WIDTHS[0], size, size)
    x, y_bar = (rng.normal(size=shape).astype(dtype) for _ in range(2))
    weights = [
        ((0.2 * rng.normal(size=(o, i, 3, 3))).astype(dtype), (0.1 * rng.normal(size=o)).astype(dtype))
        for i, o in pairwise(WIDTHS)
    ]
    makers: dict[str, Callable[..., Any]] = {
        "latticekit": own_runs,
        "im2col+BLAS": lambda x, w, y: (partial(numpy_forward, x, w), partial(numpy_both, x, w, y)),
        "jax conv": partial(jax_runs, True),
        "jax im2col": partial(jax_runs, False),
        "torch": torch_runs,
    }
    runs = {name: make(x, weights, y_bar) for name, make in makers.items() if name.split()[0] not in skip}
    expected = _flat(runs["latticekit"][1]())
    for name, (_, both) in runs.items():
        worst = max(np.max(np.abs(a - b)) / np.max(np.abs(b)) for a, b in zip(_flat(both()), expected))
        assert worst < (1e-11 if dtype == "float64" else 1e-3), f"{name} differs by {worst}"
    sites = math.prod(shape) // WIDTHS[0]
    for k, what in enumerate(("forward", "forward + vjp")):
        title = f"{what}, {chains} x {size}^2, {'-'.join(map(str, WIDTHS))}, {dtype}"
        report(title, interleaved({name: pair[k] for name, pair in runs.items()}, rounds), sites)


def main() -> None:
    """All sizes, or one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--dtype", default="float64", choices=["float64", "float32"])
    parser.add_argument("--skip", nargs="*", default=[], choices=["jax", "torch"])
    parser.add_argument("--size", type=int, default=0)
    parser.add_argument("--chains", type=int, default=128)
    options = parser.parse_args()
    set_threads(1)
    for size in [options.size] if options.size else [8, 16, 32]:
        compare(size, options.chains, options.dtype, options.rounds, options.skip)
    print(f"\nmatrix product {gemm(options.dtype):.0f} GFlop/s")


if __name__ == "__main__":
    main()
