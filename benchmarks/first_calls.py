"""First call of every hot gauge and scalar kernel in a fresh process: with an empty cache, then with a filled one.

    python -m benchmarks.first_calls [--only SU(3) heatbath ...]

Wall and CPU seconds of the first call (imports of the library not counted), and of the second call in that process.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

GROUPS = {"U(1)": ("lk.U1()", (8, 8)), "SU(2)": ("lk.SU(2)", (4,) * 4), "SU(3)": ("lk.SU(3)", (4,) * 4)}
CALLS = {
    "force": "action.force(x)",
    "plaquette": "plane_averages(x)",
    "trajectory": "action.evolve(x, action.group.random_algebra(Key(2), x), lk.LEAPFROG.schedule(0.05, 3))",
    "heatbath": "link_heatbath(x, action, Key(1), 64)",
    "overrelaxation": "link_overrelaxation(x, action)",
    "Metropolis": "link_metropolis(x, action, Key(1), 0.3, 2)",
}
SCRIPT = """
import json, time
import numpy as np
import latticekit as lk
from latticekit.fields.plaquettes import plane_averages
from latticekit.random import Key
from latticekit.updates.hmc import transition
from latticekit.updates.links_heatbath import link_heatbath
from latticekit.updates.links_metropolis import link_metropolis
from latticekit.updates.links_overrelaxation import link_overrelaxation
import latticekit.estimators, latticekit.ensembles, scipy.special
lk.set_threads(1)
{setup}
found = []
for _ in range(2):
    wall, cpu = time.perf_counter(), time.process_time()
    {call}
    found += [time.perf_counter() - wall, time.process_time() - cpu]
print(json.dumps(found))
"""


def cases():
    """Name, set-up and call of each."""
    phi4 = "action = lk.Phi4(-4.0, 5.0); x = Key(1).normal((64, 16, 16), np.zeros(0))"
    yield "phi^4 HMC", phi4, "transition(x, action, Key(1), lk.LEAPFROG.schedule(0.1, 5), action.value(x))"
    for name, (group, sites) in GROUPS.items():
        setup = f"action = lk.Wilson({group}, 2.0); x = lk.hot(action.group, {sites}, chains=1, seed=1)"
        for call, code in CALLS.items():
            yield f"{name} {call}", setup, code


def timed(setup, call, cache):
    """Seconds of the first and of the second call: wall, CPU, wall, CPU."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    command = [sys.executable, "-c", SCRIPT.format(setup=setup, call=call)]
    return json.loads(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[""])
    wanted = parser.parse_args()
    print("| first call | uncached, wall | CPU | cached, wall | CPU | second call |\n|---|---|---|---|---|---|")
    for name, setup, call in cases():
        if not any(part in name for part in wanted.only):
            continue
        with tempfile.TemporaryDirectory() as cache:
            fresh, cached = timed(setup, call, cache), timed(setup, call, cache)
        print("| " + " | ".join([name, *(f"{s:.2f}" for s in (*fresh[:2], *cached[:2], cached[2]))]) + " |", flush=True)


if __name__ == "__main__":
    main()
