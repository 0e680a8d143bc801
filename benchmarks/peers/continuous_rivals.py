"""The velocity field of a continuous flow and its adjoint as one writes them in NumPy, JAX and PyTorch."""

from __future__ import annotations

import numpy as np

SHARES, AHEAD, TIMES = (1 / 6, 1 / 3, 1 / 3, 1 / 6), (0.5, 0.5, 1.0, 0.0), (0, 1, 1, 2)


class Problem:
    """Spectra on all momenta and on half of them, diagonal and frequencies."""

    def __init__(self, weights, extent):
        k = np.minimum(np.arange(extent), extent - np.arange(extent))
        quarter = weights.coupling.spectrum[..., 0, :, :, :]
        self.full = quarter[..., k[:, None], k]
        self.half = self.full[..., : extent // 2 + 1]
        self.local = weights.local[..., 0, :, 0, 0]
        self.omega = weights.omega
        angle = 2 * np.pi * np.outer(np.arange(extent), np.arange(extent)) / extent
        self.cas = ((np.cos(angle) + np.sin(angle)) / np.sqrt(extent)).astype(self.omega.dtype)


def evaluate(phi, v, spectrum, local, omega, forward, back, xp):
    """drift, div, phi_bar, omega_bar (and the spectra's) for cotangents v and 1, by hand."""
    angle = omega[:, None, None] * phi[:, None]
    s, c = xp.sin(angle), xp.cos(angle)
    modes, v_modes = forward(s), forward(v)
    drift = back((spectrum * modes).sum(1))
    slope = omega[:, None, None] * c
    div = (slope.sum((2, 3)) * local).sum(1)
    u = back(spectrum * v_modes[:, None])
    source = (local * omega)[:, None, None]
    phi_bar = (u * slope - source * omega[:, None, None] * s).sum(1)
    omega_bar = (u * c * phi[:, None] + local[:, None, None] * (c - angle * s)).sum((0, 2, 3))
    spectrum_bar = (v_modes[:, None].conj() * modes).sum(0) if xp is not None else None
    return drift, div, phi_bar, omega_bar, spectrum_bar


def _numpy_fft(problem, dtype):
    n = problem.cas.shape[0]
    local, omega = problem.local[:-1], problem.omega
    forward, back = np.fft.rfft2, lambda a: np.fft.irfft2(a, s=(n, n))
    return lambda phi, v: evaluate(phi, v, problem.half[:-1], local, omega, forward, back, np)[:4]


def _jax():
    import jax

    jax.config.update("jax_enable_x64", True)
    return jax, jax.numpy


def _jax_transforms(problem, fft):
    """Transform, its inverse, spectra."""
    _, jnp = _jax()
    n = problem.cas.shape[0]
    if fft:
        return jnp.fft.rfft2, lambda a: jnp.fft.irfft2(a, s=(n, n)), jnp.asarray(problem.half)
    cas = jnp.asarray(problem.cas)
    hartley = lambda a: cas @ (a @ cas)  # noqa: E731
    return hartley, hartley, jnp.asarray(problem.full)


def _jax_velocity(fft):
    def make(problem, dtype):
        jax, jnp = _jax()
        forward, back, spectrum = _jax_transforms(problem, fft)
        local, omega = jnp.asarray(problem.local[:-1]), jnp.asarray(problem.omega)
        run = jax.jit(lambda phi, v: evaluate(phi, v, spectrum[:-1], local, omega, forward, back, jnp))
        return lambda phi, v: jax.block_until_ready(run(phi, v))[:4]

    return make


def _torch_velocity(fft):
    def make(problem, dtype):
        import torch

        torch.set_num_threads(1)
        n = problem.cas.shape[0]
        local, omega, cas = (torch.tensor(a) for a in (problem.local[:-1], problem.omega, problem.cas))
        spectrum = torch.tensor(np.ascontiguousarray((problem.half if fft else problem.full)[:-1]))
        forward = torch.fft.rfft2 if fft else lambda a: cas @ (a @ cas)
        back = (lambda a: torch.fft.irfft2(a, s=(n, n))) if fft else forward

        def run(phi, v):
            found = evaluate(torch.tensor(phi), torch.tensor(v), spectrum, local, omega, forward, back, torch)
            return [a.numpy() for a in found[:4]]

        return run

    return make


MAKERS = {
    "numpy fft": _numpy_fft,
    "jax fft": _jax_velocity(True),
    "jax matmul": _jax_velocity(False),
    "torch fft": _torch_velocity(True),
    "torch matmul": _torch_velocity(False),
}


def jax_path_gradient(weights, steps):
    """y, log_det, cotangent of omega: zeta carried along the stages, then the vjp of the flow by jax.vjp."""
    jax, jnp = _jax()
    problem = Problem(weights, weights.coupling.spectrum.shape[-1] * 2 - 2)
    hartley, _, full = _jax_transforms(problem, False)
    local, h = jnp.asarray(problem.local), 1 / steps
    at = jnp.asarray([[2 * n + t for t in TIMES] for n in range(steps)])

    def velocity(phi, omega, spectrum, local):
        angle = omega[:, None, None] * phi[:, None]
        values = jnp.concatenate([jnp.sin(angle), phi[:, None]], axis=1)
        drift = hartley((spectrum * hartley(values)).sum(1))
        cosines = (omega[:, None, None] * jnp.cos(angle)).sum((2, 3))
        return drift, (cosines * local[:-1]).sum(1) + local[-1] * phi[0].size

    def step(phi, log_det, omega, spectra, locals_):
        state, total, kept = phi, phi, []
        for i in range(4):
            kept.append(state)
            k, div = velocity(state, omega, spectra[i], locals_[i])
            total, log_det, state = total + h * SHARES[i] * k, log_det + h * SHARES[i] * div, phi + h * AHEAD[i] * k
        return total, log_det, jnp.stack(kept)

    def flow(x, omega, full):
        def body(carry, index):
            y, log_det, kept = step(*carry, omega, full[index], local[index])
            return (y, log_det), kept

        return jax.lax.scan(body, (x, jnp.zeros(x.shape[0], x.dtype)), at)

    def pull(phi, zeta, omega, spectrum, local):
        angle = omega[:, None, None] * phi[:, None]
        u = hartley(spectrum * hartley(zeta)[:, None])
        bend = (local[:-1] * omega**2)[:, None, None] * jnp.sin(angle)
        return (u[:, :-1] * omega[:, None, None] * jnp.cos(angle) - bend).sum(1) + u[:, -1]

    def carry(kept, zeta, omega):
        def body(zeta, given):
            stages, index = given
            total = state = zeta
            for i in range(4):
                k = pull(stages[i], state, omega, full[index[i]], local[index[i]])
                total, state = total - h * SHARES[i] * k, zeta - h * AHEAD[i] * k
            return total, None

        return jax.lax.scan(body, zeta, (kept, at))[0]

    def run(x, zeta):
        omega = jnp.asarray(problem.omega)
        ((y, log_det), kept), back = jax.vjp(lambda omega, full: flow(x, omega, full), omega, full)
        zeta = carry(kept, zeta, omega)
        omega_bar, full_bar = back(((zeta, jnp.zeros_like(log_det)), jnp.zeros_like(kept)))
        return y, log_det, omega_bar, full_bar

    compiled = jax.jit(run)
    return lambda x, zeta: jax.block_until_ready(compiled(x, zeta))[:3]
