"""Links that no update may move: what a Dirichlet boundary holds fixed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from latticekit.arrays import namespace

Array = Any


class Held(ABC):
    """Links that keep the values of the start; all the others are the variables of the path integral."""

    @abstractmethod
    def free(self, sites: tuple[int, ...]) -> np.ndarray:
        """True where a link is a variable.  -> bool (mu, *sites)"""


@dataclass(frozen=True)
class Ends(Held):
    """The links that lie in the first and last slice of a direction, and those that leave the last slice."""

    axis: int = 0

    def free(self, sites: tuple[int, ...]) -> np.ndarray:
        """-> bool (mu, *sites)"""
        free = np.ones((len(sites), *sites), bool)
        slices = np.moveaxis(free, self.axis + 1, 1)
        slices[:, -1] = False
        first = np.arange(len(sites)) != self.axis
        slices[first, 0] = False
        return free


@lru_cache(maxsize=64)
def _free(held: Held, sites: tuple[int, ...]) -> np.ndarray:
    found = held.free(sites)
    found.flags.writeable = False
    return found


def free_links(held: Held, like: Array) -> Array:
    """True where a link is a variable, to be broadcast over a field or its algebra.  -> (1, mu, [1, ...], *sites)"""
    dim = like.shape[1]
    mask = _free(held, tuple(int(n) for n in like.shape[-dim:]))
    shape = (1, dim, *[1] * (like.ndim - 2 - dim), *mask.shape[1:])
    return namespace(like).asarray(mask.reshape(shape), device=like.device)


def kept(held: Held | None, new: Array, old: Array) -> Array:
    """The new field, with the held links of the old one, bit for bit.  two fields -> field"""
    return new if held is None else namespace(new).where(free_links(held, new), new, old)


def moving(held: Held | None, v: Array) -> Array:
    """An algebra element without its components along held links.  algebra -> algebra"""
    return v if held is None else namespace(v).where(free_links(held, v), v, namespace(v).zeros_like(v))
