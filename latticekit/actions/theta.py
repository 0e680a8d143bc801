"""Topological charge as a term of the action of two-dimensional U(1), with a real weight: an imaginary vacuum angle."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from latticekit.actions.base import Action
from latticekit.actions.links import LinkAction
from latticekit.arrays import namespace
from latticekit.fields import geometric_charge, plaquette_path, transporter
from latticekit.fields.charge import plaquette_angle
from latticekit.fields.loops import cuts
from latticekit.groups import U1
from latticekit.lattice import shift

Array = Any
_CONVENTION = "S = -theta Q, weight exp(theta Q): vacuum angle -i theta"
_REVERSED = (-1j, 1j)  # a loop that passes the link forward, as the plaquette does; one that passes it backward


@dataclass(frozen=True)
class GeometricTheta(Action):
    """S = -theta Q with the integer Q = (1/2 pi) sum_x wrap(P(x)) of `fields.geometric_charge`.  U(1), two dimensions.

    Q does not change under small changes of the links, so the force is zero wherever it exists: in HMC the accept test
    alone sees the term, exactly.  Use it in a sum, `Wilson(U1(), beta) + GeometricTheta(theta)`.
    The weight exp(theta Q) is real, that of an imaginary vacuum angle.  At a real angle the weight exp(i angle Q) is no
    probability: simulate without the term and reweight, <O>_angle = <O cos(angle Q)> / <cos(angle Q)> for O even under
    reflection, <O sin(angle Q)> for odd ones (`estimators`); the mean cosine Z(angle)/Z(0) falls exponentially with the
    volume.  Luescher, CMP 85 (1982) 39.
    """

    theta: float
    group = U1()

    def __post_init__(self) -> None:
        _finite(self)

    def value(self, x: Array) -> Array:
        """-theta Q.  (chain, 2, *sites) -> (chain,)"""
        return geometric_charge(x) * -self.theta

    def force(self, x: Array) -> Array:
        """Zero.  (chain, 2, *sites) -> the same"""
        return namespace(x).zeros_like(x)

    def conventions(self) -> dict[str, str]:
        """The sign and normalisation of theta."""
        return {"weight": "exp(-S)", "theta": f"{_CONVENTION}; Q = sum of plaquette angles / 2 pi, an integer"}


@dataclass(frozen=True)
class SineTheta(LinkAction):
    """S = -theta Q with Q = (1/2 pi) sum_x sin P(x).  U(1), two dimensions.

    Q is smooth, and close to an integer only where all plaquette angles are small.  Linear in every link, so heatbath
    and overrelaxation take it along with the Wilson action: beta cos P + (theta / 2 pi) sin P is a shifted cosine.  For
    a real vacuum angle see `GeometricTheta`.
    """

    theta: float
    group = U1()

    def __post_init__(self) -> None:
        _finite(self)

    def value(self, x: Array) -> Array:
        """-(theta / 2 pi) sum_x sin P.  (chain, 2, *sites) -> (chain,)"""
        xp = namespace(x)
        return xp.sum(xp.sin(_angle(x)), axis=(1, 2), dtype=xp.float64) * (-self.theta / (2 * math.pi))

    def force(self, x: Array) -> Array:
        """F_0 = (theta / 2 pi) [cos P(x) - cos P(x - 1)], F_1 = (theta / 2 pi) [cos P(x - 0) - cos P(x)]."""
        xp = namespace(x)
        c = xp.cos(_angle(x))
        return xp.stack([c - shift(c, 1, -1), shift(c, 0, -1) - c], axis=1) * (self.theta / (2 * math.pi))

    def staple(self, u: Array, mu: int) -> Array:
        """Each plaquette through the link, times -i theta / 2 pi, +i where it is walked backwards, without the link."""
        ways = zip(cuts(plaquette_path(0, 1), mu), _REVERSED)
        forward, backward = (transporter(u, rest) * (sign * self.theta / (2 * math.pi)) for (rest, _), sign in ways)
        return shift(forward + backward, mu, 1, dim=2)

    def colours(self, mu: int, dim: int) -> tuple[int, tuple[int, ...]]:
        """Parity."""
        return 2, (1,) * dim

    def conventions(self) -> dict[str, str]:
        """The sign and normalisation of theta."""
        return {"weight": "exp(-S)", "theta": f"{_CONVENTION}; Q = sum of sines of plaquettes / 2 pi"}


CHARGES: dict[str, type[GeometricTheta] | type[SineTheta]] = {"geometric": GeometricTheta, "sine": SineTheta}
"""Definitions of the charge on the lattice."""


def ThetaTerm(theta: float, charge: str = "geometric") -> GeometricTheta | SineTheta:
    """S = -theta Q of two-dimensional U(1), with the charge as an integer ("geometric") or from the sine ("sine")."""
    if charge not in CHARGES:
        raise ValueError(f"ThetaTerm: unknown charge {charge!r}: one of {', '.join(CHARGES)}")
    return CHARGES[charge](theta)


def _angle(x: Array) -> Array:
    if x.ndim != 4 or x.shape[1] != 2:
        raise ValueError(f"a theta term needs U(1) angles (chain, 2, *sites), got shape {tuple(x.shape)}")
    return plaquette_angle(x)


def _finite(term: GeometricTheta | SineTheta) -> None:
    if not math.isfinite(term.theta):
        raise ValueError(f"{type(term).__name__} needs a finite theta, got {term.theta}")
