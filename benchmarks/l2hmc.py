"""L2HMC of U(1) in two dimensions: tau_int(Q) of a trained trajectory against plain HMC, per force and CPU second.

    python -m benchmarks.l2hmc [--size 8] [--beta 4] [--steps 4] [--training 600] [--chains 128] [--draws 400]

The trajectory begins as leapfrog and is trained by `Jumps` on an ensemble of HMC.  Plain HMC: leapfrog with as many
steps at several step sizes, and Omelyan steps.  Prints the loss while training, then averages against exact values in
sigmas, and the table of `benchmarks.fthmc`; a kick that follows a kick is counted as one force.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from benchmarks.fthmc import HEAD, ensemble, line, measured, pulls
from latticekit.actions import Wilson
from latticekit.arrays import set_threads
from latticekit.ensembles import train
from latticekit.groups import U1
from latticekit.samplers import L2HMC, GeneralisedLeapfrog, Hamiltonian, with_momenta
from latticekit.training import Jumps
from latticekit.updates import HMC


def main() -> None:
    """Train, then run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=8)
    parser.add_argument("--beta", type=float, default=4.0)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--step-size", type=float, default=0.2)
    parser.add_argument("--hidden", type=int, nargs="*", default=[8])
    parser.add_argument("--weights", type=float, nargs=3, default=[0.2, 4.0, 0.02], help="plaquettes, charge, error")
    parser.add_argument("--training", type=int, default=600)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--chains", type=int, default=128)
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--hmc-draws", type=int, default=4000)
    options = parser.parse_args()
    set_threads(1)
    sites, action, rows = (options.size, options.size), Wilson(U1(), options.beta), [HEAD]
    links, begun = ensemble(options.beta, sites, 512), time.process_time()
    layer = GeneralisedLeapfrog(action, options.steps, options.step_size, tuple(options.hidden))
    recipe: dict[str, Any] = {
        "batch": options.batch,
        "learning_rate": options.rate,
        "estimator": Jumps(*options.weights),
    }
    prior = with_momenta(links, action)
    fitted = train(layer, Hamiltonian(action), sites, prior=prior, steps=options.training, progress=False, **recipe)
    spent, loss = time.process_time() - begun, fitted.history["loss"].values
    told = [f"{np.mean(part):.4f}" for part in np.array_split(loss, 8)]
    print(f"beta {options.beta:g}, {spent:.0f} CPU s of training; loss {', '.join(told)}", flush=True)
    x = links[-options.chains :]
    found = measured(L2HMC(action, fitted.flow), x, 20, options.draws)
    print(f"  L2HMC: {pulls(found, action.exact(sites))}", flush=True)
    rows.append(line(f"L2HMC, {options.steps} steps", action, found, options.steps + 1))
    for size in (0.15, 0.2, 0.25):
        plain = HMC(action, options.steps * size, steps=options.steps)
        found = measured(plain, x, 20, options.hmc_draws)
        rows.append(line(f"HMC, {options.steps} steps of {size:g}", action, found, options.steps + 1))
    found = measured(HMC(action, 2.0, steps=6, integrator="omelyan"), x, 20, options.hmc_draws)
    print(f"  HMC: {pulls(found, action.exact(sites))}", flush=True)
    rows.append(line("HMC, 6 Omelyan steps of 1/3", action, found, 13))
    print("\n".join(rows))


if __name__ == "__main__":
    main()
