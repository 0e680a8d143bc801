"""U(1) gauge theory against np.roll and np.sin, JAX and PyTorch on one thread, in interleaved rounds.

    python -m benchmarks.peers.u1 [--rounds 9] [--dtype float64] [--skip torch]

Prints process CPU time in ns per link and leapfrog step (median / minimum) and the ratio of the medians: trajectories,
then whole HMC transitions.  The rivals find one sine per plaquette, as the kernels do.  np.roll is timed alone first,
then beside the others: importing JAX teaches malloc to keep memory (see `benchmarks.peers.phi4`).
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from functools import partial
from itertools import combinations
from typing import Any

from benchmarks.peers.phi4 import gemm, interleaved, report  # first: it sets one thread everywhere

import numpy as np  # isort: skip

from latticekit.actions import Wilson
from latticekit.arrays import set_threads
from latticekit.groups import U1
from latticekit.random import Key
from latticekit.updates.hmc import transition
from latticekit.updates.integrators import LEAPFROG

Array = Any
BETA, STEP, STEPS = 2.0, 0.05, 10
ACTION = Wilson(U1(), BETA)
SHAPES = ((256, 16, 16), (64, 64, 64), (1, 512, 512), (8, 16, 16, 16), (1, 16, 16, 16, 16))


def plaquettes(x: Array, mu: int, nu: int, roll: Any) -> Array:
    """Angles of one plane.  -> (chain, *sites)"""
    return x[:, mu] - x[:, nu] + roll(x[:, nu], -1, 1 + mu) - roll(x[:, mu], -1, 1 + nu)


def force(x: Array, roll: Any, sin: Any, stack: Any) -> Array:
    """-dS/dtheta: each sine once."""
    f: list[Any] = [0.0] * x.shape[1]
    for mu, nu in combinations(range(x.shape[1]), 2):
        s = BETA * sin(plaquettes(x, mu, nu, roll))
        f[mu] = f[mu] + roll(s, 1, 1 + nu) - s
        f[nu] = f[nu] + s - roll(s, 1, 1 + mu)
    return stack(f, 1)


def leapfrog(x: Array, p: Array, roll: Any, sin: Any, stack: Any) -> tuple[Array, Array]:
    """Kick-drift-kick, neighbouring kicks merged."""
    p = p + 0.5 * STEP * force(x, roll, sin, stack)
    for n in range(STEPS):
        x = x + STEP * p
        p = p + (STEP if n + 1 < STEPS else 0.5 * STEP) * force(x, roll, sin, stack)
    return x, p


def numpy_trajectory() -> Callable[[Array, Array], Any]:
    """Plain np.roll."""
    return lambda x, p: leapfrog(x, p, np.roll, np.sin, np.stack)


def _jax() -> tuple[Any, Any]:
    import jax

    jax.config.update("jax_enable_x64", True)
    return jax, jax.numpy


def _jax_leapfrog(x: Array, p: Array) -> tuple[Array, Array]:
    jax, jnp = _jax()
    pull = partial(force, roll=jnp.roll, sin=jnp.sin, stack=jnp.stack)

    def body(_: int, state: tuple[Array, Array]) -> tuple[Array, Array]:
        x, p = state
        x = x + STEP * p
        return x, p + STEP * pull(x)

    x, p = jax.lax.fori_loop(0, STEPS - 1, body, (x, p + 0.5 * STEP * pull(x)))
    x = x + STEP * p
    return x, p + 0.5 * STEP * pull(x)


def jax_trajectory() -> Callable[[Array, Array], Any]:
    """jax.jit with a loop inside."""
    jax, jnp = _jax()
    run = jax.jit(_jax_leapfrog)
    return lambda x, p: jax.block_until_ready(run(jnp.asarray(x), jnp.asarray(p)))


def jax_transition() -> Callable[[Array, int, Array], Any]:
    """Momenta, both energies, trajectory and Metropolis test in one jax.jit."""
    jax, jnp = _jax()

    def action(x: Array) -> Array:
        planes = combinations(range(x.shape[1]), 2)
        cosines = sum(jnp.cos(plaquettes(x, mu, nu, jnp.roll)) for mu, nu in planes)
        return -BETA * jnp.sum(cosines, axis=tuple(range(1, x.ndim - 1)), dtype=jnp.float64)

    @jax.jit
    def run(x: Array, key: Array, current: Array) -> Any:
        links = tuple(range(1, x.ndim))
        momenta, test = jax.random.split(key)
        p = jax.random.normal(momenta, x.shape, x.dtype)
        y, q = _jax_leapfrog(x, p)
        proposed = action(y)
        delta = proposed - current + 0.5 * (jnp.sum(q * q, axis=links) - jnp.sum(p * p, axis=links))
        accepted = jnp.log(jax.random.uniform(test, (x.shape[0],))) < -delta
        mask = accepted.reshape((-1,) + (1,) * (x.ndim - 1))
        return jnp.where(mask, y, x), jnp.where(accepted, proposed, current), delta, accepted

    return lambda x, number, current: jax.block_until_ready(run(jnp.asarray(x), jax.random.key(number), current))


def torch_trajectory() -> Callable[[Array, Array], Any]:
    """Eager PyTorch on one thread."""
    import torch

    torch.set_num_threads(1)

    def run(x: Array, p: Array) -> Any:
        with torch.no_grad():
            return leapfrog(torch.from_numpy(x), torch.from_numpy(p), torch.roll, torch.sin, torch.stack)

    return run


MAKERS = {"np.roll": numpy_trajectory, "jax": jax_trajectory, "torch": torch_trajectory}


def angles(shape: tuple[int, ...], dtype: str, seed: int) -> Array:
    """Small enough that the trajectory does not leave [-pi, pi): the rivals do not wrap."""
    return 0.3 * np.random.default_rng(seed).normal(size=(shape[0], len(shape) - 1, *shape[1:])).astype(dtype)


def trajectories(shape: tuple[int, ...], dtype: str, rounds: int, against: list[str]) -> None:
    """The trajectory alone, after a check that all codes agree."""
    x, p = angles(shape, dtype, 1), angles(shape, dtype, 2)
    schedule = LEAPFROG.schedule(STEP, STEPS)
    runs: dict[str, Callable[[], Any]] = {"latticekit": lambda: ACTION.evolve(x, p, schedule)}
    for name in against:
        runs[name] = partial(MAKERS[name](), x, p)
    expected = ACTION.evolve(x, p, schedule)
    for name, run in runs.items():
        worst = max(float(np.abs(np.asarray(a) - b).max()) for a, b in zip(run(), expected))
        assert worst < (1e-10 if dtype == "float64" else 1e-3), f"{name} differs by {worst}"
    report(f"trajectory {shape[0]} x {shape[1:]}", interleaved(runs, rounds), STEPS * x.size)


def whole(shape: tuple[int, ...], dtype: str, rounds: int, skip: list[str]) -> None:
    """Momenta, energies, trajectory, Metropolis test."""
    x, schedule = angles(shape, dtype, 1), LEAPFROG.schedule(STEP, STEPS)
    current = ACTION.value(x)
    runs: dict[str, Callable[[], Any]] = {"latticekit": lambda: transition(x, ACTION, Key(1), schedule, current)}
    if "jax" not in skip:
        runs["jax"] = partial(jax_transition(), x, 1, current)
    report(f"whole HMC {shape[0]} x {shape[1:]}", interleaved(runs, rounds), STEPS * math.prod(x.shape))


def main() -> None:
    """Run everything; plain NumPy first, see the note at the top."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--dtype", default="float64", choices=["float64", "float32"])
    parser.add_argument("--skip", nargs="*", default=[], choices=["jax", "torch"])
    options = parser.parse_args()
    set_threads(1)
    others = [name for name in ("jax", "torch") if name not in options.skip]
    for against in (["np.roll"], [*others, "np.roll"]):
        for shape in SHAPES:
            trajectories(shape, options.dtype, options.rounds, against)
        print(f"\n{'-' * 60}")
    for shape in SHAPES:
        whole(shape, options.dtype, options.rounds, options.skip)
    print(f"\nmatrix product {gemm(options.dtype):.0f} GFlop/s")


if __name__ == "__main__":
    main()
