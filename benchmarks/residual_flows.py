"""Residual flows of SU(3) in four dimensions: ESS from Haar links, and from a heatbath ensemble at a nearby coupling.

    python -m benchmarks.residual_flows haar [--beta 1] [--sweeps 1] [--steps 150] [--batch 16] [--seed 1]
    python -m benchmarks.residual_flows ensemble [--beta 5.9] [--shifts 0.02 0.05 0.1] [--sweeps 1] [--steps 100]

Trained on 4^4 by `lk.train` (path gradients), run on 4^4, 4^3 x 8 and 8^4 without retraining, beside the volume law
ESS(4^4)^(V/4^4).  haar: from the leading-order trivializing map on, Haar prior; the plaquette after reweighting stands
beside the strong-coupling series.  ensemble: the prior are heatbath configurations of exp(-S) at beta, the target is
beta + shift; beside each flow stands the identity, which is reweighting.  Errors of ESS by jackknife over draws.
"""

import argparse
import time
from functools import cache

import numpy as np

import latticekit as lk
from latticekit.estimators import bracket, effective_sample_size
from latticekit.exact import strong_coupling
from latticekit.fields.plaquettes import plane_averages
from latticekit.samplers import propose

SITES = {"4^4": (4, 4, 4, 4), "4^3 x 8": (8, 4, 4, 4), "8^4": (8, 8, 8, 8)}
GROUP = lk.SU(3)


def ess(log_weights, blocks=32):
    """Effective sample size and its jackknife error, as text."""
    parts = np.array_split(np.asarray(log_weights), blocks)
    without = [effective_sample_size(np.concatenate(parts[:i] + parts[i + 1 :])) for i in range(blocks)]
    return bracket(float(effective_sample_size(log_weights)), float(np.std(without)) * np.sqrt(blocks - 1))


def weighed(flow, action, draws, seed=99, block=64):
    """Log-weights and plaquettes of fresh draws."""
    found = [propose(flow, action, lk.Key(seed, step=n), block) for n in range(draws // block)]
    plaquettes = [np.mean(plane_averages(one.x), axis=1) for one in found]
    return np.concatenate([one.log_weight for one in found]), np.concatenate(plaquettes)


def reweighted(log_weights, values):
    """Mean of values by weights, with its error, as text."""
    w = np.exp(log_weights - np.max(log_weights))
    mean = np.sum(w * values) / np.sum(w)
    return bracket(float(mean), float(np.sqrt(np.sum((w * (values - mean)) ** 2)) / np.sum(w)))


def trained(layer, action, prior, options):
    """Flow on 4^4 and CPU seconds of its training."""
    settings = {"lattice": SITES["4^4"], "prior": prior, "batch": options.batch, "seed": options.seed}
    start = time.process_time()
    found = lk.train(layer, action, steps=options.steps, learning_rate=2e-2, average=0.95, progress=False, **settings)
    return found.flow, time.process_time() - start


def cells(*values):
    """A line of a table."""
    print("| " + " | ".join(str(v) for v in values) + " |", flush=True)


def from_haar(options):
    """Strong coupling."""
    action = lk.Wilson(GROUP, options.beta)
    start = lk.TrivializingFlow(action, options.sweeps)
    flow, seconds = trained(start, action, lk.Haar(GROUP), options)
    fresh = lk.Flow.init(start, SITES["4^4"], prior=lk.Haar(GROUP))
    print(
        f"beta {options.beta:g}, {options.sweeps} sweeps, {options.steps} steps of {options.batch}: {seconds:.0f} CPU s"
    )
    print(f"plaquette of the strong-coupling series {strong_coupling.plaquette(3, options.beta, 4):.6f}\n")
    cells("lattice", "draws", "ESS", "law", "ESS, leading order untrained", "ESS, Haar", "plaquette")
    cells(*["---"] * 7)
    law = float(effective_sample_size(weighed(flow, action, options.draws)[0]))
    for name, sites in SITES.items():
        volume = np.prod(sites) // 256
        draws = max(128, options.draws // volume)
        log_weights, plaquettes = weighed(flow.on(sites), action, draws)
        plain = lk.Flow(lk.Identity(), lk.Haar(GROUP), sites, flow.like)
        bare = [ess(weighed(one, action, draws)[0]) for one in (fresh.on(sites), plain)]
        cells(name, draws, ess(log_weights), f"{law**volume:.3f}", *bare, reweighted(log_weights, plaquettes))


@cache
def ensemble(beta, sites, draws, chains=16):
    """Configurations of a heatbath with overrelaxation, cold start, 10 updates apart."""
    action = lk.Wilson(GROUP, beta)
    update = lk.Sequence((lk.Heatbath(action), lk.Repeat(lk.Overrelaxation(action), 2)))
    run = lk.sample(
        update, sites, chains=chains, draws=draws // chains, warmup=100, thin=5, seed=3, observables=["plaquette"],
        configurations=1, progress=False,
    )  # fmt: skip
    fields = run["configurations"][GROUP.field].values
    return lk.StoredEnsemble(np.ascontiguousarray(fields.reshape(-1, *fields.shape[2:])), action, replacement=False)


def from_ensemble(options):
    """Weak coupling, a short way."""
    cells("shift", "lattice", "configurations", "ESS, identity", "ESS, flow", "law", "CPU s of training")
    cells(*["---"] * 7)
    for shift in options.shifts:
        action = lk.Wilson(GROUP, options.beta + shift)
        source = ensemble(options.beta, SITES["4^4"], options.draws)
        prior = lk.StoredEnsemble(source.configurations, source.action)  # with replacement, while training
        flow, seconds = trained(lk.ResidualFlow(options.sweeps), action, prior, options)
        first = None
        for name, sites in SITES.items():
            volume = int(np.prod(sites)) // 256
            draws = max(128, options.draws // volume)
            stored = ensemble(options.beta, sites, draws)
            found = []
            for layer in (lk.Identity(), flow.on(sites).layer):
                one = lk.Flow(layer, stored, sites, flow.like)
                whole = one.draw(lk.Key(99), draws)
                found.append(-action.value(whole[0]) - whole[1])
            first = first or float(effective_sample_size(found[1]))
            cells(shift, name, draws, *map(ess, found), f"{first**volume:.3f}", f"{seconds:.0f}")


def main():
    """Print the table asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["haar", "ensemble"])
    parser.add_argument("--beta", type=float)
    parser.add_argument("--shifts", type=float, nargs="+", default=[0.02, 0.05, 0.1])
    parser.add_argument("--sweeps", type=int, default=1)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--draws", type=int, default=1024)
    options = parser.parse_args()
    lk.set_threads(1)
    default, run = {"haar": (1.0, from_haar), "ensemble": (5.9, from_ensemble)}[options.what]
    options.beta = default if options.beta is None else options.beta
    run(options)


if __name__ == "__main__":
    main()
