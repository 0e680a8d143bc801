"""SU(3) in four dimensions against NumPy, JAX and PyTorch on one thread, in interleaved rounds.

    python -m benchmarks.peers.sun [--rounds 7] [--sizes 8 16] [--dtype complex128] [--skip torch]

Prints process CPU time in ns per link (median / minimum), the fraction of this thread's matrix-product rate, and how
many times slower the others are.  "kernel" runs on links that are packed, as every step of a trajectory does; "call"
is the function of the library, packing included; "step" a leapfrog step of a whole trajectory.  The rivals
(`sun_rivals`) run in the faster of two layouts, with arrays that stay in their own library.

Flops are counted by running the site formulas on numbers that count (fma: 2; signs are free).  N = 3, D = 4:
force + momentum update 3/2 (3 products + 3 projected products + 4 updates), plaquette 3/2 (2 products + 1 trace).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.peers.phi4 import gemm, interleaved  # first: it sets one thread everywhere

import numpy as np  # isort: skip

import latticekit as lk
from benchmarks.peers import sun_rivals as rivals
from latticekit.arrays import set_threads
from latticekit.fields.plaquettes import plane_averages
from latticekit.kernels.cpu import gauge, gauge_runs
from latticekit.kernels.cpu.blocks import aligned
from latticekit.kernels.cpu.target import kernel
from latticekit.kernels.site import su, su_exp
from latticekit.random import Key

Array = Any
Runs = dict[str, Callable[[], Any]]
N, DIM, STEP, STEPS = 3, 4, 0.05, 10
GROUP = lk.SU(N)
ACTION = lk.Wilson(GROUP, beta=rivals.BETA)
body: Any = None


class Counted:
    """A number that counts what is done to it."""

    flops = 0

    def _count(self, other: Any = None) -> Counted:
        Counted.flops += not (isinstance(other, float) and abs(other) == 1.0)
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _count

    def __neg__(self) -> Counted:
        return self


def count(formula: Any, *args: Any) -> int:
    """Flops of a formula."""
    Counted.flops = 0
    formula(*args)
    return Counted.flops


def flops() -> dict[str, float]:
    """Flops per link."""
    m = [Counted() for _ in range(8 * N * N)]
    product = count(su.mul, m, 0, m, 0, m, 0, N)
    once = count(su.add_components, m, 0, m[0], m, 0, m, 0, N)
    twice = count(su.add_components_twice, m, 0, 0, m[0], m, 0, m, 0, N)
    trace = count(su.product_trace, m, 0, m, 0, N)
    exponential = count(su_exp.exp3, m, 0, 0, 0, m, 0, m[0], N)
    per_link = (DIM - 1) / 2
    return {
        "force + update": per_link * (3 * product + 2 * once + twice),
        "plaquette": per_link * (2 * product + trace),
        "link update": exponential + product,
    }


def _kick(u: Array, p: Array, temp: Array, weights: Array, pitch: int, volume: int, tables: Any) -> None:
    body(p, u, temp, weights, pitch, STEP, (0, volume), volume, DIM, tables)


def _drift(u: Array, p: Array, temp: Array, volume: int) -> None:
    body(u, u, p, temp, STEP, 0, volume * DIM)


def _plaquette(u: Array, sums: Array, temp: Array, weights: Array, pitch: int, volume: int, tables: Any) -> None:
    body(sums, 0, u, temp, weights, pitch, (0, volume), volume, DIM, tables)


def packed(u: Array, p: Array) -> dict[str, Callable[[], Any]]:
    """The loops of a trajectory on links and momenta of their own."""
    case, loops = gauge.Case(u), gauge_runs._loops(N)
    links, momenta, temp = case.links(), case.momenta(), case.temp()
    schedule = np.array([[0.0, 0.0, 0.0]])
    weights = gauge.weights(ACTION.couplings(u.shape[4:]), -0.5 / N, case.layout, case.real)
    work, volume = (links, momenta, temp), case.layout.volume
    outs = np.empty_like(u).reshape(-1).view(case.real), np.empty_like(p).reshape(-1)
    fields = (case.numbers(), gauge.flat(p), *outs)
    case.run(
        "evolve", *fields, work, *weights, gauge.table(schedule), case.geometry, case.plan, case.steps
    )  # only packs
    u, p, t = links[0, 0], momenta[0, 0], temp[0]
    sums, slow = np.zeros(6 * case.layout.w), aligned(p.shape, p.dtype)  # momenta that the force does not move
    slow[...] = p
    return {
        "force + update": partial(kernel(_kick, body=loops["kick"]), u, p, t, *weights, volume, case.steps),
        "plaquette": partial(kernel(_plaquette, body=loops["plaquettes"]), u, sums, t, *weights, volume, case.steps),
        "link update": partial(kernel(_drift, body=loops["drift"]), u, slow, t, volume),
    }


def library(name: str) -> tuple[Any, Callable[[Any], Any], Callable[[Any], Any]]:
    """Namespace, conversion from NumPy, and compiler of a rival."""
    if name == "numpy":
        return np, lambda a: a, lambda f: f
    if name == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)
        return jax.numpy, jax.numpy.asarray, lambda f: _blocking(jax, jax.jit(f))
    import torch

    torch.set_num_threads(1)
    return torch, torch.from_numpy, lambda f: f


def _blocking(jax: Any, run: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: jax.block_until_ready(run(*args))


def rival(name: str, layout: str, u: Array, p: Array) -> dict[str, Callable[[], Any]]:
    """The three operations in one library and layout, on fields of its own."""
    xp, convert, compiled = library(name)
    lay = rivals.LAYOUTS[layout](xp)
    fields = []
    for m in (u[0], np.stack([GROUP.algebra(p[:, mu])[0] for mu in range(DIM)])):
        m = np.moveaxis(m, (1, 2), (-2, -1)) if layout == "matrices last" else m
        fields.append(convert(np.ascontiguousarray(m)))
    return {
        "force + update": partial(compiled(lambda u, p: rivals.kick(u, p, STEP, lay)), *fields),
        "plaquette": partial(compiled(lambda u: rivals.plaquette(u, lay)), fields[0]),
        "link update": partial(compiled(lambda u, p: rivals.drift(u, p, STEP, lay)), *fields),
    }


def check(runs: dict[str, Callable[[], Any]], layout: str, u: Array, p: Array) -> None:
    """Rivals compute what latticekit computes."""
    back = (lambda m: np.moveaxis(m, (-2, -1), (1, 2))) if layout == "matrices last" else (lambda m: m)
    pulled = p + STEP * ACTION.force(u)
    expected = np.stack([GROUP.algebra(pulled[:, mu])[0] for mu in range(DIM)])
    tolerance = 1e-12 if u.dtype == np.complex128 else 1e-4
    assert np.abs(back(np.asarray(runs["force + update"]())) - expected).max() < tolerance
    moved = GROUP.translate(u, p * STEP)[0]
    assert np.abs(back(np.asarray(runs["link update"]())) - moved).max() < tolerance
    total = float(plane_averages(u).sum()) * N * np.prod(u.shape[4:])
    assert abs(float(runs["plaquette"]()) - total) < tolerance * 1e6


def calls(u: Array, p: Array) -> dict[str, Callable[[], Any]]:
    """The functions of the library."""
    step = (p * STEP).astype(p.dtype)
    schedule = lk.LEAPFROG.schedule(STEP, STEPS)
    return {
        "force + update": lambda: ACTION.force(u),
        "plaquette": lambda: plane_averages(u),
        "link update": lambda: GROUP.translate(u, step),
        "leapfrog step": lambda: ACTION.evolve(u, p, schedule),
    }


def referenced(run: Callable[[], Any]) -> Callable[[], Any]:
    """The same through the Array-API reference."""

    def again() -> Any:
        with lk.kernels("reference"):
            return run()

    return again


def compare(size: int, dtype: str, rounds: int, names: list[str], rate: float) -> None:
    """One lattice size."""
    u = GROUP.random(Key(1), GROUP.shape(1, (size,) * DIM), np.zeros(1, dtype))
    p = GROUP.random_algebra(Key(2), u)
    own, ours, nominal = packed(u, p), calls(u, p), flops()
    others = {(name, layout): rival(name, layout, u, p) for name in names for layout in rivals.LAYOUTS}
    for (_, layout), runs in others.items():
        check(runs, layout, u, p)
    for what, call in ours.items():
        runs: Runs = {"call": call}
        if what in own:
            runs = {"kernel": own[what], **runs, "reference": referenced(call)}
            runs |= {f"{name}, {layout}": one[what] for (name, layout), one in others.items()}
        times = interleaved(runs, rounds)
        report(f"{what}, {size}^4 {dtype}", times, u.size / N**2, nominal.get(what), rate)


def report(title: str, times: dict[str, list[float]], links: float, flop: float | None, rate: float) -> None:
    """A line per code."""
    print(f"\n{title}" + (f": {flop:.0f} flop per link" if flop else ""))
    first = float(np.median(next(iter(times.values()))))
    steps = 1 if flop else STEPS
    for name, seconds in times.items():
        median, least = float(np.median(seconds)), min(seconds)
        share = f"{flop * links / median / rate / 1e9:6.0%} of gemm" if flop else ""
        ns = [t / (links * steps) * 1e9 for t in (median, least)]
        print(f"  {name:<22}{ns[0]:9.1f} / {ns[1]:8.1f} ns {share}   x{median / first:7.2f}")


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sizes", type=int, nargs="*", default=[8, 16])
    parser.add_argument("--dtype", default="complex128", choices=["complex128", "complex64"])
    parser.add_argument("--skip", nargs="*", default=[], choices=["numpy", "jax", "torch"])
    options = parser.parse_args()
    set_threads(1)
    rate = gemm("float64" if options.dtype == "complex128" else "float32")
    print(f"matrix product {rate:.1f} GFlop/s")
    names = [name for name in ("numpy", "jax", "torch") if name not in options.skip]
    for size in options.sizes:
        compare(size, options.dtype, options.rounds, names, rate)


if __name__ == "__main__":
    main()
