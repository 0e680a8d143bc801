"""Overrelaxation of gauge links: exact reflections."""

from __future__ import annotations

from functools import singledispatch

from latticekit.actions import LinkAction
from latticekit.arrays import accelerated, namespace
from latticekit.groups import SU, U1, Group
from latticekit.groups.u1 import wrap
from latticekit.updates.base import Array
from latticekit.updates.colours import subgroups, swept
from latticekit.updates.quaternions import Quaternion, block, polar_form, rotated


@singledispatch
def reflected(group: Group, links: Array, v: Array) -> Array:
    """Links of one direction after a reflection that keeps Re tr(U V).  -> the same shape"""
    raise TypeError(f"no overrelaxation of links in {group!r}: it knows U1() and SU(n)")


@reflected.register(U1)
def _(group: U1, theta: Array, v: Array) -> Array:
    """theta' = -2 arg V - theta, which turns delta = theta + arg V into -delta; theta where V = 0."""
    xp, z = namespace(theta), v[:, 0, 0, ...]
    turned = wrap(xp.atan2(xp.imag(z), xp.real(z)) * -2.0 - theta)
    return xp.where(xp.abs(z) > 0, turned, theta)


@reflected.register(SU)
def _(group: SU, u: Array, v: Array) -> Array:
    """U' = R U with R = (w^dagger/k)^2 in every subgroup in turn, 1 where k = 0: w/k becomes its dagger."""
    for pair in subgroups(group.n):
        _, w = polar_form(block(u, v, pair))
        u = rotated(u, _dagger_squared(w), pair)
    return u


def _dagger_squared(w: Quaternion) -> Quaternion:
    across = -2.0 * w[0]
    return 2.0 * w[0] * w[0] - 1.0, across * w[1], across * w[2], across * w[3]


@accelerated(
    numpy="latticekit.kernels.cpu.gauge_local:overrelaxation", cupy="latticekit.kernels.cuda.gauge_local:overrelaxation"
)
def link_overrelaxation(x: Array, action: LinkAction) -> Array:
    """Reflected links of every direction and colour; the action stays as it is.  field -> field

    Creutz, Phys. Rev. D36 (1987) 515; Brown and Woch, Phys. Rev. Lett. 58 (1987) 2394; in the subgroups of SU(N) as in
    Cabibbo and Marinari.
    """
    xp, group = namespace(x), action.group

    def update(mu: int, links: Array, v: Array, mask: Array) -> tuple[Array]:
        return (xp.where(mask, reflected(group, links, v), links),)

    return swept(x, action, update)[0]
