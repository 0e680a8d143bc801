"""Gradients of the forward Kullback-Leibler divergence KL(p|q) = -<log q>_p + const, samples from the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from latticekit.actions import Action
from latticekit.arrays import namespace
from latticekit.flows import Flow
from latticekit.random import Key
from latticekit.training.estimator import Gradient, GradientEstimator, Scored, found, mean_gradient, ones
from latticekit.training.reverse import check_clip, path_gradient
from latticekit.training.samples import Samples

Array = Any


@dataclass(frozen=True)
class Forward(GradientEstimator):
    """-<d log q(x)/dtheta>_p on stored fields: maximum likelihood, which sees every mode of the ensemble.

    y_bar = zeta, log_det_bar = 1 at z = f^-1(x).  Needs the inverse of the map, not the force of the action.
    """

    samples: Samples
    reverse = False

    def gradient(self, flow: Flow, action: Action, key: Key, batch: int) -> Gradient:
        """Loss -<log q>_p, its gradient, log weights at samples of p."""
        at = found(flow, self.samples.batch(flow, key, batch))
        return _forward(action, at, mean_gradient(flow, at, at.score, ones(at.x)))


@dataclass(frozen=True)
class ForwardPath(GradientEstimator):
    """<d(log q + S)(x) . dx/dtheta>_p on stored fields: the path gradient of KL(p|q), zero where q = p.

    The same integrand as `Path`, at samples of p: it differs from `Forward` by <force . v + div v>_p = 0 with
    v = dx/dtheta.  Vaitl, Winkler, Richter, Kessel, 2403.15881.  clip: as in `Path`.
    """

    samples: Samples
    clip: float | None = 4.0
    reverse = False

    def __post_init__(self) -> None:
        check_clip(self.clip)

    def gradient(self, flow: Flow, action: Action, key: Key, batch: int) -> Gradient:
        """Loss -<log q>_p, its path gradient, log weights at samples of p."""
        at = found(flow, self.samples.batch(flow, key, batch))
        return _forward(action, at, path_gradient(flow, action, at, self.clip).params_bar)


def _forward(action: Action, at: Scored, params_bar: Any) -> Gradient:
    """The gradient with the loss -<log q> of its batch."""
    loss = -namespace(at.log_q).mean(at.log_q)
    return Gradient(loss, params_bar, -action.value(at.x) - at.log_q)
