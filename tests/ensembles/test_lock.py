"""One writer per store, whatever became of the last one."""

import multiprocessing
import os
import socket

import pytest

from latticekit.ensembles.faults import StoreLocked
from latticekit.ensembles.lock import WriterLock
from latticekit.ensembles.reading import open_ensemble
from latticekit.ensembles.store import Store
from tests.ensembles.blocks import ATTRS, SHA, assert_holds, written

PROCESSES = multiprocessing.get_context("forkserver")


def hold(path, ready):
    lock = WriterLock(path)
    ready.send(os.getpid())
    ready.recv()
    lock.release()


def count_up(path, rounds):
    """Add `rounds` to a number in a file, each under the lock."""
    done = 0
    while done < rounds:
        try:
            lock = WriterLock(path)
        except StoreLocked:
            continue
        number = int((path / "number").read_text())
        (path / "number").write_text(str(number + 1))
        lock.release()
        done += 1


@pytest.fixture
def holder(tmp_path):
    here, there = PROCESSES.Pipe()
    process = PROCESSES.Process(target=hold, args=(tmp_path / "e.zarr", there))
    process.start()
    yield process, here, here.recv()
    process.kill()
    process.join()


def test_the_second_writer_is_refused_at_once(tmp_path):
    path = written(tmp_path / "e.zarr", [3])
    with Store.resume(path, SHA) as store:
        for attempt in (Store.create, Store.resume):
            with pytest.raises(StoreLocked, match=f"process {os.getpid()} on {socket.gethostname()}"):
                attempt(path, ATTRS, SHA, *([True] if attempt == Store.create else []))
        assert_holds(open_ensemble(path), 3)
        assert_holds(store.result(), 3)
    Store.resume(path, SHA).close()
    assert not (tmp_path / "e.zarr.lock").exists()


def test_two_names_of_one_store_share_the_lock(tmp_path):
    path = written(tmp_path / "e.zarr", [3])
    (tmp_path / "other.zarr").symlink_to(path)
    with Store.resume(path, SHA), pytest.raises(StoreLocked):
        Store.resume(tmp_path / "other.zarr", SHA)


def test_another_process_is_named(tmp_path, holder):
    with pytest.raises(StoreLocked, match=f"process {holder[2]} on"):
        WriterLock(tmp_path / "e.zarr")
    holder[1].send("release")
    holder[0].join()
    WriterLock(tmp_path / "e.zarr").release()


def test_a_killed_process_holds_nothing(tmp_path, holder):
    holder[0].kill()
    holder[0].join()
    assert (tmp_path / "e.zarr.lock").exists()
    WriterLock(tmp_path / "e.zarr").release()


def races(folder, rounds, contestants=3):
    (folder / "number").write_text("0")
    processes = [PROCESSES.Process(target=count_up, args=(folder, rounds)) for _ in range(contestants)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return int((folder / "number").read_text()) - rounds * contestants


def test_races_lose_nothing(tmp_path):
    assert races(tmp_path, 70) == 0


def test_races_are_lost_without_the_lock(tmp_path, monkeypatch):
    """Mutation test: what the race detects."""
    first = WriterLock(tmp_path)
    monkeypatch.setattr("fcntl.flock", lambda fd, how: None)
    second = WriterLock(tmp_path)
    assert first.path == second.path
    first.release()
    second.release()


@pytest.mark.slow
def test_many_races_lose_nothing(tmp_path):
    assert races(tmp_path, 2000, 4) == 0
