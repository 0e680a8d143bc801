"""Heatbath and overrelaxation of SU(3) links against masked NumPy and JAX on one thread, in interleaved rounds.

    python -m benchmarks.peers.local [--rounds 5] [--sizes 8 16] [--dtype complex128] [--skip jax]

Prints process CPU time in ns per link (median / minimum) and how many times slower the others are.  "reference" is
latticekit's Array-API code on NumPy; "jax" the same sweep under `jit` with the sites last, which computes the staples
of every site for each parity and keeps the new links by a mask, as one writes it there; its heatbath draws with
`jax.random` until every link is accepted.  Both overrelaxations must agree, and both heatbaths leave the plaquette of
a field in equilibrium where it is.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from itertools import combinations
from typing import Any

from benchmarks.peers.phi4 import gemm, interleaved  # first: it sets one thread everywhere

import numpy as np  # isort: skip

import latticekit as lk
from benchmarks.peers import sun_rivals as rivals
from latticekit.arrays import set_threads
from latticekit.fields.plaquettes import plane_averages
from latticekit.random import Key
from latticekit.updates.links_heatbath import link_heatbath
from latticekit.updates.links_overrelaxation import link_overrelaxation

Array = Any
Quaternion = tuple[Array, Array, Array, Array]
N, DIM = 3, 4
ACTION = lk.Wilson(lk.SU(N), beta=rivals.BETA)


def staple(u: Array, mu: int, lay: Any) -> Array:
    """beta/N times the sum of staples of the links of a direction.  (mu, 3, 3, *sites) -> (3, 3, *sites)"""
    total: Any = 0.0
    for nu in range(DIM):
        if nu != mu:
            ahead = lay.xp.roll(u[nu], -1, lay.axis(mu))
            up = lay.xp.roll(u[mu], -1, lay.axis(nu))
            total = total + lay.mul(ahead, lay.dagger(lay.mul(u[nu], up)))
            below = lay.mul(lay.dagger(lay.mul(u[mu], ahead)), u[nu])
            total = total + lay.xp.roll(below, 1, lay.axis(nu))
    return total * (rivals.BETA / N)


def quaternion(u: Array, v: Array, i: int, j: int, xp: Any) -> Quaternion:
    """The subgroup part of U V."""
    ii, ij, ji, jj = (xp.sum(u[r] * v[:, c], 0) for r, c in ((i, i), (i, j), (j, i), (j, j)))
    return 0.5 * (ii + jj).real, 0.5 * (ij + ji).imag, 0.5 * (ij - ji).real, 0.5 * (ii - jj).imag


def rotated(u: Array, g: Quaternion, i: int, j: int, xp: Any) -> Array:
    """g U on two rows."""
    a, b = g[0] + 1j * g[3], g[2] + 1j * g[1]
    new = {i: a * u[i] + b * u[j], j: xp.conj(a) * u[j] - xp.conj(b) * u[i]}
    return xp.stack([new.get(row, u[row]) for row in range(N)])


def reflect(u: Array, v: Array, key: Any, jax: Any) -> Array:
    """(w^dagger)^2/k^2 in every subgroup."""
    for i, j in combinations(range(N), 2):
        w = quaternion(u, v, i, j, jax.numpy)
        scale = -2.0 * w[0] / (w[0] ** 2 + w[1] ** 2 + w[2] ** 2 + w[3] ** 2)
        u = rotated(u, (-scale * w[0] - 1.0, scale * w[1], scale * w[2], scale * w[3]), i, j, jax.numpy)
    return u


def drawn(alpha: Array, key: Any, jax: Any) -> Quaternion:
    """Kennedy and Pendleton until all are accepted, and a random direction."""
    jnp = jax.numpy

    def more(state: Any) -> Any:
        delta, waiting, key = state
        key, now = jax.random.split(key)
        r = jax.random.uniform(now, (4, *alpha.shape), alpha.dtype, 1e-30)
        new = -(jnp.log(r[0]) + jnp.cos(2 * jnp.pi * r[1]) ** 2 * jnp.log(r[2])) / alpha
        good = waiting & (r[3] ** 2 <= 1 - 0.5 * new)
        return jnp.where(good, new, delta), waiting & ~good, key

    key, other = jax.random.split(key)
    delta, _, _ = jax.lax.while_loop(
        lambda state: jnp.any(state[1]), more, (jnp.ones_like(alpha), jnp.ones(alpha.shape, bool), key)
    )
    q = jax.random.uniform(other, (2, *alpha.shape), alpha.dtype)
    size, phase = jnp.sqrt(delta * (2.0 - delta)), 2 * jnp.pi * q[1]
    across = 2.0 * size * jnp.sqrt(q[0] * (1.0 - q[0]))
    return 1.0 - delta, across * jnp.cos(phase), across * jnp.sin(phase), size * (1.0 - 2.0 * q[0])


def redraw(u: Array, v: Array, key: Any, jax: Any) -> Array:
    """a w^dagger/k in every subgroup, a drawn."""
    jnp = jax.numpy
    for n, (i, j) in enumerate(combinations(range(N), 2)):
        w = quaternion(u, v, i, j, jnp)
        k = jnp.sqrt(w[0] ** 2 + w[1] ** 2 + w[2] ** 2 + w[3] ** 2)
        a, (w0, w1, w2, w3) = drawn(2.0 * k, jax.random.fold_in(key, n), jax), (one / k for one in w)
        g = (
            a[0] * w0 + a[1] * w1 + a[2] * w2 + a[3] * w3,
            a[1] * w0 - a[0] * w1 + a[2] * w3 - a[3] * w2,
            a[2] * w0 - a[0] * w2 + a[3] * w1 - a[1] * w3,
            a[3] * w0 - a[0] * w3 + a[1] * w2 - a[2] * w1,
        )
        u = rotated(u, g, i, j, jnp)
    return u


def jax_sweep(update: Callable[..., Array], size: int) -> Callable[[Array, Array], Array]:
    """Every direction, even links, then odd ones.  (mu, 3, 3, *sites), key -> the same"""
    import jax

    jax.config.update("jax_enable_x64", True)
    jnp, lay = jax.numpy, rivals.sites_last(jax.numpy)
    parity = sum(np.indices((size,) * DIM)) % 2

    @jax.jit
    def run(u: Array, key: Array) -> Array:
        for mu in range(DIM):
            for colour in (0, 1):
                new = update(u[mu], staple(u, mu, lay), jax.random.fold_in(key, 2 * mu + colour), jax)
                u = u.at[mu].set(jnp.where(parity == colour, new, u[mu]))
        return u

    return lambda u, key: jax.block_until_ready(run(u, key))


def referenced(run: Callable[[], Any]) -> Callable[[], Any]:
    """The same through the Array-API reference."""

    def again() -> Any:
        with lk.kernels("reference"):
            return run()

    return again


def equilibrium(size: int, dtype: str) -> Array:
    """A field after some sweeps from cold."""
    u = np.array(lk.cold(ACTION.group, (size,) * DIM, 1).astype(dtype))
    for n in range(30):
        u, *_ = link_heatbath(u, ACTION, Key(1, step=n), 64)
        u = link_overrelaxation(u, ACTION)
    return u


def compare(size: int, dtype: str, rounds: int, skip: list[str]) -> None:
    """One lattice size."""
    u = equilibrium(size, dtype)
    ours: dict[str, Callable[[], Any]] = {
        "overrelaxation": lambda: link_overrelaxation(u, ACTION),
        "heatbath": lambda: link_heatbath(u, ACTION, Key(2), 64)[0],
    }
    for what, run in ours.items():
        runs: dict[str, Callable[[], Any]] = {"latticekit": run, "reference": referenced(run)}
        if "jax" not in skip:
            import jax

            sweep = jax_sweep(reflect if what == "overrelaxation" else redraw, size)
            runs["jax"] = partial(sweep, jax.numpy.asarray(u[0]), jax.random.key(2))
            check(what, u, np.asarray(runs["jax"]())[None], run())
        show(f"{what}, {size}^4 {dtype}", interleaved(runs, rounds), u.size / N**2)


def check(what: str, u: Array, theirs: Array, own: Array) -> None:
    """The rival does what latticekit does."""
    if what == "overrelaxation":
        worst = np.median(np.abs(theirs - own))
        assert worst < (1e-12 if u.dtype == np.complex128 else 1e-4), f"differs by {worst}"
    before, after = float(plane_averages(u).mean()), float(plane_averages(np.ascontiguousarray(theirs)).mean())
    assert abs(after - before) < 0.03, f"plaquette {before} became {after}"


def show(title: str, times: dict[str, list[float]], links: float) -> None:
    """A line per code."""
    print(f"\n{title}")
    own = float(np.median(times["latticekit"]))
    for name, seconds in times.items():
        median, least = float(np.median(seconds)), min(seconds)
        print(f"  {name:<12}{median / links * 1e9:9.1f} / {least / links * 1e9:8.1f} ns   x{median / own:7.2f}")


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="*", default=[8, 16])
    parser.add_argument("--dtype", default="complex128", choices=["complex128", "complex64"])
    parser.add_argument("--skip", nargs="*", default=[], choices=["jax"])
    options = parser.parse_args()
    set_threads(1)
    rate = gemm("float64" if options.dtype == "complex128" else "float32")
    print(f"matrix product {rate:.1f} GFlop/s")
    for size in options.sizes:
        compare(size, options.dtype, options.rounds, options.skip)


if __name__ == "__main__":
    main()
