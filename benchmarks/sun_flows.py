"""SU(2) and SU(3) in two dimensions by couplings of blocks: ESS against CPU seconds, and exact values.

    python -m benchmarks.sun_flows --n 2 --beta 1.8 2.2 2.7 [--sizes 4 8 16] [--steps 600] [--seed 0] [--draws 4096]
    python -m benchmarks.sun_flows --n 3 --beta 4 5 6
    python -m benchmarks.sun_flows --n 2 --beta 2.2 --sizes 4 --plain 300      (`lk.SpectralFlow` by `lk.train`)

Each level of `lk.SpectralHierarchicalFlow` splits the loop W of a block of 2n plaquettes into P and P^-1 W.  With p_n
the density of the loop round n plaquettes its target is p_n(P) p_n(P^-1 W)/p_2n(W): a problem of one matrix, whose
reverse Kullback-Leibler divergence is minimised by Adam and path gradients, on W from p_2n and P from the group.  The
blocks of 4 x 4 plaquettes that come out fill any lattice: nothing is trained twice.  Printed for every beta: the spread
of the log-weight per block at every level; then for every lattice ESS (with its jackknife error), acceptance of
independence Metropolis, log Z and Wilson loops minus exact values, in standard errors.
"""

import argparse
import time
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

import numpy as np

import latticekit as lk
from benchmarks.residual_flows import ess
from latticekit.arrays import tree_map
from latticekit.estimators import expected_acceptance
from latticekit.exact.characters import characters
from latticekit.flows.gauge.eigen import eigenphases
from latticekit.flows.gauge.spectral_turn import Turn, power
from latticekit.groups.matrices import mul, mul_dagger, trace
from latticekit.observables import WilsonLoop
from latticekit.samplers import propose

BATCH, POOL = 256, 8192
LIKE = np.zeros(0)


class Loop:
    """p_n(U) = sum_r d_r (c_r/d_r c_0)^n chi_r(U) of the loop round n plaquettes, for Wilson's action, n = 2, 3.

    Characters from complete symmetric polynomials of the eigenvalues, h_k = t h_k-1 - t* h_k-2 + h_k-3 (SU(2):
    t h_k-1 - h_k-2), t = tr U: chi of the partition (a, b) is h_a h_b - h_a+1 h_b-1.
    """

    def __init__(self, n, beta, plaquettes):
        table = characters(n)
        self.n, self.beta, self.plaquettes, self.log_c = n, beta, plaquettes, table.log_trivial(beta)
        found = table.representations(60.0)
        weights = found.dimensions * np.exp(plaquettes * table.log_ratio(found.labels, beta))
        keep = weights * found.dimensions > 1e-10
        self.labels = [(int(one[0]), int(one[1]) if n == 3 else 0) for one in found.labels[keep]]
        self.weights = weights[keep]

    def log(self, u):
        """log p and the cotangent of U, a matrix i v_a T_a.  (1, N, N, b) -> (1, b), (1, N, N, b)"""
        t, group = trace(u), lk.SU(self.n)
        if self.plaquettes == 1:
            log_p, slope = self.beta / self.n * np.real(t) - self.log_c, 0.0 * t + self.beta / self.n
        else:
            log_p, slope = self._series(t)
        return log_p, group.algebra(group.components(u * slope[:, None, None]) * -group.index)

    def _series(self, t):
        """log p and d with d log p = Re(d dt)."""
        h, by_t, by_conj = self._polynomials(t, max(a for a, _ in self.labels) + 1)
        p, d, e = 0.0 * t, 0.0 * t, 0.0 * t
        for (a, b), weight in zip(self.labels, self.weights):
            p += weight * (h[a] * h[b] - h[a + 1] * h[b - 1])
            for total, each in ((d, by_t), (e, by_conj)):
                total += weight * (each[a] * h[b] + h[a] * each[b] - each[a + 1] * h[b - 1] - h[a + 1] * each[b - 1])
        p = np.maximum(np.real(p), 1e-9)
        return np.log(p), (d + np.conj(e)) / p

    def _polynomials(self, t, most):
        """h_k and its derivatives by t and t*, k = -3, ..., most; negative ones at the end of the list are 0."""
        none = 0.0 * t
        h, by_t, by_conj = ({-3: none, -2: none, -1: none, 0: none} for _ in range(3))
        h[0] = none + 1.0
        conj, own = (np.conj(t), 1.0) if self.n == 3 else (1.0, 0.0)
        for k in range(1, most + 1):
            h[k] = t * h[k - 1] - conj * h[k - 2] + own * h[k - 3]
            for each in (by_t, by_conj):
                each[k] = t * each[k - 1] - conj * each[k - 2] + own * each[k - 3]
            by_t[k] = by_t[k] + h[k - 1]
            by_conj[k] = by_conj[k] - own * h[k - 2]
        return h, by_t, by_conj


