"""Links smeared with their staples: APE, and stout smearing with its hand-written vjp."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from latticekit.arrays import namespace
from latticekit.fields.flow import slope
from latticekit.fields.links import group_of, matrices, real_dtype
from latticekit.fields.loops import Path, planes, plaquette_path, staple, transporter, transporter_vjp
from latticekit.groups import GaugeGroup
from latticekit.groups.matrices import dagger, dagger_mul, mul, re_trace
from latticekit.groups.tangent import exp_cotangent
from latticekit.lattice import shift

Array = Any
Residuals = tuple[Array, Array]
Bars = dict[tuple[str, int, int], Array]


def ape(x: Array, alpha: float, steps: int = 1, *, spatial: bool = False) -> Array:
    """U -> nearest group element of (1 - alpha) U + alpha / n sum of its n staples, `steps` times.  field -> field

    spatial: links and staples of space only (axes 1, 2, ...), time is left alone.  Albanese et al. (APE), Phys. Lett.
    B192 (1987) 163.
    """
    group, first = group_of(x), 1 if spatial else 0
    dim = x.shape[1]
    if dim - first < 2:
        raise ValueError(f"ape needs a plane{' of space' if spatial else ''}, got {dim} dimensions")
    loops = [(plaquette_path(mu, nu), 1.0) for mu, nu in planes(dim) if mu >= first]
    weight = alpha / (2 * (dim - first - 1))
    for _ in range(steps):
        u = matrices(x)
        moved = [
            group.nearest(u[:, mu, ...] * (1.0 - alpha) + dagger(staple(u, mu, loops)) * weight)
            for mu in range(first, dim)
        ]
        kept = [u[:, 0, ...]] if spatial else []
        x = group.links(namespace(u).stack([*kept, *moved], axis=1))
    return x


def plaquette_staples(mu: int, nu: int) -> list[Path]:
    """The two ways from x + mu to x round a plaquette."""
    return [(nu, ~mu, ~nu), (~nu, ~mu, nu)]


def rectangle_staples(mu: int, nu: int) -> list[Path]:
    """The six ways from x + mu to x round a 2 x 1 rectangle."""
    return [path for n in (nu, ~nu) for path in ((n, n, ~mu, ~n, ~n), (mu, n, ~mu, ~mu, ~n), (n, ~mu, ~mu, ~n, mu))]


LOOPS = {"plaquette": plaquette_staples, "rectangle": rectangle_staples}
"""Kind of loop -> the staples of a link along mu with the loops in the plane of nu."""


@dataclass(frozen=True)
class Stout:
    """U_mu -> exp(Q_mu) U_mu, Q_mu = -sum_nu rho_{mu nu} P(U_mu C_{mu nu}), P the projection on the algebra.

    params: {kind of loop: rho, (D, D)} with the kinds of LOOPS; C_{mu nu} sums the staples of a kind in one plane, and
    the diagonal of rho is not read.  Positive rho smooths.  Morningstar and Peardon, hep-lat/0311018, eqs. 1-4.
    """

    params: dict[str, Array]

    def __post_init__(self) -> None:
        for kind, rho in self.params.items():
            if kind not in LOOPS:
                raise ValueError(f"Stout knows the loops {', '.join(LOOPS)}, got {kind!r}")
            if rho.ndim != 2 or rho.shape[0] != rho.shape[1]:
                raise ValueError(f"Stout needs weights (D, D) by direction and plane, got shape {tuple(rho.shape)}")

    def apply(self, x: Array) -> tuple[Array, Residuals]:
        """The smeared field.  field -> field, residuals"""
        group, u, rho = group_of(x), matrices(x), self._weights(x)
        v = namespace(x).stack([self._exponent(group, u, mu, rho) for mu in range(u.shape[1])], axis=1)
        return group.translate(x, v), (x, v)

    def vjp(self, residuals: Residuals, y_bar: Array) -> tuple[Array, dict[str, Array]]:
        """Cotangents of links and weights from that of the smeared field.  algebra -> algebra, params

        U' = exp(Q) U: cotangent of Q Psi(Q) G', of U directly exp(-Q) G' exp(Q); then back along every staple.
        """
        (x, v), xp = residuals, namespace(y_bar)
        group, u, rho = group_of(x), matrices(x), self._weights(x)
        ambient = [0.0 * u[:, 0, ...] for _ in range(u.shape[1])]  # K_mu with delta L = sum Re tr(K_mu X_mu)
        direct, bars = [], Bars()
        for mu in range(u.shape[1]):
            g, turn = group.algebra(y_bar[:, mu, ...]), group.exp(v[:, mu, ...])
            direct.append(group.components(dagger_mul(turn, mul(g, turn))))
            m_bar = exp_cotangent(group.algebra(v[:, mu, ...]), g) * (1.0 / group.index)
            bars |= self._back(u, mu, rho, m_bar, ambient)
        links = [one - group.components(k) * group.index for one, k in zip(direct, ambient)]
        return xp.stack(links, axis=1), {kind: _table(bars, kind, one) for kind, one in rho.items()}

    def _back(self, u: Array, mu: int, rho: dict[str, Array], m_bar: Array, ambient: list[Array]) -> Bars:
        """Through M = U_mu C_mu, delta L = Re tr(m_bar delta M): adds to `ambient`, returns the cotangents of rho."""
        dim, link, bars = u.shape[1], u[:, mu, ...], Bars()
        c_bar = shift(mul(m_bar, link), mu, -1, dim=dim)  # where the staples begin
        total = 0.0 * link
        for kind, nu, path in _staples(rho, mu, dim):
            c, weight, at = transporter(u, path), rho[kind][mu, nu], (kind, mu, nu)
            loop, links = transporter_vjp(u, path, c, c_bar)
            total = total + c * weight
            bars[at] = bars.get(at, 0.0) + namespace(u).sum(re_trace(loop), dtype=namespace(u).float64)
            for other, k in links:
                ambient[other] = ambient[other] + k * weight
        m = mul(link, shift(total, mu, 1, dim=dim))
        ambient[mu] = ambient[mu] + mul(m, m_bar)
        return bars

    def _exponent(self, group: GaugeGroup, u: Array, mu: int, rho: dict[str, Array]) -> Array:
        """v of Q = i v_a T_a for one direction.  matrices -> algebra of a direction"""
        total = 0.0 * u[:, mu, ...]
        for kind, nu, path in _staples(rho, mu, u.shape[1]):
            total = total + transporter(u, path) * rho[kind][mu, nu]
        return group.components(mul(u[:, mu, ...], shift(total, mu, 1, dim=u.shape[1]))) * -1.0

    def _weights(self, x: Array) -> dict[str, Array]:
        """rho in the precision of the field."""
        xp, dim = namespace(x), x.shape[1]
        for kind, rho in self.params.items():
            if rho.shape[0] != dim:
                raise ValueError(f"Stout: weights of {kind} are for {rho.shape[0]} dimensions, the field has {dim}")
        return {kind: xp.astype(rho, real_dtype(x)) for kind, rho in self.params.items()}


def _staples(rho: dict[str, Array], mu: int, dim: int) -> Iterator[tuple[str, int, Path]]:
    """Every staple of the links along mu: kind of loop, direction of its plane, path from x + mu to x."""
    for kind in rho:
        for nu in range(dim):
            if nu != mu:
                yield from ((kind, nu, path) for path in LOOPS[kind](mu, nu))


def _table(bars: Bars, kind: str, rho: Array) -> Array:
    """Cotangents of one kind as the weights are laid out, 0 on the diagonal.  -> (D, D)"""
    xp, dim = namespace(rho), rho.shape[0]
    zero = xp.zeros((), dtype=xp.float64, device=rho.device)
    rows = [xp.stack([bars.get((kind, mu, nu), zero) for nu in range(dim)]) for mu in range(dim)]
    return xp.astype(xp.stack(rows), rho.dtype)


def stout_weights(dim: int, rho: float, like: Array, *, spatial: bool = False) -> dict[str, Array]:
    """Params of Stout with one rho for all planes, or for those of space with time left alone."""
    xp = namespace(like)
    first = 1 if spatial else 0
    rows = [[rho if min(mu, nu) >= first and mu != nu else 0.0 for nu in range(dim)] for mu in range(dim)]
    return {"plaquette": xp.asarray(rows, dtype=xp.float64, device=like.device)}


def stout_step(x: Array, rho: float, *, spatial: bool = False) -> tuple[Array, Residuals]:
    """`Stout.apply` with one rho: exp(-rho P(U V)) U, a step of Wilson flow without its Runge and Kutta."""
    if spatial:
        return Stout(stout_weights(x.shape[1], rho, x, spatial=True)).apply(x)
    v = slope(x) * rho
    return group_of(x).translate(x, v), (x, v)


def stout(x: Array, rho: float, steps: int = 1, *, spatial: bool = False) -> Array:
    """`steps` times U_mu -> exp(-rho sum P(U_mu staples)) U_mu (hep-lat/0311018).  field -> field"""
    for _ in range(steps):
        x, _ = stout_step(x, rho, spatial=spatial)
    return group_of(x).project(x)
