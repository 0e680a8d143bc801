"""Exact finite-step errors on a Gaussian action: the sharpest test of an integrator.

Every mode has S = omega phi^2 / 2, so one trajectory is a 2 x 2 matrix and one Langevin step a linear map.  All
functions take the array `omega` of a field's modes (`FreeField.omega`) and average or sum over it.
"""

import math
from collections.abc import Sequence

import numpy as np

__all__ = [
    "LEAPFROG",
    "acceptance",
    "delta_h_variance",
    "euler_langevin_phi_squared",
    "heun_langevin_phi_squared",
    "mean_delta_h",
    "trajectory_matrix",
    "unadjusted_hmc_phi_squared",
]

Stages = Sequence[tuple[float, ...]]

LEAPFROG: Stages = ((0.0, 0.5), (1.0, 0.5))


def trajectory_matrix(omega: np.ndarray, stages: Stages, step_size: float, steps: int) -> np.ndarray:
    """Linear map (phi, p) -> (phi', p') of one molecular-dynamics trajectory per mode.  (*modes) -> (*modes, 2, 2)

    A stage (drift, kick) is phi += drift eps p, then p += kick eps F(phi) with F = -omega phi.  A third entry g makes
    it a force-gradient kick, F evaluated at phi + g eps^2 F(phi).  `steps` repetitions of all stages.
    """
    omega = np.asarray(omega, dtype=float)
    step = np.broadcast_to(np.eye(2), (*omega.shape, 2, 2))
    for drift, kick, *gradient in stages:
        force = -omega * (1 - sum(gradient) * step_size**2 * omega)
        move = np.zeros((*omega.shape, 2, 2)) + np.array([[1.0, drift * step_size], [0.0, 1.0]])
        push = np.zeros((*omega.shape, 2, 2)) + np.eye(2)
        push[..., 1, 0] = kick * step_size * force
        step = push @ move @ step
    return np.linalg.matrix_power(step, steps)


def _delta_h_form(omega: np.ndarray, stages: Stages, step_size: float, steps: int) -> np.ndarray:
    """Q in Delta H = z^T Q z / 2, z = (sqrt(omega) phi, p) of unit normals.  (*modes) -> (*modes, 2, 2)"""
    matrix = trajectory_matrix(omega, stages, step_size, steps)
    root = np.sqrt(np.asarray(omega, dtype=float))
    matrix[..., 0, 1] *= root
    matrix[..., 1, 0] /= root
    return np.swapaxes(matrix, -1, -2) @ matrix - np.eye(2)


def mean_delta_h(omega: np.ndarray, stages: Stages, step_size: float, steps: int) -> float:
    """<Delta H> of a trajectory started from the exact distribution of field and momentum.  (*modes) -> float

    Never negative, since <exp(-Delta H)> = 1 by area preservation.
    """
    form = _delta_h_form(omega, stages, step_size, steps)
    return float(0.5 * np.sum(np.trace(form, axis1=-2, axis2=-1)))


def delta_h_variance(omega: np.ndarray, stages: Stages, step_size: float, steps: int) -> float:
    """Variance of Delta H under the same average, sum over modes of tr(Q^2) / 2.  (*modes) -> float"""
    form = _delta_h_form(omega, stages, step_size, steps)
    return float(0.5 * np.sum(form**2))


def acceptance(delta_h: float) -> float:
    """Acceptance <min(1, exp(-Delta H))> = erfc(sqrt(<Delta H>) / 2), for Gaussian Delta H: large volumes.

    Gupta, Irbaeck, Karsch and Petersson, Phys. Lett. B 242 (1990) 437.
    """
    return math.erfc(math.sqrt(delta_h) / 2)


def unadjusted_hmc_phi_squared(omega: np.ndarray, stages: Stages, step_size: float, steps: int) -> float:
    """Stationary <phi^2> of trajectories without the Metropolis test.  (*modes) -> float, the mean over modes

    phi' = a phi + b p has variance b^2 / (1 - a^2); one leapfrog step: 1 / [omega (1 - eps^2 omega / 4)].
    """
    matrix = trajectory_matrix(omega, stages, step_size, steps)
    kept, gained = matrix[..., 0, 0], matrix[..., 0, 1]
    _require_stable(np.abs(kept) < 1, f"step_size {step_size} with {steps} steps", np.max(omega))
    return float(np.mean(gained**2 / (1 - kept**2)))


def euler_langevin_phi_squared(omega: np.ndarray, step_size: float) -> float:
    """Stationary <phi^2> of phi' = phi + eps F + sqrt(2 eps) eta.  (*modes) -> float, the mean over modes

    Per mode 1 / [omega (1 - eps omega / 2)].
    """
    x = _langevin_step(omega, step_size)
    return float(np.mean(1 / (omega * (1 - x / 2))))


def heun_langevin_phi_squared(omega: np.ndarray, step_size: float) -> float:
    """Stationary <phi^2> of the second-order Runge-Kutta Langevin step.  (*modes) -> float, the mean over modes

    phi~ = phi + eps F(phi) + sqrt(2 eps) eta, phi' = phi + eps [F(phi) + F(phi~)] / 2 + sqrt(2 eps) eta, the same eta.
    Per mode (1 - x/2) / [omega (1 - x/2 + x^2/4)] with x = eps omega: the bias is of second order in eps.
    """
    x = _langevin_step(omega, step_size)
    return float(np.mean((1 - x / 2) / (omega * (1 - x / 2 + x**2 / 4))))


def _langevin_step(omega: np.ndarray, step_size: float) -> np.ndarray:
    x = step_size * np.asarray(omega, dtype=float)
    _require_stable((x > 0) & (x < 2), f"step_size {step_size}", np.max(omega))
    return x


def _require_stable(stable: np.ndarray, given: str, stiffest: float) -> None:
    if not np.all(stable):
        raise ValueError(
            f"no stationary distribution for {given}: a mode with omega up to {stiffest:.6g} is not "
            "damped; use a smaller step_size"
        )