def haar(n, count, key):
    """(1, N, N, count)"""
    group = lk.SU(n)
    return group.random(key, group.shape(1, (count,)), LIKE)[:, 0]


def loops(n, beta, plaquettes, count, key):
    """Loops round so many plaquettes: products of as many from exp((beta/N) Re tr P), by rejection."""
    single, tries = [], 0
    while sum(one.shape[-1] for one in single) < POOL:
        x = haar(n, POOL, key.at(tries))
        u = key.at(tries).fold("accept").uniform((1, POOL), LIKE)
        single.append(x[..., np.log(u[0]) < beta / n * (np.real(trace(x))[0] - n)])
        tries += 1
    pool, total = np.concatenate(single, axis=-1), None
    for i in range(plaquettes):
        chosen = (key.fold("test", i).uniform((count,), LIKE) * pool.shape[-1]).astype(int)
        v = haar(n, count, key.fold("prior", i))
        one = mul_dagger(mul(v, pool[..., chosen]), v)
        total = one if total is None else mul(total, one)
    return total


class Split:
    """One level: its couplings on one block, P from the group, W (here G = P^-1 W) from a stock of p_2n."""

    def __init__(self, layers, beta, seed):
        first = layers[0]
        self.layers, self.group = layers, first.group
        n, plaquettes = self.group.n, first.active.length * first.active.height
        self.half, self.whole = Loop(n, beta, plaquettes), Loop(n, beta, 2 * plaquettes)
        self.g, self.u = loops(n, beta, 2 * plaquettes, POOL, lk.Key(seed + 5)), haar(n, POOL, lk.Key(seed + 6))
        t = np.conj(trace(self.g)) / n  # W goes round the other way
        self.context = np.stack([np.real(t)] if n == 2 else [np.real(t), np.imag(t)], axis=1)
        self.frames = {one.frame: power(self.g, one.frame).root if one.frame else None for one in layers}

    def gradient(self, params, key):
        """Path gradient of every network, and the spread of the log-weight."""
        chosen = (key.uniform((BATCH, 3), LIKE) * POOL).astype(int)
        a, b, at = chosen[:, 0], chosen[:, 1], chosen[:, 2]
        u, g, context = mul(self.u[..., a], self.u[..., b]), self.g[..., at], self.context[..., at]
        zeta, log_det, none, done = 0.0 * u, 0.0, np.zeros((1, 1, BATCH)), []
        for layer, one in zip(self.layers, params):
            p, kept = layer.network.with_params(one).apply(context)
            frame = self.frames[layer.frame]
            m = u if frame is None else mul(u, frame[..., at])
            theta, v = eigenphases(m)
            turn = Turn(theta, v, p, layer.spectral, self.group)
            r, log_slope = turn.apply()
            u, log_det, zeta = mul(r, u), log_det + log_slope, turn.solve(zeta, none + 1.0)
            done.append((layer.network.with_params(one), turn, kept))
        (one, one_bar), (other, other_bar) = self.half.log(u), self.half.log(mul(u, g))
        weights = one + other - self.whole.log(g)[0] + log_det
        bar, bars = (zeta - one_bar - other_bar) / BATCH, []
        for network, turn, kept in reversed(done):
            bar, p_bar, _ = turn.vjp(bar, none)
            bars.append(network.vjp(kept, p_bar)[1])
        return tuple(reversed(bars)), float(np.std(weights))

    def fit(self, steps, rate, seed):
        """Better couplings, and the spread of the log-weight per block at the end."""
        params, spread = tuple(one.network.params for one in self.layers), []
        first, second = tree_map(np.zeros_like, params), tree_map(np.zeros_like, params)
        for step in range(steps):
            bars, width = self.gradient(params, lk.Key(seed + 7).at(step))
            spread.append(width)
            first = tree_map(lambda a, g: 0.9 * a + 0.1 * g, first, bars)
            second = tree_map(lambda a, g: 0.99 * a + 0.01 * g * g, second, bars)
            now = rate * min(1.0, (step + 1) / 20) * (0.505 + 0.495 * np.cos(np.pi * step / steps))
            norm = now * np.sqrt(1 - 0.99 ** (step + 1)) / (1 - 0.9 ** (step + 1))
            params = tree_map(lambda w, a, b, r=norm: w - r * a / (np.sqrt(b) + 1e-9), params, first, second)
        made = [replace(one, network=one.network.with_params(p)) for one, p in zip(self.layers, params)]
        return made, float(np.mean(spread[-30:]))


