"""Small trainings for tests of the driver."""

import hashlib

import numpy as np

import latticekit as lk
from latticekit.arrays import tree_items
from latticekit.ensembles.training import loop as training_loop
from tests.training.flows import PHI4
from tests.training.layers import SinhArcsinh

LAYER = lk.Sequential((SinhArcsinh(0.1), lk.flows.FourierScale()))
SETTINGS = {"lattice": (4, 2), "steps": 12, "batch": 8, "seed": 3, "progress": False}


def small(**changes):
    """A training of a few parameters."""
    return lk.train(changes.pop("flow", LAYER), changes.pop("action", PHI4), **(SETTINGS | changes))


def digest(flow):
    """SHA-256 of the parameters."""
    found = hashlib.sha256()
    for name, leaf in tree_items(flow.params):
        found.update(name.encode() + np.asarray(leaf).tobytes())
    return found.hexdigest()


def train_until_killed(out, pipe):
    """Train with a commit after every step, telling each."""
    training_loop._COMMIT_SECONDS = training_loop._SHOW_SECONDS = -1.0
    small(out=out, steps=30, resume=True, progress=lambda done, *rest: pipe.send(done))
