"""Drift, divergence and adjoint of a continuous flow against NumPy + FFT, JAX and PyTorch, on one thread.

    python -m benchmarks.peers.continuous [--rounds 9] [--dtype float64] [--skip torch]

20 frequencies, 64 x 16^2 and 16 x 32^2: v = sum_f W_f * sin(omega_f phi), div v, and for given cotangents those of phi,
of the spectra and of omega, written out by hand for every code (so no code pays for automatic differentiation).
Convolutions by real FFT, and for JAX and PyTorch also by matrix products (Hartley transforms along both axes).  Then
one whole path-gradient step: RK4 with 8 steps, zeta carried along, and the vjp; JAX by differentiating its own loop.

Prints process CPU time in ms (median / minimum) and the ratio of the medians.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "LATTICEKIT_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402

from benchmarks.bench_continuous import flow  # noqa: E402
from benchmarks.peers import continuous_rivals as rivals  # noqa: E402
from benchmarks.peers.phi4 import Times, gemm, interleaved  # noqa: E402
from latticekit.arrays import set_threads  # noqa: E402
from latticekit.flows.continuous_field import velocity, velocity_vjp  # noqa: E402

FREQUENCIES = 20


def report(title: str, times: Times) -> None:
    """A line per code: ms, and how many times slower than latticekit."""
    print(f"\n{title}")
    own = np.median(times["latticekit"])
    for code, seconds in times.items():
        median, least = np.median(seconds), min(seconds)
        ratio, minima = median / own, least / min(times["latticekit"])
        print(f"  {code:<16}{median * 1e3:9.3f} / {least * 1e3:.3f} ms   x{ratio:6.2f}  (minima x{minima:.2f})")


def velocities(chains: int, extent: int, dtype: str, rounds: int, codes: list[str]) -> None:
    """One evaluation with its adjoint, after a check that all codes agree."""
    rng = np.random.default_rng(1)
    phi, v = (rng.normal(size=(chains, extent, extent)).astype(dtype) for _ in range(2))
    layer, one = flow((extent, extent), dtype, FREQUENCIES), np.ones(chains)
    theta = layer.params["theta"].copy()
    theta[..., -1] = 0  # sines alone
    weights = layer.with_params({**layer.params, "theta": theta}).weights(phi).at(4)
    problem = rivals.Problem(weights, extent)

    def own() -> tuple[Any, ...]:
        (drift, div), (phi_bar, bars) = velocity(phi, weights), velocity_vjp(phi, weights, v, one)
        return drift, div, phi_bar, bars.omega

    runs: dict[str, Callable[[], Any]] = {"latticekit": own}
    for code in codes:
        runs[code] = partial(rivals.MAKERS[code](problem, dtype), phi, v)
    expected = own()
    for code, run in runs.items():
        for found, right in zip(run(), expected):
            worst = float(np.max(np.abs(np.asarray(found) - right))) / float(np.max(np.abs(right)))
            assert worst < (1e-10 if dtype == "float64" else 1e-3), f"{code} differs by {worst}"
    report(f"drift, divergence, adjoint {chains} x {extent}^2, {dtype}", interleaved(runs, rounds))


def steps(chains: int, extent: int, dtype: str, rounds: int, skip: list[str]) -> None:
    """Path-gradient step."""
    rng = np.random.default_rng(1)
    x, zeta = (rng.normal(size=(chains, extent, extent)).astype(dtype) for _ in range(2))
    layer, zero = flow((extent, extent), dtype), np.zeros(chains)

    def own() -> tuple[Any, ...]:
        y, log_det, carried, residuals = layer.apply_with_score(x, zeta)
        return y, log_det, layer.vjp(residuals, carried, zero)[1]["omega"]

    runs: dict[str, Callable[[], Any]] = {"latticekit": own}
    if "jax" not in skip:
        runs["jax"] = partial(rivals.jax_path_gradient(layer.weights(x), layer.steps), x, zeta)
    expected = own()
    for code, run in runs.items():
        for found, right in zip(run(), expected):
            worst = float(np.max(np.abs(np.asarray(found) - right))) / float(np.max(np.abs(right)))
            assert worst < (1e-10 if dtype == "float64" else 1e-2), f"{code} differs by {worst}"
    report(f"path-gradient step {chains} x {extent}^2, {dtype}", interleaved(runs, rounds))


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--dtype", default="float64", choices=["float64", "float32"])
    parser.add_argument("--skip", nargs="*", default=[], choices=["jax", "torch"])
    options = parser.parse_args()
    set_threads(1)
    codes = [code for code in rivals.MAKERS if code.split()[0] not in options.skip]
    for chains, extent in ((64, 16), (16, 32)):
        velocities(chains, extent, options.dtype, options.rounds, codes)
    for chains, extent in ((128, 8), (64, 20)):
        steps(chains, extent, options.dtype, options.rounds, options.skip)
    print(f"\nmatrix product {gemm(options.dtype):.0f} GFlop/s")


if __name__ == "__main__":
    main()
