"""Ensembles whose every number follows from its draw, writers to be killed, and faults to be injected."""

import contextlib
import os
import sys

import numpy as np
import xarray as xr

from latticekit.ensembles.store import Store

CHAINS, TIMES = 3, 4
ATTRS = {
    "schema": "latticekit.ensemble",
    "schema_version": "1",
    "config": '{"action": {"name": "Phi4", "coupling": 6.975}, "seed": 1}',
    "status": "running",
}
SHA = "0123456789abcdef"


def values(draws, shape=()):
    """Numbers (chain, draw, *shape) that name their chain and draw."""
    x = np.arange(CHAINS)[:, None] * 1000.0 + np.asarray(draws)[None, :]
    return x.reshape(*x.shape, *(1,) * len(shape)) + np.arange(np.prod(shape, dtype=int)).reshape(shape) / 64


def block(first, count, prefix=""):
    """Groups of draws first, ..., first + count - 1."""
    draws = np.arange(first, first + count)
    coords = {
        "chain": np.arange(CHAINS),
        "draw": ("draw", draws, {"long_name": "draw after warmup"}),
        "trajectory": ("draw", 2 * draws + 2),
    }
    posterior = {
        "zeta": (("chain", "draw"), values(draws), {"units": "1", "exact": 0.5}),
        "action": (("chain", "draw"), values(draws), {"units": "1"}),
        "two_point": (("chain", "draw", "dt"), values(draws, (TIMES,)) * (1 + 2j)),
    }
    stats = {"accepted": (("chain", "draw"), values(draws) % 3 > 0)}
    return {
        prefix + "posterior": xr.Dataset(posterior, coords | {"dt": np.arange(TIMES)}),
        prefix + "sample_stats": xr.Dataset(stats, coords),
    }


def thinned(first, count, every=5):
    """Every fifth configuration of these draws; none may remain."""
    kept = np.asarray([d for d in range(first, first + count) if d % every == 0])
    if kept.size == 0:
        return {}
    fields = values(kept, (2, 2)).astype(np.float32)
    dims = ("chain", "draw", "t", "x")
    coords = {"chain": np.arange(CHAINS), "draw": kept}
    return {"configurations": xr.Dataset({"phi": (dims, fields)}, coords)}


def state(draws):
    """The state after so many draws."""
    return {"x": values([draws], (2, 2)), "action": np.arange(CHAINS) + draws, "tuning.size": 0.1 * draws}


def commit(store, count):
    """Commit the next draws; returns how many there are now."""
    first = store.draws or 0
    store.commit(block(first, count) | thinned(first, count), state(first + count), first + count)
    return store.draws


def written(path, counts, **options):
    """A store with warmup and one commit per count."""
    with Store.create(path, ATTRS, SHA, **options) as store:
        store.commit(block(0, 2, "warmup_"), state(0), 0)
        for count in counts:
            commit(store, count)
    return path


def expected(draws):
    """The groups of so many draws, as they must be read."""
    return block(0, 2, "warmup_") | ((block(0, draws) | thinned(0, draws)) if draws else {})


def assert_holds(tree, draws):
    """The tree holds exactly these draws."""
    groups = expected(draws)
    assert set(tree.children) == set(groups)
    for name, group in groups.items():
        xr.testing.assert_identical(tree[name].to_dataset().load(), group)


def write_until_killed(path, ready, seed):
    """Writer for the kill tests: says how many draws are committed after each commit."""
    rng = np.random.default_rng(seed)
    store = Store.resume(path, SHA, ATTRS) if path.exists() else Store.create(path, ATTRS, SHA)
    with store:
        if store.draws is None:
            store.commit(block(0, 2, "warmup_"), state(0), 0)
        ready.send(store.draws)
        while True:
            ready.send(commit(store, int(rng.integers(1, 200))))


class Killed(BaseException):
    """The process ends here."""


class Faults:
    """Counts what is written below a folder and stops it at operation `at`: that one and all later ones fail."""

    def __init__(self):
        self.armed, self.root, self.count, self.at, self.fault = False, "", 0, 0, Killed
        sys.addaudithook(self._watch)

    @contextlib.contextmanager
    def before(self, at, root, fault=Killed):
        self.root, self.count, self.at, self.fault = os.fspath(root), 0, at, fault
        self.armed = True
        try:
            yield self
        finally:
            self.armed = False

    def _watch(self, event, arguments):
        if self.armed and _writes(event, arguments) and str(arguments[0]).startswith(self.root):
            self.count += 1
            if self.count > self.at:
                raise self.fault()


def _writes(event, arguments):
    if event == "open":
        return bool((arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    return event in ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate")


FAULTS = Faults()
