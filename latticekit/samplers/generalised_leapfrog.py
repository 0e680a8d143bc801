"""Trained leapfrog steps one after the other."""

from __future__ import annotations

from latticekit.actions.gauge import GaugeAction
from latticekit.flows import Sequential
from latticekit.flows.networks import ConvNet
from latticekit.samplers.drifts import MASKS, Drift
from latticekit.samplers.kicks import Kick, check_action


def GeneralisedLeapfrog(
    action: GaugeAction,
    steps: int = 4,
    step_size: float = 0.25,
    hidden: tuple[int, ...] = (8,),
    *,
    kernel: int = 3,
    start: float = 0.0,
    checkpoint: int = 0,
) -> Sequential:
    """Trajectory of `steps` trained leapfrog steps on links and momenta.  (chain, 2, 2, *sites) -> the same

    Each is half a kick, a drift of every quarter of the links in turn, half a kick; every part has a network of its
    own (convolutions of widths `hidden`) and a step size of its own.  start: gain of the last weights; with 0 the
    trajectory begins as plain leapfrog.  Use it in `L2HMC`; train it by `latticekit.training.Jumps`.
    Foreman, Jin and Osborn, 2105.03418, section 3.
    """
    check_action("GeneralisedLeapfrog", action)
    if steps < 1:
        raise ValueError(f"GeneralisedLeapfrog: steps must be at least 1, got {steps}")
    network = ConvNet(hidden, kernel, start=start)
    kick = Kick(action, network, 0.5 * step_size)
    one = [kick, *(Drift(rows, network, step_size) for rows in MASKS), kick]
    return Sequential(tuple(one * steps), checkpoint)