def fitted(flow, beta, steps, seed, first=True):
    """The flow of blocks with every level fitted, and the spreads."""
    layers, spreads = [], []
    for at, (_, level) in enumerate(groupby(flow.layer.layers, key=lambda one: one.rows)):
        own = list(level)
        fine = own[0].active.length * own[0].active.height <= 2
        count = steps if fine else max(1, steps // 4)
        better, spread = Split(own, beta, seed + 100 * at).fit(count, 3e-2 if first else 1e-2, seed)
        layers += better
        spreads.append(spread)
    return replace(flow, layer=replace(flow.layer, layers=tuple(layers))), spreads


def pull(log_weights, values, exact):
    """Reweighted mean minus the exact value, in standard errors."""
    w = np.exp(log_weights - log_weights.max())
    mean = np.sum(w * values) / np.sum(w)
    return float((mean - exact) / (np.sqrt(np.sum((w * (values - mean)) ** 2)) / np.sum(w)))


class Judgement(NamedTuple):
    """What fresh draws say of a flow."""

    log_weights: np.ndarray
    pulls: dict[str, float]
    """log Z and Wilson loops minus exact values, in standard errors."""
    seconds: float
    """Of CPU, per draw."""

    def cells(self):
        """As cells of a table."""
        quality = [ess(self.log_weights), f"{float(expected_acceptance(self.log_weights)):.3f}"]
        return [*quality, *(f"{one:+.2f}" for one in self.pulls.values()), f"{1e3 * self.seconds:.2f}"]


def judged(flow, action, draws, seed=99, block=256):
    """The flow against exact values."""
    start = time.process_time()
    found = [propose(flow, action, lk.Key(seed + flow.sites[0], step=n), block) for n in range(draws // block)]
    seconds = (time.process_time() - start) / draws
    weights, exact = np.concatenate([one.log_weight for one in found]), action.exact(flow.sites)
    w, wilson = np.exp(weights - weights.max()), WilsonLoop(2, 2)
    off = weights.max() + np.log(np.mean(w)) - exact["log_z"]
    pulls = {"log Z": float(off * np.mean(w) / np.std(w) * np.sqrt(draws))}
    seen = np.concatenate([wilson.measure(one.x) for one in found])
    for t, r in ((0, 0), (0, 1), (1, 0), (1, 1)):
        pulls[f"W({t + 1},{r + 1})"] = pull(weights, seen[:, t, r], exact["wilson_loop"][t, r])
    return Judgement(weights, pulls, seconds)


def plain(beta, options):
    """`lk.SpectralFlow` by `lk.train` on the first size."""
    group, sites = lk.SU(options.n), (options.sizes[0],) * 2
    layer = lk.SpectralFlow(group, layers=16, hidden=(16, 16))
    trained = lk.train(
        layer, lk.Wilson(group, beta), sites, prior=lk.Haar(group), steps=options.plain, batch=64, seed=options.seed,
        learning_rate=5e-3, progress=False,
    )  # fmt: skip
    return trained.flow


def main():
    """One line for every beta and lattice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, choices=[2, 3], default=2)
    parser.add_argument("--beta", type=float, nargs="+", default=[1.8, 2.2, 2.7])
    parser.add_argument("--sizes", type=int, nargs="+", default=[4, 8, 16])
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--plain", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--draws", type=int, default=4096)
    options = parser.parse_args()
    lk.set_threads(1)
    group = lk.SU(options.n)
    flow = lk.Flow.init(lk.SpectralHierarchicalFlow(group), (4, 4), prior=lk.Haar(group), seed=options.seed)
    judged(flow, lk.Wilson(group, options.beta[0]), 256)  # compiled before the clock starts
    seconds = 0.0
    names = ["beta", "lattice", "CPU s of training", "ESS", "acceptance", "log Z", "W(1,1)", "W(1,2)", "W(2,1)"]
    print("| " + " | ".join([*names, "W(2,2) off by sigma", "ms per draw"]) + " |\n|" + "---|" * 11, flush=True)
    for i, beta in enumerate(options.beta):
        start = time.process_time()
        if options.plain:
            flow, spreads = plain(beta, options), []
        else:
            flow, spreads = fitted(flow, beta, options.steps, options.seed, i == 0)
        seconds += time.process_time() - start
        for size in options.sizes:
            draws = max(256, options.draws * 4 // size)
            cells = judged(flow.on((size, size)), lk.Wilson(group, beta), draws).cells()
            print("| " + " | ".join([f"{beta:g}", f"{size}^2", f"{seconds:.0f}", *cells]) + " |", flush=True)
        print(f"beta {beta:g}: spread of log-weights per block {np.round(spreads, 4).tolist()}", flush=True)


if __name__ == "__main__":
    main()
