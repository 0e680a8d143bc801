"""A U(1) plaquette coupling, forward and forward + vjp, against PyTorch on the same network, interleaved.

    python -m benchmarks.peers.u1_coupling [--rounds 9] [--dtype float64] [--size 16 --chains 128]

Active rows of period 4, sixteen features of frozen loops, a network 16-8-8-14, a mixture of six projections:
cotangents of the links and of all weights.  PyTorch works on the same compact rows, with circular padding and autograd.
Prints process CPU time in ns per site (median / minimum) and the ratio of the medians, on one thread.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import Any

from benchmarks.peers.phi4 import interleaved, report  # first: it sets one thread everywhere

import numpy as np  # isort: skip

from latticekit.arrays import set_threads
from latticekit.flows import Setting
from latticekit.flows.gauge import NonCompactProjection, Rows, U1Coupling
from latticekit.flows.networks import ConvNet
from latticekit.groups import U1
from latticekit.random import Key

Array = Any
ROWS, COMPONENTS = Rows(0, 1), 6


def own_layer(x: Array) -> U1Coupling:
    """The layer with generic weights."""
    layer = U1Coupling(ROWS, ConvNet((8, 8)), transform=NonCompactProjection(COMPONENTS))
    return layer.init(Setting(x.shape[2:], x[:0].reshape(-1), Key(1)))


def own_runs(layer: U1Coupling, x: Array, bar: Array, weight: Array) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """apply; apply and vjp."""

    def both() -> Any:
        y, log_det, residuals = layer.apply(x)
        x_bar, bars = layer.vjp(residuals, bar, weight)
        return y, log_det, x_bar, bars["network"]["0"]["w"], bars["network"]["2"]["w"]

    return lambda: layer.apply(x)[:2], both


def torch_runs(layer: U1Coupling, x: Array, bar: Array, weight: Array) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """The same with torch.roll, conv2d and autograd."""
    import torch

    torch.set_num_threads(1)
    links, y_bar, log_det_bar = torch.from_numpy(x.copy()).requires_grad_(), *map(torch.from_numpy, (bar, weight))
    weights = [
        {name: torch.from_numpy(np.array(w)).requires_grad_() for name, w in part.items()}
        for part in layer.network.params.values()
    ]
    places = ROWS.context(2, layer.loops)

    def angle(theta: Any, path: Any) -> Any:
        total = 0.0
        for step in reversed(path):
            link = theta[:, max(step, ~step)]
            total = (
                link + torch.roll(total, -1, 1 + step)
                if step >= 0 and not isinstance(total, float)
                else (link if step >= 0 else torch.roll(total - link, 1, 1 + ~step))
            )
        return total

    def row(field: Any, place: Any) -> Any:
        turns, first = divmod(place[1], ROWS.period)
        found = field[:, :, first :: ROWS.period]
        return torch.roll(found, -turns, 2) if turns else found

    def layer_of(theta: Any) -> Any:
        angles = {path: angle(theta, path) for path, _ in places}
        loops = torch.stack([row(angles[path], place) for path, place in places], 1)
        p = torch.cat([torch.cos(loops), torch.sin(loops)], 1)
        for k, part in enumerate(weights):
            p = torch.nn.functional.conv2d(
                torch.nn.functional.pad(p, (1, 1, 1, 1), mode="circular"), part["w"], part["b"]
            )
            p = torch.tanh(p) if k + 1 < len(weights) else p
        active = row(angle(theta, (0, 1, ~0, ~1)), (0, 0))
        half = 0.5 * torch.remainder(active + math.pi, 2 * math.pi)[:, None] - 0.5 * math.pi
        share, a = torch.softmax(p[:, :COMPONENTS], 1), torch.exp(p[:, COMPONENTS : 2 * COMPONENTS])
        s, c = torch.sin(half), torch.cos(half)
        h = 2 * torch.sum(share * torch.atan2(a * s, c), 1) + torch.atan2(p[:, -1], 1 + p[:, -2])
        log_det = torch.sum(torch.log(torch.sum(share * a / (c * c + a * a * s * s), 1)), (1, 2), dtype=torch.float64)
        moved = theta[:, 0].clone()
        moved[:, :, :: ROWS.period] = (
            torch.remainder(theta[:, 0, :, :: ROWS.period] + h - active + math.pi, 2 * math.pi) - math.pi
        )
        return torch.stack([moved, theta[:, 1]], 1), log_det

    def forward() -> Any:
        with torch.no_grad():
            return [out.numpy() for out in layer_of(links)]

    def both() -> Any:
        y, log_det = layer_of(links)
        leaves = [links, *(w for part in weights for w in part.values())]
        found = torch.autograd.grad([y, log_det], leaves, [y_bar, log_det_bar])
        return y.detach().numpy(), log_det.detach().numpy(), found[0].numpy(), found[1].numpy(), found[5].numpy()

    return forward, both


def compare(size: int, chains: int, dtype: str, rounds: int) -> None:
    """Check that both codes agree, then time them."""
    x = U1().random(Key(2), (chains, 2, size, size), np.zeros(0, dtype))
    bar, weight = Key(3).normal(x.shape, x), np.linspace(-1, 1, chains)
    layer = own_layer(x)
    runs = {"latticekit": own_runs(layer, x, bar, weight), "torch": torch_runs(layer, x, bar, weight)}
    for own, other in zip(runs["latticekit"][1](), runs["torch"][1]()):
        worst = np.max(np.abs(own - other)) / np.max(np.abs(own))
        assert worst < (1e-11 if dtype == "float64" else 1e-3), f"differs by {worst}"
    for k, what in enumerate(("forward", "forward + vjp")):
        title = f"U(1) coupling, {what}, {chains} x {size}^2, {dtype}"
        report(title, interleaved({name: pair[k] for name, pair in runs.items()}, rounds), chains * size * size)


def main() -> None:
    """All sizes, or one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--dtype", default="float64", choices=["float64", "float32"])
    parser.add_argument("--size", type=int, default=0)
    parser.add_argument("--chains", type=int, default=128)
    options = parser.parse_args()
    set_threads(1)
    for size in [options.size] if options.size else [8, 16, 32]:
        compare(size, options.chains, options.dtype, options.rounds)


if __name__ == "__main__":
    main()
