"""The driver, the store, the estimators and the import, as a user meets them."""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import latticekit as lk
from latticekit.estimators import gamma_method
from latticekit.random import Key

ACTION = lk.Phi4(mass_squared=-4.0, coupling=4.98)
HMC = lk.HMC(ACTION, trajectory_length=1.0, steps=10)


class Driver:
    """One 16^2 chain: what the driver costs beyond the kernel."""

    def setup(self):
        lk.set_threads(1)
        self.time_sample()

    def time_sample(self):
        lk.sample(HMC, lattice=(16, 16), chains=1, draws=1000, warmup=0, seed=1)

    def time_kernel_alone(self):
        state = HMC.init(np.zeros((1, 16, 16)))
        for step in range(1000):
            state, _ = HMC.step(state, Key(1).at(step))


class Store:
    """Sampling into a Zarr store."""

    def time_sample_to_store(self):
        with tempfile.TemporaryDirectory() as folder:
            lk.sample(HMC, lattice=(16, 16), chains=16, draws=200, warmup=0, seed=1, out=Path(folder) / "a.zarr")


class Efficiency:
    """Effective draws per second of processor time, 16^2 on the critical line."""

    params = ("hmc", "heatbath", "metropolis")
    param_names = ("update",)
    timeout = 120

    def setup(self, update):
        lk.set_threads(1)
        self.update = {"hmc": HMC, "heatbath": lk.Heatbath(ACTION), "metropolis": lk.Metropolis(ACTION, step_size=0.5)}[
            update
        ]

    def track_ess_per_second(self, update):
        import time

        lk.sample(self.update, lattice=(16, 16), chains=32, draws=10, warmup=100, seed=1)
        start = time.process_time()
        tree = lk.sample(self.update, lattice=(16, 16), chains=32, draws=500, warmup=100, seed=1)
        return float(gamma_method(tree["posterior"]["abs_magnetization"].values).ess) / (time.process_time() - start)

    track_ess_per_second.unit = "1/s"


class Estimators:
    """The Gamma method over many observables."""

    def setup(self):
        self.series = Key(1).fold("test").normal((8, 4000, 32), np.zeros(1))

    def time_gamma_method(self):
        gamma_method(self.series)


class Import:
    """A fresh interpreter."""

    def time_import(self):
        subprocess.run([sys.executable, "-c", "import latticekit"], check=True)
