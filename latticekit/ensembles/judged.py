"""How good a trained flow is: effective sample size and acceptance rate from draws of its own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from latticekit.actions import Action
from latticekit.arrays import to_host
from latticekit.ensembles.training.plan import TrainingPlan
from latticekit.estimators import expected_acceptance, reverse_ess
from latticekit.flows import Flow
from latticekit.random import Key
from latticekit.training import State

_FRESH = 2**32 - 1  # the step of the key of these draws, which no training reaches
_FEWEST, _MOST, _NUMBERS = 512, 4096, 2**21


def chosen(plan: TrainingPlan, state: State) -> tuple[Flow, dict[str, Any]]:
    """The flow with the last or with the averaged parameters, the better one on the same draws, and how good it is."""
    samples = max(_FEWEST, min(_MOST, _NUMBERS // math.prod(plan.flow.sites)))
    found = []
    for name, params in (("last", state.params), ("average", state.average)):
        flow, action = plan.target.typical(plan.flow.with_params(params))
        found.append((flow, {"chosen": name} | judged(flow, action, plan.key.at(_FRESH), samples)))
    return max(found, key=lambda one: one[1]["ess"])


def judged(flow: Flow, action: Action, key: Key, samples: int) -> dict[str, Any]:
    """ESS per draw with its error, acceptance rate of independence Metropolis, and how many draws they are from."""
    x, log_q = flow.draw(key, samples)
    log_weights = to_host(-action.value(x) - log_q)
    if not np.all(np.isfinite(log_weights)):
        return {"ess": 0.0, "ess_error": 0.0, "acceptance_rate": 0.0, "samples": samples}
    ess = reverse_ess(log_weights[None, :])
    return {
        "ess": float(ess.value),
        "ess_error": float(ess.error),
        "acceptance_rate": float(expected_acceptance(log_weights)),
        "samples": samples,
    }
