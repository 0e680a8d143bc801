"""U(1) links as angles."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from latticekit.arrays import namespace
from latticekit.groups.gauge import GaugeGroup
from latticekit.groups.matrices import complex_from
from latticekit.random import Key

Array = Any
_TURN = 2 * math.pi


def wrap(angle: Array) -> Array:
    """The angle in [-pi, pi) modulo 2 pi; angles already there keep their bits.  any shape -> the same"""
    xp = namespace(angle)
    return angle - _TURN * xp.floor((angle + math.pi) * (1.0 / _TURN))


@dataclass(frozen=True)
class U1(GaugeGroup):
    """One angle per link, (chain, mu, *sites), U = exp(i theta); T = 1, exp(v) theta = theta + v."""

    n = 1
    index = 1.0
    field = "theta"
    internal_dims = ("mu",)

    @property
    def generators(self) -> np.ndarray:
        """T = 1.  (1, 1, 1)"""
        return np.ones((1, 1, 1), complex)

    def shape(self, chains: int, sites: tuple[int, ...]) -> tuple[int, ...]:
        """(chain, mu, *sites)"""
        return (chains, len(sites), *sites)

    def algebra_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """That of the field."""
        return shape

    def identity(self, shape: tuple[int, ...], like: Array) -> Array:
        """theta = 0 everywhere.  -> (chain, mu, *sites)"""
        return namespace(like).zeros(shape, dtype=like.dtype, device=like.device)

    def random(self, key: Key, shape: tuple[int, ...], like: Array) -> Array:
        """Uniform angles in (-pi, pi).  -> (chain, mu, *sites)"""
        return (key.uniform(shape, like) - 0.5) * _TURN

    def translate(self, x: Array, v: Array) -> Array:
        """theta + v.  two (chain, mu, *sites) -> the same"""
        return x + v

    def project(self, x: Array) -> Array:
        """Angles in [-pi, pi).  (chain, mu, *sites) -> the same"""
        return wrap(x)

    def matrices(self, x: Array) -> Array:
        """exp(i theta).  (chain, mu, *sites) -> (chain, mu, 1, 1, *sites)"""
        return _unit(x)[:, :, None, None, ...]

    def links(self, m: Array) -> Array:
        """arg U.  (chain, mu, 1, 1, *sites) -> (chain, mu, *sites)"""
        return _arg(m[:, :, 0, 0, ...])

    def algebra(self, v: Array) -> Array:
        """i v.  (chain, *sites) -> (chain, 1, 1, *sites)"""
        return complex_from(0.0 * v, v)[:, None, None, ...]

    def components(self, m: Array) -> Array:
        """Im m.  (chain, 1, 1, *sites) -> (chain, *sites)"""
        return namespace(m).imag(m[:, 0, 0, ...])

    def exp(self, v: Array) -> Array:
        """exp(i v).  (chain, *sites) -> (chain, 1, 1, *sites)"""
        return _unit(v)[:, None, None, ...]

    def log(self, m: Array) -> Array:
        """arg m.  (chain, 1, 1, *sites) -> (chain, *sites)"""
        return _arg(m[:, 0, 0, ...])

    def nearest(self, m: Array) -> Array:
        """m / |m|.  (chain, 1, 1, *sites) -> the same"""
        return m / namespace(m).abs(m)


def _unit(angle: Array) -> Array:
    xp = namespace(angle)
    return complex_from(xp.cos(angle), xp.sin(angle))


def _arg(z: Array) -> Array:
    xp = namespace(z)
    return xp.atan2(xp.imag(z), xp.real(z))
