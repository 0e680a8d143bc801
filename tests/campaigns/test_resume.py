"""Long campaign: a sampled store is the same, bit for bit, however often and wherever its run was broken.

Run with `pytest -n 0 -m slow tests/campaigns/test_resume.py -s`.
"""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import textwrap
import time

import pytest

import latticekit as lk

pytestmark = pytest.mark.slow
ACTION = lk.Phi4(mass_squared=-4.0, coupling=6.975)
UPDATES = {
    "tuned hmc": lk.HMC(ACTION, trajectory_length=1.0, jitter=0.2),
    "sequence": lk.Sequence([lk.Heatbath(ACTION), lk.Repeat(lk.Metropolis(ACTION), 2), lk.Cluster(ACTION)]),
}
SETTINGS = {"lattice": (8, 6), "chains": 5, "warmup": 30, "seed": 3, "configurations": 7}
DRAWS = 300


def digest(tree):
    """SHA-256 of every number of the ensemble, group by group, variable by variable."""
    total = hashlib.sha256()
    for group in sorted(tree.children):
        for name in sorted(map(str, tree[group].data_vars)):
            total.update(f"{group}/{name}".encode() + tree[group][name].values.tobytes())
    return total.hexdigest()


@pytest.mark.parametrize("name", UPDATES)
def test_twenty_random_cuts(name, tmp_path):
    unbroken = digest(lk.sample(UPDATES[name], **SETTINGS, draws=DRAWS))
    cuts = random.Random(1).sample(range(1, DRAWS), 20)
    for cut in cuts:
        out = tmp_path / f"{cut}.zarr"
        lk.sample(UPDATES[name], **SETTINGS, draws=cut, out=out)
        assert digest(lk.sample(UPDATES[name], **SETTINGS, draws=DRAWS, out=out, resume=True)) == unbroken, cut
    print(f"\n{name}: {len(cuts)} cuts, all SHA-256 equal to {unbroken[:16]}...")


WRITER = """
    import sys
    import latticekit as lk
    from latticekit.ensembles import driver, progress

    driver._COMMIT_SECONDS = 0.02  # many commits, so that kills hit every part of them
    update = lk.HMC(lk.Phi4(mass_squared=-4.0, coupling=6.975), trajectory_length=1.0, steps=10)
    def told(done, total, report):
        print(done, flush=True)
    progress._EVERY = 0.0
    lk.sample(update, (8, 6), chains=5, warmup=30, seed=3, draws=100_000, out=sys.argv[1], resume=True, progress=told)
"""


def test_a_hundred_kills(tmp_path):
    """SIGKILL at random instants of one and the same run: always readable, never a committed draw less."""
    out, chance, told = tmp_path / "killed.zarr", random.Random(2), 0
    script = tmp_path / "writer.py"
    script.write_text(textwrap.dedent(WRITER))
    for _ in range(100):
        child = subprocess.Popen([sys.executable, script, out], stdout=subprocess.PIPE, text=True)
        if child.stdout.readline():  # the first commit of this life
            time.sleep(chance.uniform(0, 0.15))
        child.kill()
        rest = child.communicate()[0].split()
        told = max([told, *map(int, rest[:-1] if rest and not rest[-1].isdigit() else rest)])
        if (out / "zarr.json").exists():
            committed = lk.open_ensemble(out)
            assert committed["posterior"].sizes["draw"] >= told
    draws = lk.open_ensemble(out)["posterior"].sizes["draw"]
    update = lk.HMC(ACTION, trajectory_length=1.0, steps=10)
    settings = {"lattice": (8, 6), "chains": 5, "warmup": 30, "seed": 3, "draws": draws + 10}
    unbroken = digest(lk.sample(update, **settings))
    assert digest(lk.sample(update, **settings, out=out, resume=True)) == unbroken
    print(f"\n100 kills, {draws} draws committed, none lost, resumed run equal to {unbroken[:16]}...")
