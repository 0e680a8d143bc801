"""What a batch of log weights says of a flow in training."""

from __future__ import annotations

from typing import Any, NamedTuple

from latticekit.estimators import effective_sample_size, expected_acceptance, forward_effective_sample_size

Array = Any


class Quality(NamedTuple):
    """Fractions in (0, 1], from one batch."""

    ess: float
    """Effective sample size per sample."""
    acceptance_rate: float
    """Of independence Metropolis in equilibrium."""


def quality(log_weights: Array, reverse: bool) -> Quality:
    """ESS and acceptance rate of a batch, from q (`reverse`) or from p.  (chain,) -> two numbers

    From samples of p, <min(w_i, w_j)>_q / <w>_q is <min(1/w_i, 1/w_j)>_p / <1/w>_p: the same formula of 1/w.
    """
    ess = effective_sample_size(log_weights) if reverse else forward_effective_sample_size(log_weights)
    return Quality(float(ess), float(expected_acceptance(log_weights if reverse else -log_weights)))
