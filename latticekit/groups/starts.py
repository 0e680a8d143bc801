"""Fields to start from, and groups by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from latticekit.arrays import backend as library
from latticekit.groups.base import Group
from latticekit.groups.real import Real
from latticekit.groups.sun import SU
from latticekit.groups.u1 import U1
from latticekit.lattice import check_sites
from latticekit.random import Key

Array = Any
DTYPES = ("float32", "float64")


def cold(
    group: Group, lattice: Sequence[int], chains: int = 1, *, backend: str = "numpy", dtype: str = "float64"
) -> Array:
    """The neutral element everywhere.  -> field (chain, [mu], [internal], *sites) in the precision of `dtype`"""
    return group.identity(group.shape(chains, check_sites(lattice)), _like(backend, dtype))


def hot(
    group: Group,
    lattice: Sequence[int],
    chains: int = 1,
    *,
    seed: int = 0,
    backend: str = "numpy",
    dtype: str = "float64",
) -> Array:
    """Independent random variables: Haar measure, unit normal on the real line.  -> field, as `cold`

    The field that `sample(..., start="hot")` of the same seed begins with.
    """
    return group.random(Key(seed).fold("start"), group.shape(chains, check_sites(lattice)), _like(backend, dtype))


def _like(backend: str, dtype: str) -> Array:
    if dtype not in DTYPES:
        raise ValueError(f"dtype must be one of {DTYPES}, got {dtype!r}: complex fields take its precision")
    xp = library(backend)
    return xp.zeros((1,), dtype=getattr(xp, dtype))


def group_named(name: str) -> Group:
    """U1(), SU(n) or Real() from "U(1)", "SU(3)", "R"; case and brackets do not matter."""
    word = re.sub(r"[^a-z0-9]", "", name.lower())
    if word == "u1":
        return U1()
    if found := re.fullmatch(r"su(\d+)", word):
        return SU(int(found[1]))
    if word in ("r", "real"):
        return Real()
    raise ValueError(f'unknown group {name!r}: write "U(1)", "SU(2)", "SU(3)", ... or "R"')
