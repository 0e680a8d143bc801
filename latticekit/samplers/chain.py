"""A Markov chain: the same update again and again, every step with its own random numbers."""

from __future__ import annotations

from collections.abc import Iterator

from latticekit.random import Key
from latticekit.updates import State, Update
from latticekit.updates.base import Info


def chain(
    update: Update, state: State, key: Key, draws: int, *, first: int = 0, thin: int = 1, tune: bool = False
) -> Iterator[tuple[State, Info]]:
    """Yield (state, info) after every `thin` updates, `draws` times; update n uses key.at(n), n from `first` on.

    The random numbers are named by the update's number, so a chain that stops at n and goes on at n is the
    unbroken chain, bit for bit.  `tune` is for warmup: the update learns from each step, and the first half
    of the steps may skip what makes it exact (`Update.warm`).
    """
    for draw in range(draws):
        for n in range(first + draw * thin, first + (draw + 1) * thin):
            early = tune and draw < draws // 2
            state, info = (update.warm if early else update.step)(state, key.at(n))
            if tune:
                state = update.tune(state, info)
        yield state, info
