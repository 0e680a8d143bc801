"""phi^4 against np.roll, JAX and PyTorch on one thread, in interleaved rounds.

    python -m benchmarks.peers.phi4 [--rounds 9] [--dtype float64] [--skip torch]

np.roll is timed twice.  Its temporaries come fresh from the system and cost a page fault per 4 KiB as long as the
process has freed no large array; importing JAX, or one large product, teaches malloc to keep memory, and np.roll
becomes three times faster.  The first block shows the fresh process, the second the trained one.

Prints process CPU time in ns per site and leapfrog step (median / minimum) and the ratio of the medians, then the
bandwidth that the 32^4 trajectory reaches as a share of a triad over arrays of the same size, and the whole HMC.
Set XLA_FLAGS="--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1" before (done here if unset).
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "LATTICEKIT_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402

from benchmarks.peers import rivals  # noqa: E402
from latticekit.actions import Phi4  # noqa: E402
from latticekit.arrays import set_threads  # noqa: E402
from latticekit.kernels.cpu.blocks import aligned  # noqa: E402
from latticekit.kernels.cpu.lanes import lanes, vld, vst  # noqa: E402
from latticekit.kernels.cpu.target import kernel  # noqa: E402
from latticekit.kernels.cpu.vector import width  # noqa: E402
from latticekit.random import Key  # noqa: E402
from latticekit.updates.hmc import transition  # noqa: E402
from latticekit.updates.integrators import LEAPFROG  # noqa: E402

STEP, STEPS = 0.05, 10
ACTION = Phi4(rivals.MASS_SQUARED, rivals.COUPLING)
Times = dict[str, list[float]]


def interleaved(runs: dict[str, Callable[[], Any]], rounds: int) -> Times:
    """CPU seconds of every run, round by round, after one call that compiles; short runs are repeated."""
    repeat, times = {}, {name: [] for name in runs}
    for name, run in runs.items():
        run()
        start = time.process_time()
        run()
        repeat[name] = max(1, int(0.03 / max(time.process_time() - start, 1e-6)))
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.process_time()
            for _ in range(repeat[name]):
                run()
            times[name].append((time.process_time() - start) / repeat[name])
    return times


def report(title: str, times: Times, site_steps: float) -> None:
    """A line per code: ns per site-step, and how many times slower than latticekit."""
    print(f"\n{title}")
    own = np.median(times["latticekit"])
    for name, seconds in times.items():
        median, least = np.median(seconds), min(seconds)
        scaled = f"{median / site_steps * 1e9:8.3f} / {least / site_steps * 1e9:.3f}"
        print(f"  {name:<12}{scaled} ns   x{median / own:6.2f}  (minima x{least / min(times['latticekit']):.2f})")


MAKERS = {"np.roll": rivals.numpy_trajectory, "jax": rivals.jax_trajectory, "torch": rivals.torch_trajectory}


def trajectories(shape: tuple[int, ...], dtype: str, rounds: int, against: list[str]) -> None:
    """The trajectory alone, after a check that all codes agree."""
    rng = np.random.default_rng(1)
    x, p = (0.5 * rng.normal(size=shape).astype(dtype) for _ in range(2))
    schedule = LEAPFROG.schedule(STEP, STEPS)
    runs: dict[str, Callable[[], Any]] = {"latticekit": lambda: ACTION.evolve(x, p, schedule)}
    for name in against:
        runs[name] = partial(MAKERS[name](STEP, STEPS), x, p)
    expected = ACTION.evolve(x, p, schedule)
    for name, run in runs.items():
        worst = max(float(np.abs(np.asarray(a) - b).max()) for a, b in zip(run(), expected))
        assert worst < (1e-10 if dtype == "float64" else 1e-3), f"{name} differs by {worst}"
    report(f"trajectory {shape[0]} x {shape[1:]}", interleaved(runs, rounds), STEPS * math.prod(shape))


def _triad(a: Any, b: Any, c: Any, factor: float) -> None:
    for i in range(0, a.size, lanes(a)):
        vst(a, i, vld(b, i) + factor * vld(c, i))


def bandwidth(rounds: int) -> None:
    """Traffic of the 32^4 trajectory (read and write field and momentum, once a step) against triads.

    One triad runs over arrays that are together as large as field and momentum (16 MiB: the last-level cache of a
    server), one over 192 MiB (main memory).
    """
    sites, schedule = 32**4, LEAPFROG.schedule(STEP, STEPS)
    x, p = (0.5 * np.random.default_rng(n).normal(size=(1, 32, 32, 32, 32)) for n in (1, 2))
    triad, runs = kernel(_triad), {"trajectory": lambda: ACTION.evolve(x, p, schedule)}
    for name, size in (("16 MiB", 16 << 20), ("192 MiB", 192 << 20)):
        arrays = [aligned((size // 24 // 8 * 8,), np.float64) for _ in range(3)]
        for one in arrays:
            one[...] = 1.0
        runs[name] = partial(triad, *arrays, 0.5)
    times = {name: float(np.median(seconds)) for name, seconds in interleaved(runs, rounds).items()}
    reached = 4 * 8 * sites * STEPS / times.pop("trajectory") / 1e9
    print(f"\nbandwidth of trajectory 1 x 32^4, float64: {reached:.1f} GB/s")
    for name, seconds in times.items():
        limit = (16 if name == "16 MiB" else 192) * 2**20 / seconds / 1e9
        print(f"  triad over {name}: {limit:.1f} GB/s, of which the trajectory reaches {reached / limit:.0%}")


def whole(shape: tuple[int, ...], dtype: str, rounds: int, skip: list[str]) -> None:
    """Momenta, energies, trajectory, Metropolis test."""
    x = 0.5 * np.random.default_rng(1).normal(size=shape).astype(dtype)
    schedule, current = LEAPFROG.schedule(STEP, STEPS), ACTION.value(x)
    runs: dict[str, Callable[[], Any]] = {"latticekit": lambda: transition(x, ACTION, Key(1), schedule, current)}
    if "jax" not in skip:
        runs["jax"] = partial(rivals.jax_transition(STEP, STEPS), x, 1, current)
    report(f"whole HMC {shape[0]} x {shape[1:]}", interleaved(runs, rounds), STEPS * math.prod(shape))


def gemm(dtype: str) -> float:
    """Flop rate of a matrix product, GFlop/s: the yardstick of this core."""
    a = np.ones((1024, 1024), dtype)
    times = interleaved({"latticekit": lambda: a @ a}, 7)["latticekit"]
    return 2 * 1024**3 / min(times) / 1e9


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
        for shape in ((64, 64, 64), (1, 512, 512), (1, 32, 32, 32, 32)):
            trajectories(shape, options.dtype, options.rounds, against)
        print(f"\n{'-' * 60}")
    for shape in ((128, 8, 8), (64, 64, 64), (1, 16, 16)):
        whole(shape, options.dtype, options.rounds, options.skip)
    bandwidth(options.rounds)
    print(f"\nmatrix product {gemm(options.dtype):.0f} GFlop/s, {width(np.dtype(options.dtype).itemsize)} lanes")


if __name__ == "__main__":
    main()
