"""L2HMC: hybrid Monte Carlo with a trained, exactly invertible trajectory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from latticekit.actions.gauge import GaugeAction
from latticekit.arrays import namespace
from latticekit.flows import Flow
from latticekit.flows.base import Layer
from latticekit.flows.digests import params_digest, plain_data
from latticekit.random import Key
from latticekit.samplers.kicks import check_action
from latticekit.samplers.phase_space import PhaseSpace, halves, joined
from latticekit.samplers.proposals import check_sites
from latticekit.updates import State, Update
from latticekit.updates.acceptance import energy_info, metropolis_test, select
from latticekit.updates.base import Info

Array = Any


@dataclass(frozen=True)
class L2HMC(Update):
    """f a map of links and momenta: with probability 1/2 (x', p') = f(x, p), else f^-1(x, -p); Metropolis test.

    Accepted with min(1, exp(-Delta H) |J|), H = S + p^2/2, J the Jacobian of the map that was used; momenta and
    direction are drawn anew every step, for each chain.  The two maps are each other's inverses up to the direction and
    the sign of the momenta, hence exp(-S) is left invariant whatever the parameters of f.  With networks that return
    zero both are the leapfrog trajectory of `HMC`.  In `info`, energy_error is Delta H - log |J|.

    trajectory: a Flow on phase space, as `lk.train` returns it for a `GeneralisedLeapfrog`.
    Levy, Hoffman and Sohl-Dickstein, 1711.09268, section 3; Foreman, Jin and Osborn, 2105.03418, section 3.
    """

    action: GaugeAction
    trajectory: Flow

    def __post_init__(self) -> None:
        check_action("L2HMC", self.action)
        if not isinstance(self.trajectory, Flow) or not isinstance(self.trajectory.prior.group, PhaseSpace):
            raise TypeError(
                "L2HMC needs a flow on phase space, as lk.train(GeneralisedLeapfrog(action), Hamiltonian(action), "
                f"lattice, prior=with_momenta(links, action), estimator=Jumps()).flow, got {self.trajectory!r}"
            )

    def step(self, state: State, key: Key) -> tuple[State, Info]:
        """One trajectory of every chain."""
        group, x = self.action.group, state.x
        p = group.random_algebra(key.fold("momentum"), x)
        with np.errstate(all="ignore"):  # what is not finite is refused
            z, log_det = moved(self.trajectory.layer, joined(x, p), _forward(key, x))
            y, q = halves(z)
            y = self.action.project(y)
            proposed = self.action.value(y)
            delta = (proposed - state.action) + 0.5 * (group.inner(q, q) - group.inner(p, p)) - log_det
        accepted = metropolis_test(delta, key)
        new = State(select(accepted, y, x), select(accepted, proposed, state.action), state.tuning)
        return new, energy_info(delta, accepted)

    def check(self, sites: tuple[int, ...]) -> None:
        """Raise ValueError unless the trajectory is one of this lattice."""
        check_sites("L2HMC", self.trajectory, sites)

    def parameters(self) -> dict[str, Any]:
        """Name, trajectory with a hash of its parameters."""
        found = {"layer": plain_data(self.trajectory.layer), "lattice": list(self.trajectory.sites)}
        return {"name": "L2HMC", "trajectory": found, "trajectory_sha256": params_digest(self.trajectory)}


def moved(layer: Layer, z: Array, forward: Array) -> tuple[Array, Array]:
    """f(x, p) of some chains, f^-1(x, -p) of the others.  z, bool (chain,) -> like z, log_det (chain,)"""
    xp = namespace(z)
    places = [xp.nonzero(chosen)[0] for chosen in (forward, xp.logical_not(forward))]
    ahead, back = (xp.take(z, place, axis=0) for place in places)
    found = [layer.push(ahead)] if ahead.shape[0] else []
    found += [layer.inverse(joined(back[:, 0, ...], -back[:, 1, ...]))] if back.shape[0] else []
    order = xp.argsort(xp.concat(places))
    y, log_det = (xp.concat([one[i] for one in found], axis=0) for i in (0, 1))
    return xp.take(y, order, axis=0), xp.take(log_det, order, axis=0)


def _forward(key: Key, x: Array) -> Array:
    """Whether each chain runs forward.  -> bool (chain,)"""
    return key.fold("direction").uniform((x.shape[0],), x) < 0.5
