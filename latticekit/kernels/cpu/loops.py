"""The loops of phi^4 with dimension and layout fixed."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from latticekit.kernels.cpu import packing, rows, trajectory
from latticekit.kernels.cpu.lanes import first_of, second_of, slide_down, slide_up
from latticekit.kernels.cpu.target import loop


class Loops(NamedTuple):
    """The loops of one dimension and layout."""

    drift: Any
    kick: Any
    action: Any
    kinetic: Any
    evolve: Any
    pack: Any
    unpack: Any


@lru_cache
def loops(dim: int, across: bool) -> Loops:
    """Loops with dimension and lane moves fixed."""
    move = {"left": first_of, "right": second_of} if across else {"left": slide_up, "right": slide_down}
    drift, kinetic = loop(rows.drift_rows), loop(rows.action_rows, D=0, **move)
    kick, action = loop(rows.kick_rows, D=dim, **move), loop(rows.action_rows, D=dim, **move)
    plain = loop(trajectory.plain_stage, drift_rows=drift, kick_rows=kick)
    cyclic = loop(trajectory.wrapped)
    drifted = loop(trajectory.drift_span, drift_rows=drift, cyclic=cyclic)
    kicked = loop(trajectory.kick_span, kick_rows=kick, cyclic=cyclic)
    chased = loop(trajectory.chase, drifted=drifted, kicked=kicked)
    evolve = loop(trajectory.evolve, plain=plain, chased=chased)
    moves = (packing.pack_across, packing.unpack_across) if across else (packing.pack_rows, packing.unpack_rows)
    return Loops(drift, kick, action, kinetic, evolve, *map(loop, moves))
