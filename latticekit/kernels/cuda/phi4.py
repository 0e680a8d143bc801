"""phi^4 on CuPy arrays: action, force, trajectories (references: `latticekit.actions.phi4`)."""

from __future__ import annotations

from typing import Any

from latticekit.arrays import namespace
from latticekit.kernels.cuda import bodies
from latticekit.kernels.cuda.launch import launch

Array = Any
PIECES = 1 << 15
"""Threads that share a sum, over all chains."""


def supported(*fields: Array) -> bool:
    """Whether the kernels take these fields: one shape (chain, *sites), 1 to 4 dimensions, float64 or float32."""
    x = fields[0]
    fits = 2 <= x.ndim <= 5 and x.size > 0 and x.dtype.char in "df"
    return fits and all(y.flags.c_contiguous and y.dtype == x.dtype and y.shape == x.shape for y in fields)


def geometry(x: Array) -> tuple[int, ...]:
    """Dimension, and the extents t, z, y, x."""
    return (x.ndim - 1, *(1, 1, 1, *x.shape[1:])[-4:])


def _linear(x: Array, mass_squared: float) -> float:
    return 4.0 * (x.ndim - 1) + 2.0 * mass_squared


def evolve(phi: Array, p: Array, mass_squared: float, coupling: float, schedule: Any) -> Any:
    """Molecular-dynamics trajectory.  two (chain, *sites) -> two (chain, *sites)

    A stage is one launch from one pair of buffers into the other; two pairs and the input suffice.
    """
    if not supported(phi, p):
        return NotImplemented
    xp, size, single, sites = namespace(phi), phi.size, phi.dtype.char == "f", geometry(phi)
    now = (phi.reshape(-1), p.reshape(-1))
    pairs = [(xp.empty_like(now[0]), xp.empty_like(now[1])) for _ in range(2)]
    linear, cubic = _linear(phi, mass_squared), 4.0 * coupling
    for n, (drift, kick, gradient) in enumerate(schedule.tolist()):
        new = pairs[n % 2]
        plain = 0.0 if gradient else kick
        launch(bodies.stage, size, single, *now, *new, *sites, drift, 2.0 * plain, linear * plain, cubic * plain)
        if gradient:
            aside = xp.empty_like(new[0])
            scaled = (2.0 * gradient, linear * gradient, cubic * gradient)
            launch(bodies.add_force, size, single, new[0], new[0], aside, *sites, *scaled)
            launch(
                bodies.add_force, size, single, aside, new[1], new[1], *sites, 2.0 * kick, linear * kick, cubic * kick
            )
        now = new
    if not len(schedule):
        now = (now[0].copy(), now[1].copy())
    return now[0].reshape(phi.shape), now[1].reshape(phi.shape)


def force(phi: Array, mass_squared: float, coupling: float) -> Any:
    """F = -dS/dphi.  (chain, *sites) -> the same"""
    if not supported(phi):
        return NotImplemented
    flat, out = phi.reshape(-1), namespace(phi).zeros((phi.size,), dtype=phi.dtype, device=phi.device)
    constants = (2.0, _linear(phi, mass_squared), 4.0 * coupling)
    launch(bodies.add_force, phi.size, phi.dtype.char == "f", flat, out, out, *geometry(phi), *constants)
    return out.reshape(phi.shape)


def _sum(x: Array, sites: tuple[int, ...], mass_squared: float, coupling: float) -> Array:
    """Float64 sums per chain, in an order that depends on the shape only."""
    xp, chains = namespace(x), x.shape[0]
    volume = x.size // chains
    pieces = max(1, min(volume, PIECES // chains))
    out = xp.empty((chains * pieces,), dtype=xp.float64, device=x.device)
    launch(bodies.action, chains * pieces, False, x.reshape(-1), out, pieces, volume, *sites, mass_squared, coupling)
    return xp.sum(out.reshape((chains, pieces)), axis=1)


def value(phi: Array, mass_squared: float, coupling: float) -> Any:
    """S(phi), summed in float64.  (chain, *sites) -> (chain,)"""
    if not supported(phi):
        return NotImplemented
    return _sum(phi, geometry(phi), float(mass_squared), float(coupling))


def square(p: Array) -> Array:
    """p.p, summed in float64: the action of sites without neighbours.  (chain, *sites) -> (chain,)"""
    return _sum(p, (0, *geometry(p)[1:]), 1.0, 0.0)
