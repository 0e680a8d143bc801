"""Spectral couplings of SU(N) links: maps of the eigenphases of active loops."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from latticekit.fields import Path
from latticekit.flows.base import per_chain, sum_chains
from latticekit.flows.gauge.cell import CellMap
from latticekit.flows.gauge.coupling import LinkCoupling
from latticekit.flows.gauge.eigen import eigenphases
from latticekit.flows.gauge.masks import FROZEN_LOOPS, Rectangle, halvings, sweep
from latticekit.flows.gauge.mixture import Mixture
from latticekit.flows.gauge.spectral_turn import Power, Turn, power
from latticekit.flows.gauge.spectrum import Spectra, SpectralMap
from latticekit.flows.gauge.wilson_loops import Piece, product, product_vjp, spread, traces, traces_vjp
from latticekit.flows.networks import ConvNet, DenseNet, Network
from latticekit.flows.sequential import Sequential
from latticekit.groups import SU
from latticekit.groups.matrices import dagger_mul, mul, mul_dagger

Array = Any
_HERE, _NEXT = (0, 0), (1, 0)
_MAP = SpectralMap()


@dataclass(frozen=True)
class SpectralCoupling(LinkCoupling):
    """U' = M' M^dagger U on active links, M = U C = V exp(i theta) V^dagger their loops, M' = V exp(i theta') V^dagger.

    theta'(theta; context) is a map of spectra, its parameters a network's view of traces of frozen loops.  The
    log-det is by Haar measure.  (chain, mu, N, N, *sites) -> the same.  Boyda et al., 2008.05456.

    frame: C = (C_1 C_0^dagger)^frame C_0 lies on the shortest geodesic from C_0, the staple of the active loop, to C_1,
    its mirror image on the other side of the link.  0 is the loop itself; for Wilson's action and SU(2) the weight
    exp((beta/N) Re tr U (C_0 + C_1)) is one of the spectrum of M alone at frame 1/2.
    """

    group: SU = field(kw_only=True)
    spectral: Spectra = _MAP
    frame: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.frame <= 1:
            raise ValueError(f"frame must lie between 0 and 1, the two staples: got {self.frame}")

    @property
    def features(self) -> int:
        """The trace, complex for N > 2."""
        return 1 if self.group.n == 2 else 2

    @property
    def outputs(self) -> int:
        """Those of the map of spectra."""
        return self.spectral.size

    def context(self, x: Array) -> Array:
        """Traces."""
        return traces(x, self.rows, self.rows.context(x.shape[1], self.loops))

    def context_vjp(self, x: Array, bar: Array) -> Array:
        """Back to the links."""
        return traces_vjp(x, self.rows, self.rows.context(x.shape[1], self.loops), bar, self.group)

    def couple(self, x: Array, p: Array) -> tuple[Array, Array]:
        """The map of the spectra of active loops."""
        return self._moved(x, *self._turn(x, p).apply())

    def uncouple(self, y: Array, p: Array) -> tuple[Array, Array]:
        """Its inverse."""
        return self._moved(y, *self._turn(y, p).inverse())

    def couple_vjp(self, x: Array, p: Array, y_bar: Array, log_det_bar: Array) -> tuple[Array, Array]:
        """Back through the map of spectra and the loop."""
        dim, turn = x.shape[1], self._turn(x, p)
        own = self._own(y_bar)
        m_bar, p_bar, r = turn.vjp(own, per_chain(log_det_bar, turn.theta))
        still = dagger_mul(r, mul(own, r))  # U' = R U: the cotangent of U at constant R
        bar = self.rows.replace(y_bar, self.group.components(still), dim)
        return bar + spread(x, self.rows, self._loop_vjp(x, m_bar - still), self.group), p_bar

    def couple_solve(self, x: Array, p: Array, zeta: Array, weight: Array) -> Array:
        """The map of spectra solved for."""
        turn = self._turn(x, p)
        solved = turn.solve(self._own(zeta), per_chain(weight, turn.theta))
        return self.rows.replace(zeta, self.group.components(solved), x.shape[1])

    @property
    def _staples(self) -> tuple[Path, Path]:
        """From x + mu to x, on the side of the active loop and on the other one."""
        up, nu = self.path[1:], self.rows.nu
        return up, tuple({nu: ~nu, ~nu: nu}.get(step, step) for step in up)

    def _turn(self, x: Array, p: Array) -> Turn:
        """The active loops with their spectra."""
        m = mul(self.rows.take(x[:, self.rows.mu, ...], _HERE, x.shape[1]), self._staple(x)[0])
        theta, v = eigenphases(m)
        return Turn(theta, v, p, self.spectral, self.group)

    def _staple(self, x: Array) -> tuple[Array, Array, Power | None]:
        """C, C_0, and the power that leads from one to the other."""
        first, other = self._staples
        c = product(x, self.rows, first, _NEXT)
        if not self.frame:
            return c, c, None
        root = power(mul_dagger(product(x, self.rows, other, _NEXT), c), self.frame)
        return mul(root.root, c), c, root

    def _loop_vjp(self, x: Array, bar: Array) -> list[Piece]:
        """Back from M to U and to the links of both staples."""
        own, (first, other) = self.rows.take(x[:, self.rows.mu, ...], _HERE, x.shape[1]), self._staples
        _, first_staple, root = self._staple(x)
        found, bar = [Piece(self.rows.mu, _HERE, bar)], dagger_mul(own, mul(bar, own))
        if root is not None:  # C = G^s C_0, G = C_1 C_0^dagger
            g_bar = root.vjp(bar, self.group)
            g = mul_dagger(product(x, self.rows, other, _NEXT), first_staple)
            found += product_vjp(x, self.rows, other, g_bar, _NEXT)
            bar = dagger_mul(root.root, mul(bar, root.root)) - dagger_mul(g, mul(g_bar, g))
        return found + product_vjp(x, self.rows, first, bar, _NEXT)

    def _own(self, bar: Array) -> Array:
        """Matrices of the cotangents of active links."""
        return self.group.algebra(self.rows.take(bar[:, self.rows.mu, ...], _HERE, bar.shape[1]))

    def _moved(self, x: Array, r: Array, log_det: Array) -> tuple[Array, Array]:
        """Active links times R, and the sum of the log-Jacobians."""
        own = self.rows.take(x[:, self.rows.mu, ...], _HERE, x.shape[1])
        return self.rows.replace(x, mul(r, own), x.shape[1]), sum_chains(log_det)


def SpectralFlow(
    group: SU,
    layers: int = 16,
    hidden: tuple[int, ...] = (16, 16),
    components: int = 6,
    *,
    dim: int = 2,
    kernel: int = 3,
    loops: tuple[Rectangle, ...] = FROZEN_LOOPS,
    period: int = 4,
    network: Network | None = None,
    checkpoint: int = 0,
) -> Sequential:
    """Spectral couplings over the masks of `sweep`, in turn (8 of them move every link in two dimensions).

    Convolutions of widths `hidden` condition mixtures of `components` maps of the circle.  Boyda et al., 2008.05456.
    """
    network, masks = network or ConvNet(hidden, kernel), sweep(dim, period)
    spectral = SpectralMap(Mixture(components))
    made = [
        SpectralCoupling(masks[i % len(masks)], network, loops, spectral=spectral, group=group) for i in range(layers)
    ]
    return Sequential(tuple(made), checkpoint)


def SpectralHierarchicalFlow(
    group: SU,
    blocks: tuple[int, int] = (4, 4),
    frames: tuple[float, ...] = (),
    hidden: tuple[int, ...] = (16, 16),
    *,
    spectral: Spectra | None = None,
    checkpoint: int = 0,
) -> Sequential:
    """Couplings of ever smaller blocks in two dimensions: the loop of every block goes to its halves.

    One link between the halves of a block is active (`halvings`), given the loop W of the block.  With n plaquettes in
    a half, Wilson's action wants the density p_n(P) p_n(P^-1 W)/p_2n(W), p_n the n-fold convolution of
    exp((beta/N) Re tr P).  Loops of whole blocks stay as the prior has them, which is right where p_n is flat: up to
    sum_r d_r^2 (c_r/d_r c_0)^n without the trivial r.  Each level has one coupling per frame (default: 1/2, for N = 3
    then both staples and 1/2 again).  For every lattice that the blocks fill: trained on one, run on all of them.
    """
    frames = frames or ((0.5,) if group.n == 2 else (0.5, 0.0, 1.0, 0.5))
    spectral = spectral or (CellMap(group.n, degree=3) if group.n in (2, 3) else _MAP)
    made = [
        SpectralCoupling(
            step.rows, DenseNet(hidden), (step.whole,), step.half, group=group, spectral=spectral, frame=frame
        )
        for step in halvings(tuple(blocks))  # type: ignore[arg-type]
        for frame in frames
    ]
    return Sequential(tuple(made), checkpoint)
