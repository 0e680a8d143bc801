"""A key names random numbers; asking for them changes nothing."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Any

import numpy as np

from latticekit.arrays import accelerated, namespace
from latticekit.random.philox import box_muller, philox4x32, uniform_double, uniform_single

Array = Any
PURPOSES = {
    "none": 0,
    "start": 1,
    "momentum": 2,
    "accept": 3,
    "noise": 4,
    "proposal": 5,
    "heatbath": 6,
    "cluster": 7,
    "jitter": 8,
    "prior": 9,
    "bootstrap": 10,
    "test": 11,
    "direction": 12,
    "weights": 13,
}
"""Streams by name; 128 .. 255 are free for user code."""
_DOUBLE = np.zeros(0)
_SEED, _WORD, _PURPOSE, _CHAIN = 2**64, 2**32, 2**8, 2**24


@dataclass(frozen=True)
class Key:
    """Names a stream of random numbers: Philox counter words (site, draw, step, purpose 2^24 + chain), key = seed.

    seed: of the whole ensemble.  step: update number of the Markov chain.  purpose, draw: what the numbers are for
    and how often that was asked within the step.  chain: global number of the first chain of the array.
    Every field is guarded: a counter word that would overflow raises OverflowError instead of repeating numbers.
    """

    seed: int
    step: int = 0
    purpose: int = 0
    draw: int = 0
    chain: int = 0

    def __post_init__(self) -> None:
        if not type(self.seed) is type(self.step) is type(self.purpose) is type(self.draw) is type(self.chain) is int:
            for name in ("seed", "step", "purpose", "draw", "chain"):  # NumPy integers would wrap around silently
                object.__setattr__(self, name, operator.index(getattr(self, name)))
        inside = (
            0 <= self.seed < _SEED
            and 0 <= self.step < _WORD
            and 0 <= self.draw < _WORD
            and 0 <= self.purpose < _PURPOSE
            and 0 <= self.chain < _CHAIN
        )  # written out: a key is made several times per update
        if not inside:
            limits = {"seed": _SEED, "step": _WORD, "draw": _WORD, "purpose": _PURPOSE, "chain": _CHAIN}
            values = {name: getattr(self, name) for name in limits}
            wrong = [f"{n} = {v} (limit {limits[n]})" for n, v in values.items() if not 0 <= v < limits[n]]
            raise OverflowError(f"random key: {', '.join(wrong)}; every field must lie in [0, limit)")

    def fold(self, purpose: str | int, draw: int = 0) -> Key:
        """The stream of one purpose (a name in PURPOSES, or a number 128 .. 255) and of its n-th use in the step."""
        if isinstance(purpose, str):
            if purpose not in PURPOSES:
                raise ValueError(f"unknown purpose {purpose!r}: one of {', '.join(PURPOSES)}, or a number 128 .. 255")
            purpose = PURPOSES[purpose]
        return Key(self.seed, self.step, purpose, draw, self.chain)

    def at(self, step: int) -> Key:
        """The key of a step of the Markov chain."""
        return Key(self.seed, step, self.purpose, self.draw, self.chain)

    def part(self, index: int, parts: int) -> Key:
        """The key of the index-th of `parts` updates of one step; every step must be cut into equally many parts."""
        if not 0 <= index < parts:
            raise ValueError(f"random key: index of a part must lie in [0, {parts}), got {index}")
        return self.at(self.step * parts + index)

    def uniform(self, shape: tuple[int, ...], like: Array) -> Array:
        """Uniform numbers inside (0, 1) of shape (chain, ...), with dtype, namespace and device of `like`.

        Element j of a chain's n numbers is the first uniform of counter j for j < h = ceil(n/2), else the second
        of counter j - h.  Bit-equal on every library; float32 and float64 share the leading bits.
        """
        return uniform(like, self, _checked(shape))

    def number(self) -> float:
        """One uniform number for all chains, the first of chain 0 wherever this array's chains begin."""
        return float(Key(self.seed, self.step, self.purpose, self.draw).uniform((1,), _DOUBLE)[0])

    def normal(self, shape: tuple[int, ...], like: Array) -> Array:
        """Normal numbers (mean 0, variance 1) of shape (chain, ...) by Box-Muller on the pairs of `uniform`."""
        return normal(like, self, _checked(shape))


def _checked(shape: tuple[int, ...]) -> tuple[int, ...]:
    if not shape:
        raise ValueError("random numbers need a shape (chain, ...), got ()")
    if math.prod(shape[1:]) >= 2**33:
        raise OverflowError(f"{shape[1:]} asks for more numbers per chain than the counters hold (2^33)")
    return tuple(shape)


def _pairs(like: Array, key: Key, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Two uniforms per counter, shape (chain, ceil(n/2)) each."""
    xp = namespace(like)
    chains, half = shape[0], (math.prod(shape[1:]) + 1) // 2
    if key.chain + chains > _CHAIN:
        raise OverflowError(f"random key: chains must stay below {_CHAIN}, got {key.chain} + {chains}")
    site = xp.reshape(xp.arange(half, dtype=xp.uint64, device=like.device), (1, half))
    chain = xp.reshape(xp.arange(chains, dtype=xp.uint64, device=like.device), (chains, 1))
    stream = chain + (key.purpose * 2**24 + key.chain)
    zero = (site + stream) * 0  # the common shape: every word is an array from the start
    counter = (site + zero, zero + key.draw, zero + key.step, stream + zero)
    w0, w1, w2, w3 = philox4x32(counter, (key.seed % 2**32, key.seed // 2**32))
    if like.dtype == xp.float32:
        return uniform_single(w0), uniform_single(w2)
    return uniform_double(w0, w1), uniform_double(w2, w3)


def _joined(first: Array, second: Array, shape: tuple[int, ...]) -> Array:
    xp = namespace(first)
    flat = xp.concat([first, second], axis=1)
    return xp.reshape(flat[:, : math.prod(shape[1:])], shape)


@accelerated(numpy="latticekit.kernels.cpu.random:uniform", cupy="latticekit.kernels.cuda.random:uniform")
def uniform(like: Array, key: Key, shape: tuple[int, ...]) -> Array:
    """Reference of Key.uniform."""
    return _joined(*_pairs(like, key, shape), shape)


@accelerated(numpy="latticekit.kernels.cpu.random:normal", cupy="latticekit.kernels.cuda.random:normal")
def normal(like: Array, key: Key, shape: tuple[int, ...]) -> Array:
    """Reference of Key.normal."""
    return _joined(*box_muller(*_pairs(like, key, shape)), shape)
