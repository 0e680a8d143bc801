"""Results have the same bits for any number of threads."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import hashlib, sys
import numpy as np
from latticekit.actions import Phi4
from latticekit.arrays import set_threads
from latticekit.kernels.cpu import hmc, phi4, random
from latticekit.random import Key
from latticekit.updates.integrators import FORCE_GRADIENT

shape = tuple(map(int, sys.argv[1:]))
x = np.random.default_rng(1).normal(size=shape)
schedule, action, key = FORCE_GRADIENT.schedule(0.05, 2), Phi4(-1.0, 0.5), Key(3)
for threads in (1, 2, 4):
    set_threads(threads)
    current = phi4.value(x, -1.0, 0.5)
    parts = [current, *hmc.transition(x, action, key, schedule, current), random.normal(x, key, shape)]
    print(hashlib.sha256(b"".join(np.ascontiguousarray(p).tobytes() for p in parts)).hexdigest())
"""


@pytest.mark.parametrize("shape", [(70, 16, 16), (3, 80, 72), (1, 176, 192)], ids=["vectors", "chains", "one large"])
def test_same_bits_on_1_2_and_4_threads(shape):
    environment = {**os.environ, "NUMBA_NUM_THREADS": "4", "OMP_WAIT_POLICY": "passive"}
    environment.pop("LATTICEKIT_THREADS", None)
    command = [sys.executable, "-c", SCRIPT, *map(str, shape)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    digests = run.stdout.split()
    assert len(digests) == 3
    assert len(set(digests)) == 1
