"""Field-transformation HMC of U(1) in two dimensions: is it right, and tau_int(Q) against plain HMC per CPU second.

    python -m benchmarks.fthmc [--size 8] [--beta 4 5 6] [--from-beta 2] [--training 500] [--chains 64] [--draws 250]

The map is a `U1Flow`, trained by path gradients from an ensemble at the coupling --from-beta, where HMC moves freely,
to each beta in turn; the chain is `HMC(pulled_back(action, flow))`, whose action is close to that at --from-beta.
Plain HMC makes Omelyan steps.  Prints, for every beta, reversibility, the order of Delta H in the step size,
<exp(-Delta H)>, plaquette and <Q^2> against exact values in sigmas; then for both chains tau_int(Q) in trajectories,
CPU microseconds per trajectory and chain, and tau_int(Q) (the bound from rho(1)) in these and in forces.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from latticekit.actions import Action, Wilson
from latticekit.arrays import set_threads
from latticekit.ensembles import train
from latticekit.ensembles.training.trained import Trained
from latticekit.estimators import bracket, gamma_method
from latticekit.fields import geometric_charge, plane_averages
from latticekit.flows import Flow, Layer, StoredEnsemble, pulled_back
from latticekit.flows.gauge import Rectangle, U1Flow
from latticekit.groups import U1
from latticekit.random import Key
from latticekit.samplers import chain
from latticekit.testing import check_order, check_reversibility
from latticekit.updates import HMC, LEAPFROG, Update

Array = Any


def ensemble(beta: float, sites: tuple[int, int], chains: int) -> Array:
    """Links at a coupling where HMC moves freely.  -> (10 chains, 2, *sites)"""
    action = Wilson(U1(), beta)
    x = U1().random(Key(2), U1().shape(chains, sites), np.zeros(0))
    update, kept = HMC(action, 2.0, steps=8, integrator="omelyan"), []
    for n, (state, _) in enumerate(chain(update, update.init(x), Key(3), 400)):
        if n >= 100 and n % 30 == 0:
            kept.append(state.x)
    return np.concatenate(kept)


def measured(
    update: Update, x: Array, warmup: int, draws: int, links: Callable[[Array], Array] = lambda x: x
) -> dict[str, Any]:
    """Estimates of Q, Q^2, (Q' - Q)^2, plaquette, exp(-Delta H), acceptance; CPU microseconds per trajectory; links."""
    seen: dict[str, list[Array]] = {"charge": [], "plaquette": [], "weight": [], "acceptance": []}
    steps, spent, u = chain(update, update.init(x), Key(1), warmup + draws), 0.0, x
    for n in range(warmup + draws):
        begun = time.process_time()
        state, info = next(steps)
        spent += time.process_time() - begun
        if n >= warmup:
            u = links(state.x)
            seen["charge"].append(geometric_charge(u))
            seen["plaquette"].append(plane_averages(u)[:, 0])
            seen["weight"].append(np.exp(-info["energy_error"]))
            seen["acceptance"].append(info["acceptance_rate"])
    series = {name: np.asarray(values).T for name, values in seen.items()}
    series |= {"charge_squared": series["charge"] ** 2, "jump": np.diff(series["charge"], axis=1) ** 2}
    found: dict[str, Any] = {name: gamma_method(one) for name, one in series.items()}
    return found | {"us": spent / (warmup + draws) / x.shape[0] * 1e6, "links": u}


def pulls(found: dict[str, Any], exact: dict[str, Any]) -> str:
    """Distances from exact values in sigmas."""
    known = {"plaquette": exact["plaquette"], "charge_squared": exact["topological_charge_squared"], "weight": 1.0}
    told = [f"{name} {found[name]} ({float(found[name].pull(value)):+.1f} sigma)" for name, value in known.items()]
    return ", ".join(told)


def line(name: str, action: Action, found: dict[str, Any], forces: int) -> str:
    """One row of the table.

    The second tau_int is (1 + r)/(1 - r)/2, r = rho(1) = 1 - <(Q' - Q)^2>/2<Q^2> with the exact <Q^2>: a lower bound in
    detailed balance, close to it for one slow mode, and measured by few trajectories.
    """
    sites = tuple(found["links"].shape[2:])
    jump, square = found["jump"], action.exact(sites)["topological_charge_squared"]
    t = max(2 * square / float(jump.value) - 0.5, 0.5)
    gamma = bracket(float(found["charge"].tau_int), float(found["charge"].tau_int_error))
    bound = bracket(t, 2 * square / float(jump.value) ** 2 * float(jump.error))
    cells = [name, f"{action.parameters()['beta']:g}", f"{float(found['acceptance'].value):.3f}", gamma, bound]
    return "| " + " | ".join([*cells, f"{found['us']:.1f}", f"{t * found['us']:.0f}", f"{t * forces:.0f}"]) + " |"


HEAD = "| update | beta | acceptance | tau_int(Q) | from rho(1) | us | us x tau | forces x tau |\n|" + "---|" * 8


def fitted(begin: Flow | Layer, action: Action, links: Array, options: argparse.Namespace) -> Trained:
    """A flow for an action, from a fresh map of links at --from-beta, or from a flow at another beta."""
    recipe: dict[str, Any] = {"steps": options.training, "batch": 64, "learning_rate": 1e-2, "average": 0.95}
    if isinstance(begin, Layer):
        recipe["prior"] = StoredEnsemble(links, Wilson(U1(), options.from_beta))
    started = time.process_time()
    trained = train(begin, action, (options.size, options.size), progress=False, **recipe)
    print(f"beta {action.parameters()['beta']:g}: {time.process_time() - started:.0f} CPU s, ESS {trained.ess:.3f}")
    return trained


def through_flow(action: Action, flow: Flow, x: Array, options: argparse.Namespace) -> dict[str, Any]:
    """Oracles of the action seen through the flow, then its chain, from links x in equilibrium."""
    through, z = pulled_back(action, flow), flow.layer.inverse(x)[0]
    back = check_reversibility(through, z, LEAPFROG.schedule(0.1, 10), tolerance=1e-6)
    order = check_order(through, z, LEAPFROG, steps=16, halvings=2, tolerance=0.3)
    print(f"  reversibility {back:.1e}, Delta H ~ step^{order:.3f}")
    update = HMC(through, options.trajectory, steps=options.steps)
    found = measured(update, z, 5, options.draws, lambda z: flow.layer.push(z)[0])
    print(f"  through the flow: {pulls(found, action.exact(flow.sites))}", flush=True)
    return found


def main() -> None:
    """Both chains at every beta."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=8)
    parser.add_argument("--beta", type=float, nargs="+", default=[4.0, 5.0, 6.0])
    parser.add_argument("--from-beta", type=float, default=2.0)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--components", type=int, default=3)
    parser.add_argument("--training", type=int, default=500, help="steps at each beta")
    parser.add_argument("--chains", type=int, default=64)
    parser.add_argument("--draws", type=int, default=250)
    parser.add_argument("--trajectory", type=float, default=1.0, help="length of those through the flow")
    parser.add_argument("--steps", type=int, default=10, help="of those through the flow")
    parser.add_argument("--hmc-draws", type=int, default=5000)
    parser.add_argument("--hmc-steps", type=int, default=8)
    options = parser.parse_args()
    set_threads(1)
    links, rows = ensemble(options.from_beta, (options.size, options.size), 256), [HEAD]
    x = links[-options.chains :]
    now: Any = U1Flow(options.layers, (8,), options.components, loops=(Rectangle(1, 1), Rectangle(1, 2)))
    for beta in options.beta:
        action = Wilson(U1(), beta)
        now = fitted(now, action, links, options).flow
        plain = HMC(action, 2.0, steps=options.hmc_steps, integrator="omelyan")
        found = measured(plain, x, 1000, options.hmc_draws)
        print(f"  plain: {pulls(found, action.exact(now.sites))}", flush=True)
        rows.append(line("HMC", action, found, 2 * options.hmc_steps + 1))
        found = through_flow(action, now, found["links"], options)
        rows.append(line("HMC through the flow", action, found, options.steps + 1))
    print("\n".join(rows))


if __name__ == "__main__":
    main()
