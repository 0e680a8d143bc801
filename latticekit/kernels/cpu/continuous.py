"""The equivariant continuous flow on NumPy arrays (references: `flows.continuous_steps`, `flows.continuous_field`).

Kernels take weights that are even along every axis and the same for all chains, on lattices whose extents have
straight-line transforms.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from latticekit.flows.continuous_weights import Bars, Even
from latticekit.kernels.cpu import continuous_block as passes
from latticekit.kernels.cpu import continuous_stage as stage
from latticekit.kernels.cpu.blocks import MEMORY, aligned
from latticekit.kernels.cpu.continuous_lines import LONGEST, addresses, momenta
from latticekit.kernels.cpu.packing import pack_across, unpack_across
from latticekit.kernels.cpu.phi4 import frozen, plain
from latticekit.kernels.cpu.target import DOUBLE, SINGLE, kernel, loop, parallel_range, thread_of, threads_for
from latticekit.kernels.cpu.vector import width
from latticekit.kernels.site.waves import wave_double, wave_single

Array = Any
STAGES = np.array([[1 / 6, 0.5, 0], [1 / 3, 0.5, 1], [1 / 3, 1.0, 1], [1 / 6, 0.0, 2]])
"""Share in the step, distance of the next stage in steps, half steps from the start."""
ONCE = np.array([[1.0, 0.0, 0]])
LOOPS = (
    *("transform", "transform_back", "copied", "cleared", "masked", "scaled", "add_scaled", "add_slopes"),
    *("add_slopes_bar", "advance", "retreat", "mixed", "correlate", "add_divergence", "add_bars", "add_volume"),
)
GROUPS = 16
"""Sums over chains are made for so many groups of chains apart, whatever the number of threads."""


@lru_cache
def _loops(char: str) -> dict[str, Any]:
    """The loops over a block in one precision."""
    target, wave = (SINGLE, wave_single) if char == "f" else (DOUBLE, wave_double)
    made = {name: loop(getattr(stage, name)) for name in LOOPS}
    made["start"] = loop(passes.start, copied=made["copied"], cleared=made["cleared"])
    waves = loop(stage.waves, target, wave=wave)
    return made | {"waves": waves, "pack": loop(pack_across), "unpack": loop(unpack_across)}


@lru_cache
def _kernel(kind: str, char: str, parallel: bool) -> Any:
    around = {"each": parallel_range(parallel), "thread": thread_of(parallel)}
    return kernel(getattr(passes, kind), parallel, **around, **_loops(char))


@lru_cache(maxsize=64)
def _places(sites: tuple[int, ...]) -> tuple[Array, Array, Array]:
    """Which eigenvalue belongs to every mode, the modes in order of their eigenvalues, where each one starts."""
    quarter = tuple(n // 2 + 1 for n in sites)
    axes = np.meshgrid(*(momenta(n) for n in sites), indexing="ij")
    of_mode = np.ravel_multi_index(tuple(axes), quarter).reshape(-1)
    order = np.argsort(of_mode, kind="stable")
    return of_mode, order, np.searchsorted(of_mode[order], np.arange(math.prod(quarter)))


class _Pass:
    """Arguments of a pass over fields like x with given weights."""

    def __init__(self, x: Array, weights: Any, schedule: Array) -> None:
        self.weights, self.dtype, self.char = weights, x.dtype, x.dtype.char
        self.chains, self.sites = x.shape[0], x.shape[1:]
        self.volume, self.lanes = math.prod(self.sites), width(x.itemsize)
        self.blocks = -(-self.chains // self.lanes)
        features = weights.local.shape[-1 - len(self.sites)]
        modes = weights.coupling.spectrum.reshape(-1, math.prod(n // 2 + 1 for n in self.sites))
        self.spectrum = frozen(np.take(modes, _places(self.sites)[0], axis=1).reshape(-1, features, self.volume))
        self.local = frozen(np.ascontiguousarray(weights.local).reshape(-1, features))
        self.omega = frozen(np.stack([weights.omega, 0.5 * weights.omega, 0.5 * weights.phase]))
        self.schedule, self.axes = frozen(schedule), frozen(addresses(self.sites, self.char))

    def cut(self, whole: int) -> tuple[int, int, int, int, int]:
        steps = max(1, (self.local.shape[0] - 1) // 2)
        return self.chains, self.volume, self.blocks, steps, whole

    def run(self, kind: str, pieces: int, *args: Any) -> None:
        """A kernel with its memory, on as many threads as there are pieces of work."""
        effort = self.cut(1)[3] * len(self.schedule) * (self.omega.shape[1] + 1)  # times a site is visited
        threads = threads_for(pieces, effort * self.volume * self.lanes * self.blocks // pieces)
        padded = -(-self.volume // self.lanes) * self.lanes
        work = aligned((threads, 13, padded * self.lanes + 48), self.dtype)
        work[:, :, self.volume * self.lanes :] = 0.0
        _kernel(kind, self.char, threads > 1)(*args, work, np.empty((threads, 3, 2 * self.lanes)))

    def forward(
        self,
        x: Array | None,
        zeta: Array | None = None,
        weight: Array | None = None,
        given: Array | None = None,
        whole: int = 1,
        kept: bool = True,
    ) -> Any:
        """y, log_det, zeta of y, stages (kept or not): of a field x, or along given stages; with zeta, or without."""
        driven, scored = x is not None, zeta is not None
        fields = [MEMORY.empty((self.chains, *self.sites), self.dtype) for _ in range(2)]
        log_det, steps = np.empty(self.chains), self.cut(whole)[3]
        shape = (steps, len(self.schedule), self.chains, *self.sites)
        stages = MEMORY.empty(shape, self.dtype) if kept else np.empty((0, *shape[1:]), self.dtype)
        given = stages if given is None else given
        rows = [stages.reshape(-1, self.chains * self.volume), frozen(given.reshape(-1, self.chains * self.volume))]
        inputs = [frozen((fields[0] if one is None else one).reshape(-1)) for one in (x, zeta)]
        outputs = [one.reshape(-1) for one in fields]
        numbers = (frozen(log_det if weight is None else weight), self.spectrum, self.local, self.omega)
        where = (self.axes, self.schedule, self.cut(whole), (int(driven), int(scored), int(kept)))
        self.run("forward", self.blocks, *inputs, *outputs, log_det, *rows, *numbers, *where)
        return fields[0], log_det, fields[1], stages

    def backward(self, stages: Array, y_bar: Array, log_det_bar: Array, whole: int = 1) -> Any:
        """x_bar, Bars."""
        groups, (times, features) = min(self.blocks, GROUPS), self.local.shape
        x_bar = MEMORY.empty((self.chains, *self.sites), self.dtype)
        padded = -(-self.volume // self.lanes) * self.lanes
        spectrum_bar = np.zeros((groups, times, features, padded), self.dtype)
        local_bar, omega_bar = np.zeros((groups, times, features)), np.zeros((groups, features - 1))
        fields = (frozen(stages.reshape(-1, self.chains * self.volume)), frozen(y_bar.reshape(-1)), x_bar.reshape(-1))
        given = (frozen(log_det_bar), self.spectrum, self.local, self.omega, spectrum_bar, local_bar, omega_bar)
        self.run("backward", groups, *fields, *given, self.axes, self.schedule, self.cut(whole))
        return x_bar, self.bars(spectrum_bar, local_bar, omega_bar)

    def bars(self, spectrum_bar: Array, local_bar: Array, omega_bar: Array) -> Bars:
        """Sums over groups, and over the modes that share an eigenvalue."""
        _, order, starts = _places(self.sites)
        total = np.sum(spectrum_bar[..., : self.volume], axis=0, dtype=np.float64)
        folded = np.add.reduceat(np.take(total, order, axis=-1), starts, axis=-1)
        coupling = folded.reshape(self.weights.coupling.spectrum.shape).astype(self.dtype)
        local = np.sum(local_bar, axis=0).reshape(self.weights.local.shape).astype(self.dtype)
        return Bars(Even(coupling), local, np.sum(omega_bar, axis=0).astype(self.dtype))


def _takes(x: Array, weights: Any, *fields: Array) -> bool:
    """Whether the kernels know these fields (chain, *sites) and weights."""
    if type(weights.coupling) is not Even or x.ndim < 2 or x.size == 0 or x.dtype.char not in "df":
        return False
    sites, spectrum = x.shape[1:], weights.coupling.spectrum
    alone = spectrum.shape[-2 - len(sites)] == 1 and max(sites) <= LONGEST
    arrays = (spectrum, weights.local, weights.omega, weights.phase)
    same = all(plain(field, x.dtype) and field.shape == x.shape for field in (x, *fields))
    return alone and same and all(type(a) is np.ndarray and a.dtype == x.dtype for a in arrays)


def _numbers(values: Array, x: Array) -> bool:
    return plain(values, np.float64) and values.shape == x.shape[:1]


def _schedule(step: float) -> Array:
    return STAGES * np.array([step, step, 1.0])


def velocity(x: Array, weights: Any) -> Any:
    """Drift and divergence."""
    if not _takes(x, weights):
        return NotImplemented
    return _Pass(x, weights, ONCE).forward(x, whole=0, kept=False)[:2]


def velocity_vjp(x: Array, weights: Any, v_bar: Array, div_bar: Array) -> Any:
    """x_bar and cotangents of the weights."""
    if not _takes(x, weights, v_bar) or not _numbers(div_bar, x):
        return NotImplemented
    return _Pass(x, weights, ONCE).backward(x[None, ...], v_bar, div_bar, 0)


def forward(x: Array, weights: Any, step: float) -> Any:
    """y, log_det, stages."""
    if not _takes(x, weights):
        return NotImplemented
    y, log_det, _, stages = _Pass(x, weights, _schedule(step)).forward(x)
    return y, log_det, stages


def integrated(x: Array, weights: Any, step: float) -> Any:
    """y, log_det."""
    if not _takes(x, weights):
        return NotImplemented
    return _Pass(x, weights, _schedule(step)).forward(x, kept=False)[:2]


def with_score(x: Array, zeta: Array, weight: Array, weights: Any, step: float) -> Any:
    """y, log_det, zeta of y, stages."""
    if not _takes(x, weights, zeta) or not _numbers(weight, x):
        return NotImplemented
    return _Pass(x, weights, _schedule(step)).forward(x, zeta, weight)


def carried(stages: Array, zeta: Array, weight: Array, weights: Any, step: float) -> Any:
    """zeta along given stages."""
    if not _takes(zeta, weights) or not _numbers(weight, zeta) or not plain(stages, zeta.dtype):
        return NotImplemented
    return _Pass(zeta, weights, _schedule(step)).forward(None, zeta, weight, stages, kept=False)[2]


def backward(stages: Array, weights: Any, step: float, y_bar: Array, log_det_bar: Array) -> Any:
    """x_bar and cotangents of the weights."""
    if not _takes(y_bar, weights) or not _numbers(log_det_bar, y_bar) or not plain(stages, y_bar.dtype):
        return NotImplemented
    return _Pass(y_bar, weights, _schedule(step)).backward(stages, y_bar, log_det_bar)
