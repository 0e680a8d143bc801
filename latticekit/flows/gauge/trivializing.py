"""The trivializing map to leading order, in masked steps."""

from __future__ import annotations

from typing import Any

from latticekit.actions.gauge import GaugeAction
from latticekit.flows.gauge.residual import ResidualFlow
from latticekit.flows.sequential import Sequential


def TrivializingFlow(action: GaugeAction, steps: int = 1, dim: int = 4, **settings: Any) -> Sequential:
    """From Haar-random links towards weight exp(-S) of a plaquette action, S~ = S/4 C_F.  field -> field

    dU/dt = -(dS~) U for 0 < t < 1: every plaquette is an eigenfunction of the Laplacian of links with eigenvalue
    -4 C_F, so that S(U) - log_det is constant up to terms of order beta^2.  Luescher, 0907.5491, section 4.  It is the
    Wilson flow, by `steps` sweeps of Euler steps, direction by direction and parity by parity (`ResidualFlow`): the
    error of the map against the differential equation falls as 1/steps, the log-det of the map itself is exact.
    The weights may be trained from there on, one per sweep, link set and kind of loop (tied="none": per staple), as
    functions of other loops (context); settings are those of `ResidualFlow`.
    """
    if action.c1 or action.held:
        raise ValueError(f"TrivializingFlow knows plaquette actions with free links: got {action}")
    group = action.group
    weight = action.beta * group.index / (4 * group.casimir * group.n * steps)
    return ResidualFlow(steps, dim, start=weight, **settings)
