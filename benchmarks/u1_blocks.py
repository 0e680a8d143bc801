"""U(1) on a torus by couplings of blocks, fitted layer by layer: effective sample size against CPU seconds.

    python -m benchmarks.u1_blocks [--size 16] [--beta 3 7] [--steps 400] [--hidden 20 20] [--components 8] [--seed 0]

Each layer of `U1HierarchicalFlow` splits the flux R of a block of 2n plaquettes into y and R - y.  With p_n the density
of the flux through n plaquettes, its target is p_n(y) p_n(R - y) / p_2n(R): a problem of one angle, whose reverse
Kullback-Leibler divergence is minimised by Adam on draws of R from p_2n and of x from the circle.  One beta starts from
the one before.  Prints, for every beta, the width of the log-weight per block of each layer; then for the whole flow
ESS, acceptance of independence Metropolis, and log Z, plaquette and <Q^2> against exact values.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import ive

from latticekit.actions import Wilson
from latticekit.arrays import set_threads, tree_map
from latticekit.flows import Flow
from latticekit.flows.gauge import Haar, U1Coupling, U1HierarchicalFlow
from latticekit.groups import U1
from latticekit.groups.u1 import wrap
from latticekit.random import Key

Array = Any
GRID = np.linspace(-np.pi, np.pi, 4001)


class Flux:
    """p_n(y) = sum_m (I_m/I_0)^n cos(m y) up to 1/2 pi: the flux through n plaquettes, for Wilson's action."""

    def __init__(self, beta: float, plaquettes: int) -> None:
        m = np.arange(1, int(30 + 12 * beta))
        weights = 2 * (ive(m, beta) / ive(0, beta)) ** plaquettes
        self.m, self.weights = m[weights > 1e-18], weights[weights > 1e-18]

    def log(self, y: Array) -> tuple[Array, Array]:
        """log p and its derivative.  any shape -> two of the same"""
        phase = y.reshape(-1, 1) * self.m
        p = np.maximum(1 + np.cos(phase) @ self.weights, 1e-12)
        return np.log(p).reshape(y.shape), (-np.sin(phase) @ (self.weights * self.m) / p).reshape(y.shape)

    def quantile(self, u: Array) -> Array:
        """Draws from uniform numbers."""
        p = np.exp(self.log(GRID)[0])
        total = np.concatenate([[0.0], np.cumsum(p[1:] + p[:-1])])
        return np.interp(u, total / total[-1], GRID)


def fit(layer: U1Coupling, beta: float, steps: int, rate: float, key: Key, whole_torus: bool) -> tuple[Any, float]:
    """The layer with a better network, and the spread of its log-weight per block at the end."""
    plaquettes, batch = layer.active.length * layer.active.height, 512
    half, whole = Flux(beta, plaquettes), Flux(beta, 2 * plaquettes)
    params = layer.network.params
    first, second = tree_map(np.zeros_like, params), tree_map(np.zeros_like, params)
    spread = []
    for step in range(steps):
        u = key.at(step).uniform((batch, 2), np.zeros(0))
        flux = (0.0 if whole_torus else 1.0) * whole.quantile(u[:, 0]).reshape(batch, 1, 1)
        x = 2 * np.pi * (u[:, 1] - 0.5).reshape(batch, 1, 1)
        network = layer.network.with_params(params)
        p, kept = network.apply(np.stack([np.cos(flux), np.sin(flux)], axis=1))
        y, log_slope = layer.transform.apply(x, p)
        (one, one_slope), (other, other_slope) = half.log(y), half.log(flux - y)
        spread.append(np.std(one + other - whole.log(flux)[0] + log_slope))
        p_bar = layer.transform.parameter_vjp(x, p, (other_slope - one_slope) / batch, np.full(x.shape, -1 / batch))
        bars = network.vjp(kept, p_bar)[1]
        first = tree_map(lambda a, g: 0.9 * a + 0.1 * g, first, bars)
        second = tree_map(lambda a, g: 0.99 * a + 0.01 * g * g, second, bars)
        now = rate * min(1.0, (step + 1) / 20) * (0.51 + 0.5 * np.cos(np.pi * step / steps))
        norm = now * np.sqrt(1 - 0.99 ** (step + 1)) / (1 - 0.9 ** (step + 1))
        params = tree_map(lambda w, a, b, r=norm: w - r * a / (np.sqrt(b) + 1e-9), params, first, second)
    return replace(layer, network=layer.network.with_params(params)), float(np.mean(spread[-30:]))


def acceptance(log_weights: Array) -> float:
    """Of independence Metropolis through the draws in turn."""
    u, current, accepted = Key(9).uniform((log_weights.size, 1), np.zeros(0))[:, 0], log_weights[0], 0
    for n in range(1, log_weights.size):
        if np.log(u[n]) < log_weights[n] - current:
            current, accepted = log_weights[n], accepted + 1
    return accepted / (log_weights.size - 1)


def judge(flow: Flow, beta: float, draws: int) -> str:
    """What the flow is worth."""
    x, log_q = flow.draw(Key(7), draws)
    action = Wilson(U1(), beta)
    exact, log_weights = action.exact(flow.sites), -action.value(x) - log_q
    w = np.exp(log_weights - log_weights.max())
    angle = x[:, 0] + np.roll(x[:, 1], -1, 1) - np.roll(x[:, 0], -1, 2) - x[:, 1]
    charge = np.round(np.sum(wrap(angle), axis=(1, 2)) / (2 * np.pi))
    log_z = log_weights.max() + np.log(np.mean(w))
    found = [f"ESS {w.sum() ** 2 / np.sum(w * w) / draws:.4f}, acceptance {acceptance(log_weights):.3f}"]
    found.append(f"log Z off by {log_z - exact['log_z']:+.4f} +- {np.std(w) / np.mean(w) / np.sqrt(draws):.4f}")
    for name, seen in (("plaquette", np.cos(angle).mean((1, 2))), ("topological_charge_squared", charge**2)):
        mean = np.sum(w * seen) / np.sum(w)
        error = np.sqrt(np.sum((w * (seen - mean)) ** 2)) / np.sum(w)
        found.append(f"{name} {mean:.5f} +- {error:.5f}, exact {float(exact[name]):.5f}")
    return "; ".join(found)


def main() -> None:
    """All couplings in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=16)
    parser.add_argument("--beta", type=float, nargs="+", default=[3.0, 7.0])
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--hidden", type=int, nargs="*", default=[20, 20])
    parser.add_argument("--components", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--draws", type=int, default=4096)
    options = parser.parse_args()
    set_threads(1)
    sites, started = (options.size, options.size), time.process_time()
    map_ = U1HierarchicalFlow(sites, tuple(options.hidden), options.components)
    flow = Flow.init(map_, sites, prior=Haar(U1()), seed=options.seed)
    for n, beta in enumerate(options.beta):
        layers, spreads = [], []
        for i, layer in enumerate(flow.layer.layers):  # type: ignore[attr-defined]
            rate, key = 1e-2 if n else 2e-2, Key(options.seed + 5).part(i, 16)
            better, spread = fit(layer, beta, options.steps, rate, key, whole_torus=i == 0)
            layers.append(better)
            spreads.append(spread)
        flow = replace(flow, layer=replace(flow.layer, layers=tuple(layers)))
        seconds = time.process_time() - started
        print(f"beta {beta:g}, {seconds:.0f} CPU s: log-weights per block {np.round(spreads, 3).tolist()}")
        print(f"  {judge(flow, beta, options.draws)}", flush=True)


if __name__ == "__main__":
    main()
