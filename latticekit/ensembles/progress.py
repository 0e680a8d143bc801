"""What a run shows of itself while it runs: a bar on a terminal, a callable, or nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

_EVERY = 0.5  # seconds between refreshes


class Progress(Protocol):
    """Receives the number of draws done and what is known of the run."""

    def __call__(self, done: int, total: int, report: dict[str, float]) -> None: ...


class Monitor:
    """Turns blocks into reports of acceptance and effective sample size, not oftener than the eye can see."""

    def __init__(self, show: Progress | None, total: int) -> None:
        self.show, self.total, self.due = show, total, 0.0
        self.actions: list[np.ndarray] = []
        self.acceptance = (0.0, 0)

    def warming_up(self, share: float) -> None:
        """Tell how far warmup is, a number in (0, 1]."""
        if self.show is not None and time.monotonic() >= self.due:
            self.due = time.monotonic() + _EVERY
            self.show(0, self.total, {"warmup": share})

    def block(self, groups: dict[str, Any], done: int) -> None:
        """Take note of a recorded block."""
        if self.show is None or "posterior" not in groups:
            return
        self.actions.append(groups["posterior"]["action"].values)
        rates = [v.values for k, v in groups["sample_stats"].items() if str(k).endswith("acceptance_rate")]
        total, count = self.acceptance
        self.acceptance = (total + sum(float(r.sum()) for r in rates), count + sum(r.size for r in rates))
        if time.monotonic() >= self.due or done >= self.total:
            self.due = time.monotonic() + _EVERY
            self.show(done, self.total, self._report())

    def _report(self) -> dict[str, float]:
        from latticekit.estimators import gamma_method

        total, count = self.acceptance
        report = {"acceptance": total / count} if count else {}
        series = np.concatenate(self.actions, axis=1)
        return report | {"ess": float(gamma_method(series).ess)} if series.shape[1] > 20 else report


class Bar:
    """A rich progress bar with acceptance, ESS of the action and time left."""

    def __init__(self, title: str) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[known]}"),
        )
        self.bar = RichProgress(*columns, TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
        self.task = self.bar.add_task(title, total=None, known="")

    def __call__(self, done: int, total: int, report: dict[str, float]) -> None:
        """Show a report."""
        self.bar.start()
        names = {"warmup": "warmup {:.0%}", "acceptance": "acceptance {:.1%}", "ess": "ESS {:.0f}"}
        names |= {"loss": "loss {:.2f}", "ess_fraction": "ESS {:.1%}"}
        known = ", ".join(names[k].format(v) for k, v in report.items())
        self.bar.update(self.task, completed=done, total=total, known=known)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self.bar.stop()


def progress_of(wanted: bool | Callable[..., None] | None, title: str) -> Progress | None:
    """The display: a callable as given; a bar if True, or if None on a terminal; else nothing."""
    if callable(wanted):
        return wanted
    return Bar(title) if (sys.stderr.isatty() and sys.stdout.isatty() if wanted is None else wanted) else None
