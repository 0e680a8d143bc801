"""The protocol of a gradient estimator, and what they share: fields with the score of the flow at them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

from latticekit.actions import Action
from latticekit.arrays import namespace
from latticekit.flows import Flow
from latticekit.flows.base import per_chain
from latticekit.flows.parameters import Tree
from latticekit.random import Key

Array = Any


class Gradient(NamedTuple):
    """What one batch says of the loss."""

    loss: Array
    """Estimate of the loss up to a constant, () float64."""
    params_bar: Tree
    """Estimate of its gradient, a tree of the shape of the parameters."""
    log_weights: Array
    """-S - log q of the batch, (chain,) float64: from q if `reverse`, else from p."""


class GradientEstimator(ABC):
    """How the gradient of a loss is estimated from one batch; a pure function of the key."""

    reverse: bool = True
    """Whether the batch is drawn from the flow (else from the target)."""

    @abstractmethod
    def gradient(self, flow: Flow, action: Action, key: Key, batch: int) -> Gradient:
        """Loss, gradient and log weights of one batch."""


class Scored(NamedTuple):
    """Fields x = f(z) with all that gradients of their density need."""

    x: Array
    residuals: Any
    score: Array
    """d log q at x, an algebra element."""
    log_q: Array
    """(chain,) float64"""


def drawn(flow: Flow, key: Key, batch: int) -> Scored:
    """Fields of the flow."""
    z, log_r = flow.prior.draw(key, batch, flow.sites, flow.like)
    return _scored(flow, z, log_r)


def found(flow: Flow, x: Array) -> Scored:
    """Given fields, through the inverse of the flow."""
    z, _ = flow.layer.inverse(x)
    return _scored(flow, z, flow.prior.log_q(z))._replace(x=x)


def _scored(flow: Flow, z: Array, log_r: Array) -> Scored:
    """d log q goes along from z to x: zeta -> J^-T (zeta - d log_det)."""
    x, log_det, score, residuals = flow.layer.apply_with_score(z, flow.prior.score(z))
    return Scored(x, residuals, score, log_r - log_det)


def ones(x: Array) -> Array:
    """(chain,) float64 of ones."""
    xp = namespace(x)
    return xp.ones(x.shape[0], dtype=xp.float64, device=x.device)


def mean_gradient(flow: Flow, at: Scored, y_bar: Array, log_det_bar: Array) -> Tree:
    """Mean over the batch of what the cotangents y_bar (algebra) and log_det_bar (chain,) say of the parameters."""
    share = ones(at.x) / at.x.shape[0]
    return flow.layer.vjp(at.residuals, y_bar * per_chain(share, y_bar), log_det_bar * share)[1]
