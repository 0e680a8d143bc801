"""`latticekit demo`: phi^4 theory in two dimensions by HMC and by a flow, checked against exact values."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import latticekit
from latticekit.cli.terminal import aligned, say

if TYPE_CHECKING:
    from latticekit.ensembles import Summary, Trained
    from latticekit.updates import Update

CHAINS, DRAWS, WARMUP = 128, 1000, 100
STEPS, FLOW_DRAWS = 300, 256
_SIGMA = 5.0
_MARK = {"demo": "latticekit demo"}
_SHOWN = (
    "action",
    "phi_squared",
    "phi_fourth",
    "abs_magnetization",
    "two_point[0]",
    "two_point[1]",
    "susceptibility",
    "binder_cumulant",
    "second_moment_correlation_length",
    "schwinger_dyson",
    "exp(-energy_error)",
    "log_z",
)
_INTRODUCTION = """\
phi^4 theory on a two-dimensional lattice, S = sum_x [ sum_mu (phi(x+mu) - phi(x))^2 + m^2 phi^2 + lambda phi^4 ].
Hybrid Monte Carlo samples exp(-S), a trained flow draws fields with weights; a pull is the distance from the expected
value in units of the error.
"""
_NEXT = {
    "latticekit summary {out}": "errors, autocorrelation times, verdict",
    "latticekit plot {out} --out plots": "the figures",
    "latticekit init run.toml": "settings of a run of your own",
    "latticekit run run.toml": "and the run",
}


def demo(*, out: Path = Path("demo.zarr"), seed: int = 1) -> int:
    """Check phi^4 by HMC and by a flow against exact values and each other, in half a minute.

    Parameters
    ----------
    out
        where the ensemble goes; a former demo there is replaced, anything else is left alone
    seed
        names all random numbers
    """
    begun = time.perf_counter()
    _make_room(out)
    say(_INTRODUCTION)
    with _training(seed) as trained:
        checks = [*_free_field(seed), *_interacting(seed, out, trained)]
    worst = max(checks, key=lambda check: abs(check[1]))
    passed = abs(worst[1]) <= _SIGMA
    say(
        f"largest pull {worst[1]:+.1f} ({worst[0]}), allowed {_SIGMA:g}: "
        + ("everything agrees." if passed else "DISAGREEMENT, do not trust this installation.")
    )
    say(f"saved {out} after {time.perf_counter() - begun:.0f} s")
    if passed:
        say("\nnext:\n" + "\n".join(f"  {c.format(out=out):<44}{what}" for c, what in _NEXT.items()))
    return 0 if passed else 1


def _make_room(out: Path) -> None:
    """Remove a former demo; refuse anything else that is in the way."""
    from latticekit.ensembles import open_ensemble

    if not out.exists():
        return
    if open_ensemble(out, verify=False).attrs.get("demo") != _MARK["demo"]:
        raise ValueError(f"{out} is not a former demo and is left as it is: choose another name with --out")
    shutil.rmtree(out)


def _free_field(seed: int) -> Iterator[tuple[str, float]]:
    from latticekit.actions import FreeScalar
    from latticekit.updates import HMC

    update = HMC(FreeScalar(mass_squared=0.5), trajectory_length=1.5, steps=6, jitter=0.2)
    table = _sampled(update, (8, 8), seed)
    say("1. Free field, m^2 = 0.5, lambda = 0, on 8 x 8.  Exact: sums over momenta.")
    yield from _compared(("HMC", table))


def _interacting(seed: int, out: Path, trained: Callable[[], Trained]) -> Iterator[tuple[str, float]]:
    from latticekit.actions import preset
    from latticekit.updates import HMC, Cluster, Heatbath, Sequence

    e1 = preset("E1")
    hmc = HMC(e1.action, trajectory_length=1.0, steps=10)
    table = _sampled(hmc, e1.lattice, seed, out=out, attributes=_MARK)
    other = _sampled(Sequence([Heatbath(e1.action), Cluster(e1.action)]), e1.lattice, seed + 1, draws=DRAWS // 2)
    say("2. Interacting field E1 of 1904.12072, m^2 = -4, lambda = 6.975, on 6 x 6.  Exact: transfer matrix.")
    yield from _compared(("HMC", table), ("heatbath + cluster", other))
    yield from _flow(seed, trained(), table)


def _flow(seed: int, trained: Trained, hmc: Summary) -> Iterator[tuple[str, float]]:
    """Draws of the flow, reweighted."""
    from latticekit.actions import preset
    from latticekit.ensembles import draw_ensemble, summary

    quality = f"ESS {trained.ess:.2f} of a draw, acceptance {trained.acceptance_rate:.2f}"
    say(f"3. The same field from a continuous flow, trained for {STEPS} steps: {quality}.  Draws with weights.")
    action = preset("E1").action
    table = summary(draw_ensemble(trained.flow, action, chains=CHAINS, draws=FLOW_DRAWS, seed=seed, progress=False))
    yield from _compared(("flow", table), ("HMC", hmc))


@contextmanager
def _training(seed: int) -> Iterator[Callable[[], Trained]]:
    """`latticekit train` beside the rest of the demo, on the other core; the call waits for it."""
    options = {"action.preset": "E1", "train.steps": STEPS, "train.seed": seed, "train.dtype": "float32"}
    tokens = [token for name, value in options.items() for token in (f"--{name}", str(value))]
    where = os.pathsep.join([str(Path(latticekit.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    with tempfile.TemporaryDirectory() as folder:
        model, said = Path(folder) / "flow", Path(folder) / "said"
        command = [sys.executable, "-m", "latticekit", "train", *tokens, "--out", str(model)]
        with said.open("w") as log:
            process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": where}, stdout=log, stderr=log)
        try:
            yield lambda: _model(process, model, said)
        finally:
            process.kill()
            process.wait()


def _model(process: subprocess.Popen[bytes], model: Path, said: Path) -> Trained:
    """The model, once the training has ended well."""
    from latticekit.ensembles import load_model

    if code := process.wait():
        raise RuntimeError(f"the training of the demo ended with code {code}: {said.read_text()[-500:]}")
    return load_model(model)


def _sampled(update: Update, lattice: tuple[int, ...], seed: int, draws: int | None = None, **more: Any) -> Summary:
    from latticekit.ensembles import sample, summary

    settings = {"chains": CHAINS, "draws": draws or DRAWS, "warmup": WARMUP, "seed": seed}
    return summary(sample(update, lattice, **settings, **more))  # type: ignore[arg-type]


def _compared(one: tuple[str, Summary], two: tuple[str, Summary] | None = None) -> Iterator[tuple[str, float]]:
    """Print an algorithm next to what it should be, and a second one; yield (what, pull)."""
    (first, table), (second_name, other) = one, two or ("", None)
    head = ["quantity", first, "exact", "pull"] + ([second_name, "pull"] if other else [])
    lines = []
    for row in (row for row in table.rows if row.name in _SHOWN):
        name, value, exact, pull = (row.cells()[i] for i in (0, 1, 5, 6))
        lines.append([name, value, exact, pull])
        if row.pull is not None:
            yield f"{name} of {first} against its exact value", row.pull
        if other:
            second, distance = _second(row, other)
            lines[-1] += [second, "" if distance is None else f"{distance:+.2f}"]
            if distance is not None:
                yield f"{name} of {first} against {second_name}", distance
    say(aligned(head, lines) + "\n")


def _second(row: Any, other: Summary) -> tuple[str, float | None]:
    """The value of the other algorithm and the distance of the two in units of their common error."""
    same = next((one for one in other.rows if one.name == row.name), None)
    if same is None or row.name == "schwinger_dyson":
        return "", None
    a, b = row.estimate, same.estimate
    return same.cells()[1], float((a.value - b.value) / math.hypot(float(a.error), float(b.error)))
