"""Gradients of the reverse Kullback-Leibler divergence KL(q|p) = <log q + S>_q + log Z, samples from the flow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from latticekit.actions import Action
from latticekit.arrays import namespace
from latticekit.flows import Flow
from latticekit.flows.base import per_chain
from latticekit.random import Key
from latticekit.training.clipping import sample_weights
from latticekit.training.estimator import Gradient, GradientEstimator, Scored, drawn, mean_gradient, ones

Array = Any


@dataclass(frozen=True)
class Path(GradientEstimator):
    """<d(log q + S)(x) . dx/dtheta>_q: the path gradient, zero sample by sample where q = p.

    y_bar = zeta - force, log_det_bar = 0, zeta = d log q carried along with the field.  Roeder et al., 1703.09194;
    Vaitl et al., 2206.09016 and 2207.08219.  clip: samples whose y_bar is longer than clip times the median of the
    batch are shortened to that; None: unbiased.
    """

    clip: float | None = 4.0

    def __post_init__(self) -> None:
        check_clip(self.clip)

    def gradient(self, flow: Flow, action: Action, key: Key, batch: int) -> Gradient:
        """Loss <log q + S>, its path gradient, log weights."""
        at = drawn(flow, key, batch)
        return path_gradient(flow, action, at, self.clip)


@dataclass(frozen=True)
class Total(GradientEstimator):
    """d/dtheta <log q + S> at fixed z: the gradient of the loss of the batch.

    y_bar = -force, log_det_bar = -1.  Albergo, Kanwar, Shanahan, 1904.12072.  clip: samples whose force is longer than
    clip times the median of the batch count less in proportion; None: unbiased.
    """

    clip: float | None = 4.0

    def __post_init__(self) -> None:
        check_clip(self.clip)

    def gradient(self, flow: Flow, action: Action, key: Key, batch: int) -> Gradient:
        """Loss <log q + S>, its gradient at fixed z, log weights."""
        z, log_r = flow.prior.draw(key, batch, flow.sites, flow.like)
        x, log_det, residuals = flow.layer.apply(z)
        at, force = Scored(x, residuals, None, log_r - log_det), action.force(x)
        weights = sample_weights(action.group.inner(force, force) ** 0.5, self.clip)
        bars = mean_gradient(flow, at, -force * per_chain(weights, force), -weights)
        return reverse_gradient(action, at, bars)


@dataclass(frozen=True)
class LeaveOneOut(GradientEstimator):
    """<(w_i - mean of the others' w) d log q(x_i)/dtheta>, w = log q + S: REINFORCE, without a force of the action.

    The mean of the others is the control variate: independent of x_i, so unbiased.  Kool, van Hoof, Welling (2019);
    Bialas, Korcyl, Stebel, 2202.01314.  Its variance is far above that of `Path`: for actions without a force.
    """

    def gradient(self, flow: Flow, action: Action, key: Key, batch: int) -> Gradient:
        """Loss <log q + S>, its score-function gradient, log weights."""
        if batch < 2:
            raise ValueError(f"LeaveOneOut compares samples of a batch: batch must be at least 2, got {batch}")
        at = drawn(flow, key, batch)
        w = at.log_q + action.value(at.x)
        w = (w - namespace(w).mean(w)) * (batch / (batch - 1))
        return reverse_gradient(action, at, mean_gradient(flow, at, at.score * -per_chain(w, at.x), -w))


def path_gradient(flow: Flow, action: Action, at: Scored, clip: float | None) -> Gradient:
    """Mean of (d log q - force) . dx/dtheta at given fields, shortened where it is far above the median."""
    y_bar = at.score - action.force(at.x)
    weights = sample_weights(action.group.inner(y_bar, y_bar) ** 0.5, clip)
    return reverse_gradient(action, at, mean_gradient(flow, at, y_bar * per_chain(weights, y_bar), ones(at.x) * 0.0))


def reverse_gradient(action: Action, at: Scored, params_bar: Any) -> Gradient:
    """The gradient with the loss <log q + S> of its batch."""
    log_weights = -action.value(at.x) - at.log_q
    return Gradient(-namespace(log_weights).mean(log_weights), params_bar, log_weights)


def check_clip(clip: float | None) -> None:
    """Raise ValueError unless a multiple of the median, or None."""
    if clip is not None and not clip > 1:
        raise ValueError(f"clip is a multiple of the median norm, above 1, or None for no clipping: got {clip}")
