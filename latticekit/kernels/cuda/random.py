"""Uniform and normal numbers on CuPy arrays (references: `latticekit.random.key`)."""

from __future__ import annotations

import math
from typing import Any

from latticekit.arrays import namespace
from latticekit.kernels.cuda import bodies
from latticekit.kernels.cuda.launch import launch

Array = Any
BODIES = {
    ("uniform", "d"): bodies.uniform_double,
    ("uniform", "f"): bodies.uniform_single,
    ("normal", "d"): bodies.normal_double,
    ("normal", "f"): bodies.normal_single,
}


def _draw(kind: str, like: Array, key: Any, shape: tuple[int, ...]) -> Any:
    count, chains, char = math.prod(shape[1:]), shape[0], like.dtype.char
    if char not in "df" or key.chain + chains > 2**24 or not all(shape):
        return NotImplemented
    half = (count + 1) // 2
    out = namespace(like).empty((chains * count,), dtype=like.dtype, device=like.device)
    stream, words = key.purpose * 2**24 + key.chain, (key.draw, key.step, key.seed % 2**32, key.seed // 2**32)
    launch(BODIES[kind, char], chains * half, char == "f", out, count, half, stream, *words)
    return out.reshape(shape)


def uniform(like: Array, key: Any, shape: tuple[int, ...]) -> Any:
    """Uniform numbers inside (0, 1), the bits of the reference.  -> (chain, ...)"""
    return _draw("uniform", like, key, shape)


def normal(like: Array, key: Any, shape: tuple[int, ...]) -> Any:
    """Normal numbers, equal to the reference to rounding.  -> (chain, ...)"""
    return _draw("normal", like, key, shape)
