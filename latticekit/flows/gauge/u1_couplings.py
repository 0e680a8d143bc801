"""U(1) plaquette couplings: a map of the circle for every active plaquette angle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from latticekit.arrays import accelerated, namespace
from latticekit.fields import Path
from latticekit.flows.base import per_chain, sum_chains
from latticekit.flows.gauge.angles import loop_angles, loop_angles_vjp, phases, phases_vjp
from latticekit.flows.gauge.circular import CircularTransform, NonCompactProjection
from latticekit.flows.gauge.coupling import LinkCoupling
from latticekit.flows.gauge.masks import FROZEN_LOOPS, Loops, Rectangle, Rows, halvings, sweep
from latticekit.flows.networks import ConvNet, DenseNet, Network
from latticekit.flows.sequential import Sequential
from latticekit.groups.u1 import wrap

Array = Any
_HERE = (0, 0)
_NCP = NonCompactProjection()


@accelerated(numpy="latticekit.kernels.cpu.u1_couplings:couple")
def u1_couple(theta: Array, p: Array, rows: Rows, path: Path, transform: CircularTransform) -> tuple[Array, Array]:
    """theta' = theta + h(P) - P on active links, log_det = sum log h'.  links, parameters -> links, (chain,)"""
    angle = _active(theta, rows, path)
    new, log_slope = transform.apply(angle, p)
    return _moved(theta, new - angle, rows), sum_chains(log_slope)


def u1_uncouple(theta: Array, p: Array, rows: Rows, path: Path, transform: CircularTransform) -> tuple[Array, Array]:
    """The inverse of `u1_couple`."""
    angle = _active(theta, rows, path)
    old, log_slope = transform.inverse(angle, p)
    return _moved(theta, old - angle, rows), sum_chains(log_slope)


@accelerated(numpy="latticekit.kernels.cpu.u1_couplings:couple_vjp")
def u1_couple_vjp(
    theta: Array, p: Array, rows: Rows, path: Path, transform: CircularTransform, bar: Array, log_det_bar: Array
) -> tuple[Array, Array]:
    """P_bar = theta'_bar (h' - 1) + log_det_bar h''/h', spread over the plaquette.  -> links, parameters"""
    angle, dim = _active(theta, rows, path), theta.shape[1]
    own, weight = rows.take(bar[:, rows.mu, ...], _HERE, dim), per_chain(log_det_bar, angle)
    slope, bend = transform.slopes(angle, p)
    angle_bar = own * (slope - 1.0) + weight * bend
    p_bar = transform.parameter_vjp(angle, p, own, weight + namespace(p).zeros_like(own))
    return bar + loop_angles_vjp(theta, rows, ((path, _HERE),), angle_bar[:, None, ...]), p_bar


def _active(theta: Array, rows: Rows, path: Path) -> Array:
    """Active loops; the first link of the path is the active one.  (chain, mu, *sites) -> (chain, *cells)"""
    return loop_angles(theta, rows, ((path, _HERE),))[:, 0, ...]


def _moved(theta: Array, turn: Array, rows: Rows) -> Array:
    """Active links turned, within [-pi, pi).  (chain, mu, *sites), (chain, *cells) -> (chain, mu, *sites)"""
    dim = theta.shape[1]
    return rows.replace(theta, wrap(rows.take(theta[:, rows.mu, ...], _HERE, dim) + turn), dim)


@dataclass(frozen=True)
class U1Coupling(LinkCoupling):
    """theta' = theta + h(P; context) - P on active links.  (chain, mu, *sites) -> the same

    P is the plaquette angle of the active link, h a map of the circle, its parameters a network's view of cosines and
    sines of frozen loops.  log_det = sum log h'(P).  Kanwar et al., 2003.06413.
    """

    transform: CircularTransform = _NCP

    @property
    def features(self) -> int:
        """Cosine and sine."""
        return 2

    @property
    def outputs(self) -> int:
        """Those of the transform."""
        return self.transform.size

    def context(self, x: Array) -> Array:
        """Cosines and sines."""
        return phases(x, self.rows, self._loops(x))

    def context_vjp(self, x: Array, bar: Array) -> Array:
        """Back to the links."""
        return phases_vjp(x, self.rows, self._loops(x), bar)

    def _loops(self, x: Array) -> Loops:
        return self.rows.context(x.shape[1], self.loops)

    def couple(self, x: Array, p: Array) -> tuple[Array, Array]:
        """h of the active plaquettes."""
        return u1_couple(x, p, self.rows, self.path, self.transform)

    def uncouple(self, y: Array, p: Array) -> tuple[Array, Array]:
        """The inverse of h."""
        return u1_uncouple(y, p, self.rows, self.path, self.transform)

    def couple_vjp(self, x: Array, p: Array, y_bar: Array, log_det_bar: Array) -> tuple[Array, Array]:
        """Back through h and the plaquette."""
        return u1_couple_vjp(x, p, self.rows, self.path, self.transform, y_bar, log_det_bar)

    def couple_solve(self, x: Array, p: Array, zeta: Array, weight: Array) -> Array:
        """(zeta - weight h''/h') / h'."""
        slope, bend = self.transform.slopes(_active(x, self.rows, self.path), p)
        own = self.rows.take(zeta[:, self.rows.mu, ...], _HERE, x.shape[1])
        return self.rows.replace(zeta, (own - per_chain(weight, own) * bend) / slope, x.shape[1])


def U1Flow(
    layers: int = 16,
    hidden: tuple[int, ...] = (16, 16),
    components: int = 6,
    *,
    dim: int = 2,
    kernel: int = 3,
    loops: tuple[Rectangle, ...] = FROZEN_LOOPS,
    period: int = 4,
    transform: CircularTransform | None = None,
    network: Network | None = None,
    checkpoint: int = 0,
) -> Sequential:
    """Plaquette couplings over the masks of `sweep`, in turn (8 of them move every link in two dimensions).

    Convolutions of widths `hidden` condition a mixture of `components` non-compact projections, unless `network` or
    `transform` say otherwise.  Kanwar et al., 2003.06413.
    """
    transform = transform or NonCompactProjection(components)
    network = network or ConvNet(hidden, kernel)
    masks = sweep(dim, period)
    return Sequential(
        tuple(U1Coupling(masks[i % len(masks)], network, loops, transform=transform) for i in range(layers)), checkpoint
    )


def U1HierarchicalFlow(
    sites: tuple[int, int],
    hidden: tuple[int, ...] = (16, 16),
    components: int = 6,
    *,
    transform: CircularTransform | None = None,
    checkpoint: int = 0,
) -> Sequential:
    """Couplings of ever smaller blocks of a two-dimensional torus: log2 V layers, exact in principle.

    The flux through a block is split between its halves by one link, given the flux itself (`halvings`).  With n
    plaquettes in a half, Wilson's action wants the density p_n(y) p_n(R - y) / p_2n(R), p_n the n-fold convolution of
    exp(beta cos y); with a map h that achieves it, plaquettes come out exactly distributed, windings included.
    """
    transform = transform or NonCompactProjection(components)
    layers = [
        U1Coupling(step.rows, DenseNet(hidden), (step.whole,), step.half, transform=transform)
        for step in halvings(tuple(sites))  # type: ignore[arg-type]
    ]
    return Sequential(tuple(layers), checkpoint)
