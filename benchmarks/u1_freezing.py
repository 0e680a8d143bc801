"""Topological freezing of U(1) in two dimensions: a trained flow against HMC and heatbath, and against exact values.

    python -m benchmarks.u1_freezing [--beta 1 2 3 4 5 6 7] [--size 16] [--seeds 1 2 3] [--steps 1200] [--draws 256]

For every coupling: `lk.U1HierarchicalFlow` is trained by `BlockPath` from three seeds, then run by independence
Metropolis (64 chains) and weighted; the worst of the seeds is printed, with the pulls of plaquette, <Q^2> and log Z,
and the probability of a larger chi^2 of P(Q).  HMC and heatbath then get the CPU seconds that the flow's chains took;
they start from fields of the flow's chains, in equilibrium.  tau_int(Q) is in updates.  Where a chain is too short to
measure it, it is bounded from below: an update in detailed balance has tau_int >= (1 + rho_1) / 2 (1 - rho_1) by
convexity, with rho_1 = 1 - <(Delta Q)^2> / 2 <Q^2>, the exact <Q^2>, and the 95 % upper limit of <(Delta Q)^2> by
Poisson's distribution of the tunnellings.  The columns "cost" are tau_int times CPU seconds in units of the flow's.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.special import gammaincc, gammainccinv

import latticekit as lk
from latticekit.estimators import effective_sample_size, gamma_method
from latticekit.exact import U1Torus
from latticekit.training import BlockPath

CHAINS, COMPONENTS, HIDDEN, RATE = 64, 8, (20, 20), 2e-2
RIVALS: dict[str, Callable[[Any], Any]] = {
    "HMC": lambda action: lk.HMC(action, steps=10, integrator="omelyan"),
    "heatbath": lk.Heatbath,
}


class Judged(NamedTuple):
    """One trained flow in numbers."""

    ess: float
    acceptance: float
    tau: float
    """tau_int(Q) of independence Metropolis, in proposals."""
    plaquette: float
    charge_squared: float
    log_z: float
    """Pulls, in standard errors."""
    p_value: float
    """Probability of a larger chi^2 of P(Q)."""
    training: float
    sampling: float
    """CPU seconds: of the training, and of one proposal with its measurement."""


def trained(beta: float, size: int, seed: int, steps: int) -> tuple[Any, float]:
    """A flow from nothing, and its CPU seconds."""
    action, lattice = lk.Wilson(lk.U1(), beta), (size, size)
    layer = lk.U1HierarchicalFlow(lattice, HIDDEN, COMPONENTS)
    settings = {"estimator": BlockPath(), "learning_rate": RATE, "batch": 16, "seed": seed, "progress": False}
    lk.train(layer, action, lattice, steps=1, **settings)  # kernels compile before the clock starts
    start = time.process_time()
    found = lk.train(layer, action, lattice, steps=steps, **settings)
    return found, time.process_time() - start


def judged(flow: Any, action: Any, draws: int, seed: int, training: float) -> tuple[Judged, np.ndarray, float]:
    """The flow in numbers, the last fields of its chains, and the CPU seconds they took."""
    drawn = lk.draw_ensemble(flow, action, chains=CHAINS, draws=draws, seed=seed, progress=False)
    rows, log_weights = lk.summary(drawn), drawn["sample_stats"]["log_weight"].values
    run = {"chains": CHAINS, "draws": draws, "warmup": 4, "seed": seed + 1000, "observables": ["topological_charge"]}
    start = time.process_time()
    update = lk.IndependenceMetropolis(action, flow)
    chain = lk.sample(update, flow.sites, configurations=draws, progress=False, **run)
    seconds = time.process_time() - start
    pulls = [rows[name].pull for name in ("plaquette", "topological_charge_squared", "log_z")]
    charge = np.rint(chain["posterior"]["topological_charge"].values)
    known = Judged(
        float(effective_sample_size(log_weights.reshape(-1))),
        float(chain["sample_stats"]["accepted"].mean()),
        float(gamma_method(charge).tau_int),
        *pulls,
        sectors(np.rint(drawn["posterior"]["topological_charge"].values), log_weights, action, flow.sites),
        training,
        seconds / charge.size,
    )
    return known, chain["configurations"]["theta"].values[:, -1], seconds


def sectors(charge: np.ndarray, log_weights: np.ndarray, action: Any, sites: tuple[int, int]) -> float:
    """Probability of a larger chi^2 than that of the weighted histogram of Q against P(Q).

    Sectors of which fewer than 10 are expected go into their neighbour; covariances by error propagation of the
    ratio <w 1_Q> / <w>.
    """
    w = np.exp(log_weights - np.max(log_weights)).reshape(-1)
    charges, exact = U1Torus(action.beta, sites).charge_distribution()
    largest = int(np.max(np.abs(charges[exact * w.size > 10])))
    q = np.clip(charge.reshape(-1), -largest, largest)
    labels = np.arange(-largest, largest + 1)
    clipped = np.clip(charges, -largest, largest)
    expected = np.array([exact[clipped == k].sum() for k in labels])
    misses = (w / w.sum())[:, None] * ((q[:, None] == labels) - expected)
    miss, covariance = misses.sum(0)[:-1], (misses.T @ misses)[:-1, :-1]
    if np.any(np.diag(covariance) == 0):
        return 0.0  # a sector that was never seen
    return float(gammaincc(len(miss) / 2, miss @ np.linalg.solve(covariance, miss) / 2))


def rival(update: Any, start: np.ndarray, seconds: float, squared: float) -> tuple[float, bool, float]:
    """tau_int(Q) of an update, whether that is a lower bound, and CPU seconds per update."""
    run = {"chains": CHAINS, "warmup": 0, "observables": ["topological_charge"], "start": start, "progress": False}

    def timed(draws: int) -> tuple[np.ndarray, float]:
        begun = time.process_time()
        tree = lk.sample(update, start.shape[2:], draws=draws, seed=5, **run)
        return np.rint(tree["posterior"]["topological_charge"].values), time.process_time() - begun

    timed(2)
    pilot = timed(100)[1]
    charge, spent = timed(max(100, int(100 * seconds / pilot)))
    jumps = np.diff(charge, axis=1) ** 2
    limit = gammainccinv(float(np.sum(jumps)) + 1, 0.05) / jumps.size  # jumps are +-1: their squares count them
    bound = 2 * squared / limit - 0.5
    measured = float(gamma_method(charge).tau_int) if np.all(np.any(jumps, axis=1)) else math.inf
    well = 20 * measured < charge.shape[1]
    return (measured if well else bound), not well, spent / charge.size


def line(beta: float, size: int, seeds: list[int], steps: int, draws: int) -> tuple[list[Judged], dict[str, Any]]:
    """All flows at one coupling, and the rivals: (tau_int, is a bound, CPU seconds per update)."""
    action, found = lk.Wilson(lk.U1(), beta), []
    for seed in seeds:
        model, training = trained(beta, size, seed, steps)
        one, fields, seconds = judged(model.flow, action, draws, seed, training)
        found.append(one)
    squared = float(action.exact((size, size))["topological_charge_squared"])
    return found, {name: rival(make(action), fields, seconds, squared) for name, make in RIVALS.items()}


def worst(found: list[Judged]) -> Judged:
    """The worst of the seeds, figure by figure."""
    columns = Judged(*zip(*found))  # type: ignore[arg-type]
    far = [max(map(abs, column)) for column in columns[3:6]]  # type: ignore[arg-type, call-overload]
    low, high = (columns.ess, columns.acceptance, columns.p_value), (columns.tau, columns.training, columns.sampling)
    (ess, acceptance, p), (tau, training, sampling) = map(min, low), map(max, high)  # type: ignore[arg-type]
    return Judged(ess, acceptance, tau, *far, p, training, sampling)


def row(beta: float, one: Judged, rivals: dict[str, Any]) -> str:
    """A line of the table."""
    cells = [f"{beta:g}", f"{one.ess:.3f}", f"{one.acceptance:.3f}", f"{one.tau:.2f}"]
    cells += [f"{'> ' if bound else ''}{tau:.3g}" for tau, bound, _ in rivals.values()]
    cells += [f"{cost * 1e6:.0f}" for cost in (one.sampling, *(cost for *_, cost in rivals.values()))]
    cells += [
        f"{'> ' if bound else ''}{tau * cost / (one.tau * one.sampling):.3g}" for tau, bound, cost in rivals.values()
    ]
    cells += [f"{x:.2f}" for x in (one.plaquette, one.charge_squared, one.log_z)]
    return "| " + " | ".join([*cells, f"{one.p_value:.2g}", f"{one.training:.0f}"]) + " |"


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--beta", type=float, nargs="+", default=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
    parser.add_argument("--size", type=int, default=16)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--draws", type=int, default=256)
    options = parser.parse_args()
    lk.set_threads(1)
    names = ["beta", "ESS", "acceptance", "tau(Q) flow", *(f"tau(Q) {name}" for name in RIVALS)]
    names += ["us flow", *(f"us {name}" for name in RIVALS), *(f"cost {name} / flow" for name in RIVALS)]
    names += ["pull plaquette", "pull <Q^2>", "pull log Z", "p of P(Q)", "training CPU s"]
    print("| " + " | ".join(names) + " |\n" + "|" + "---|" * len(names), flush=True)
    each = []
    for beta in options.beta:
        found, rivals = line(beta, options.size, options.seeds, options.steps, options.draws)
        print(row(beta, worst(found), rivals), flush=True)
        each.append(
            f"beta {beta:g}: " + "; ".join(f"ESS {one.ess:.3f}, acceptance {one.acceptance:.3f}" for one in found)
        )
    print("\nseeds in turn\n" + "\n".join(each))


if __name__ == "__main__":
    main()
