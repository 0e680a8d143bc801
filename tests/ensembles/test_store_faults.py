"""A writer stopped before any of its file operations, and disks that refuse: the last commit stands."""

import errno
import resource
import shutil
import tempfile
from pathlib import Path

import pytest

from latticekit.ensembles.faults import StoreError
from latticekit.ensembles.reading import open_ensemble
from latticekit.ensembles.store import Store
from tests.ensembles.blocks import ATTRS, FAULTS, SHA, Killed, assert_holds, block, commit, state, written


@pytest.fixture
def tmp_path():
    """Memory where there is some: thousands of small files would wait for the disk."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        yield Path(folder).resolve()


def committed(path):
    """Draws that a reader finds, each checked; None if there is not even a store yet."""
    try:
        tree = open_ensemble(path)
    except StoreError:
        if (path / "zarr.json").exists():
            raise
        return None
    if not tree.children:
        return None
    draws = tree["posterior"].sizes["draw"] if "posterior" in tree else 0
    assert_holds(tree, draws)
    return draws


def goes_on(path, draws):
    """The killed run can be resumed at exactly these draws, and ends as the unbroken one."""
    with Store.resume(path, SHA, ATTRS) as store:
        assert store.draws == draws
        assert not list(path.rglob("*.partial"))
        if draws is None:
            store.commit(block(0, 2, "warmup_"), state(0), 0)
        for name, x in state(store.draws).items():
            assert (store.state()[name] == x).all()
        commit(store, 5)
        assert_holds(store.result(), (draws or 0) + 5)


@pytest.fixture(params=[13, pytest.param(1, marks=pytest.mark.slow)], ids=["some", "all"])
def stride(request, monkeypatch):
    """Which instants are tried, without fsync: what a dead process leaves does not depend on it."""
    monkeypatch.setattr("os.fsync", lambda fd: None)
    return request.param


def every_instant(folder, begin, act, allowed, stride, fault=Killed):
    """Stop `act` before its file operations, each time on a fresh copy of what `begin` makes; how many there are."""
    at = stride // 2
    while True:
        path = folder / f"{at}.zarr"
        begin(path)
        stopped = False
        with FAULTS.before(at, path, fault):
            try:
                act(path)
            except (Killed, StoreError):
                stopped = True
        draws = committed(path)
        assert draws in allowed[: None if stopped else 1], f"stopped before operation {at}"
        goes_on(path, draws)
        shutil.rmtree(path)
        if FAULTS.count <= at:
            return FAULTS.count
        at += stride


def test_first_commit(tmp_path, stride):
    """The store itself, its groups and the first slot."""
    assert every_instant(tmp_path, lambda path: None, lambda path: written(path, []), (0, None), stride) > 30


@pytest.mark.parametrize("counts", [[], [3], [3, 4, 1020]])
def test_later_commits(tmp_path, counts, stride):
    """New groups beside old ones, the first use of a slot, chunks that are full and chunks that begin."""
    base, before = written(tmp_path / "base.zarr", counts), sum(counts)

    def act(path):
        with Store.resume(path, SHA) as store:
            commit(store, 6)

    assert every_instant(tmp_path, lambda path: shutil.copytree(base, path), act, (before + 6, before), stride) > 30


def crashed(folder):
    """A store of 7 draws whose writer died with unequal lengths and an unfinished file."""
    for at in range(20, 100):
        path = written(folder / f"crashed{at}.zarr", [3, 4])
        store = Store.resume(path, SHA)
        with FAULTS.before(at, path), pytest.raises(Killed):
            commit(store, 9)
        store.close()
        if list(path.rglob("*.partial")):
            return path
    raise AssertionError("no instant leaves an unfinished file")


def test_resume_after_a_crash(tmp_path, stride):
    """Cutting off what a dead writer left is itself stopped anywhere."""
    base = crashed(tmp_path)

    def act(path):
        Store.resume(path, SHA).close()

    assert every_instant(tmp_path, lambda path: shutil.copytree(base, path), act, (7, 7), min(stride, 3)) > 3


def test_overwriting(tmp_path, stride):
    """A store that is being replaced is the old one, or empty, or the new one."""
    base = written(tmp_path / "base.zarr", [3])

    def act(path):
        written(path, [], overwrite=True)

    assert every_instant(tmp_path, lambda path: shutil.copytree(base, path), act, (0, None, 3), stride) > 30


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_refuses(tmp_path, code, stride):
    """An OSError at any operation: a StoreError, or a finished commit; the old draws are there either way."""
    base = written(tmp_path / "base.zarr", [3, 4])

    def act(path):
        with Store.resume(path, SHA) as store:
            commit(store, 6)

    def fault():
        return OSError(code, "injected")

    assert every_instant(tmp_path, lambda path: shutil.copytree(base, path), act, (13, 7), stride, fault) > 30


def test_disk_full_for_real(tmp_path):
    path = written(tmp_path / "e.zarr", [3])
    with Store.resume(path, SHA) as store:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
        try:
            with pytest.raises(StoreError, match=r"3 draws committed so far are safe.*resume = True"):
                commit(store, 900)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        with pytest.raises(StoreError, match="a commit failed before"):
            commit(store, 1)
    assert committed(path) == 3
    goes_on(path, 3)


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    for path in (tmp_path / "file" / "e.zarr", tmp_path / "file"):
        with pytest.raises(StoreError, match="file"):
            Store.create(path, ATTRS, SHA)
    with FAULTS.before(0, tmp_path, PermissionError), pytest.raises(StoreError, match=r"Choose a place that can"):
        Store.create(tmp_path / "e.zarr", ATTRS, SHA)


def test_the_injection_sees_every_change(tmp_path):
    """Mutation test: a writer that overwrites files in place loses committed draws, and the search finds it."""
    base = written(tmp_path / "base.zarr", [3, 4])

    def act(path):
        file = path / "posterior/zeta/c/0/0"
        content = file.read_bytes()
        file.unlink()
        file.write_bytes(content)

    with pytest.raises(StoreError, match=r"posterior/zeta .* is missing"):
        every_instant(tmp_path, lambda path: shutil.copytree(base, path), act, (7, 7), 1)
