"""`kill -9` at random instants: every acknowledged draw is there, the store is readable, the run goes on."""

import contextlib
import multiprocessing
import time

import numpy as np
import pytest

from latticekit.ensembles.reading import open_ensemble
from latticekit.ensembles.store import Store
from tests.ensembles.blocks import ATTRS, SHA, assert_holds, commit, write_until_killed

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.ensembles.blocks"])


def killed_writer(path, rng, reader=None):
    """Let a writer run and kill it; what it acknowledged last, -1 for nothing."""
    here, there = PROCESSES.Pipe()
    process = PROCESSES.Process(target=write_until_killed, args=(path, there, int(rng.integers(2**31))))
    process.start()
    there.close()
    acknowledged = [-1]
    for _ in range(rng.integers(3)):  # 0: kill perhaps while the store is made or recovered; 2: after a commit
        acknowledged.append(here.recv())
    instant = time.monotonic() + rng.exponential(0.1)
    while time.monotonic() < instant:
        if reader is not None:
            reader(path)
    process.kill()
    process.join()
    with contextlib.suppress(EOFError):
        while here.poll():
            acknowledged.append(here.recv())
    return acknowledged[-1]


def held(path):
    """Committed draws, each checked; -1 if there are none."""
    if not (path / "zarr.json").exists() or not (tree := open_ensemble(path)).children:
        return -1
    draws = tree["posterior"].sizes["draw"] if "posterior" in tree else 0
    assert_holds(tree, draws)
    return draws


def campaign(folder, kills, seed, reader=None):
    """Kill, check and resume the same store again and again, with a new store every ten kills."""
    rng, grown = np.random.default_rng(seed), 0
    for kill in range(kills):
        path = folder / f"{kill // 10}.zarr"
        before = held(path)
        acknowledged = killed_writer(path, rng, reader)
        assert held(path) >= max(before, acknowledged), f"kill {kill} of seed {seed}"
        grown += held(path) > before
    for path in folder.glob("*.zarr"):
        with Store.resume(path, SHA, ATTRS) as store:
            if store.draws is None:
                continue
            commit(store, 3)
            assert_holds(store.result(), store.draws)
    return grown


def test_ten_kills(tmp_path):
    assert campaign(tmp_path, 10, seed=5) > 2


def test_readers_see_whole_commits_while_a_writer_appends_and_dies(tmp_path):
    seen = []
    campaign(tmp_path, 4, seed=6, reader=lambda path: seen.append(held(path)))
    assert max(seen) > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_hundreds_of_kills(tmp_path, seed):
    assert campaign(tmp_path, 100, seed) > 25
