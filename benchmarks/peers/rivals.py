"""The phi^4 trajectory and the whole HMC transition as one writes them in NumPy, JAX and PyTorch."""

from __future__ import annotations

import numpy as np

MASS_SQUARED, COUPLING = -4.0, 5.0


def force(phi, roll):
    """-dS/dphi with rolled copies."""
    f = phi * (-4.0 * (phi.ndim - 1) - 2.0 * MASS_SQUARED - 4.0 * COUPLING * phi * phi)
    for axis in range(1, phi.ndim):
        f = f + 2.0 * (roll(phi, 1, axis) + roll(phi, -1, axis))
    return f


def leapfrog(phi, p, step, steps, roll):
    """Kick-drift-kick, neighbouring kicks merged."""
    p = p + 0.5 * step * force(phi, roll)
    for n in range(steps):
        phi = phi + step * p
        p = p + (step if n + 1 < steps else 0.5 * step) * force(phi, roll)
    return phi, p


def numpy_trajectory(step, steps):
    """Plain np.roll."""
    return lambda phi, p: leapfrog(phi, p, step, steps, np.roll)


def _jax():
    import jax

    jax.config.update("jax_enable_x64", True)
    return jax, jax.numpy


def _jax_leapfrog(phi, p, step, steps):
    jax, jnp = _jax()
    p = p + 0.5 * step * force(phi, jnp.roll)

    def body(_, state):
        phi, p = state
        phi = phi + step * p
        return phi, p + step * force(phi, jnp.roll)

    phi, p = jax.lax.fori_loop(0, steps - 1, body, (phi, p))
    phi = phi + step * p
    return phi, p + 0.5 * step * force(phi, jnp.roll)


def jax_trajectory(step, steps):
    """jax.jit with a loop inside."""
    jax, jnp = _jax()
    run = jax.jit(lambda phi, p: _jax_leapfrog(phi, p, step, steps))
    return lambda phi, p: jax.block_until_ready(run(jnp.asarray(phi), jnp.asarray(p)))


def jax_transition(step, steps):
    """Momenta, both energies, trajectory and Metropolis test in one jax.jit."""
    jax, jnp = _jax()

    def action(phi):
        density = (MASS_SQUARED + COUPLING * phi * phi) * phi * phi
        for axis in range(1, phi.ndim):
            density = density + (jnp.roll(phi, -1, axis) - phi) ** 2
        return jnp.sum(density, axis=tuple(range(1, phi.ndim)), dtype=jnp.float64)

    @jax.jit
    def run(phi, key, current):
        sites = tuple(range(1, phi.ndim))
        momenta, test = jax.random.split(key)
        p = jax.random.normal(momenta, phi.shape, phi.dtype)
        y, q = _jax_leapfrog(phi, p, step, steps)
        proposed = action(y)
        kinetic = 0.5 * (jnp.sum(q * q, axis=sites) - jnp.sum(p * p, axis=sites))
        delta = proposed - current + kinetic
        accepted = jnp.log(jax.random.uniform(test, (phi.shape[0],))) < -delta
        mask = accepted.reshape((-1,) + (1,) * (phi.ndim - 1))
        return jnp.where(mask, y, phi), jnp.where(accepted, proposed, current), delta, accepted

    def transition(phi, number, current):
        return jax.block_until_ready(run(jnp.asarray(phi), jax.random.key(number), current))

    return transition


def torch_trajectory(step, steps):
    """Eager PyTorch on one thread."""
    import torch

    torch.set_num_threads(1)

    def roll(x, shift, axis):
        return torch.roll(x, shift, axis)

    def run(phi, p):
        with torch.no_grad():
            return leapfrog(torch.from_numpy(phi), torch.from_numpy(p), step, steps, roll)

    return run
