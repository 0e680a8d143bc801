"""The loop of a training: steps, commits, and what is shown of them."""

from __future__ import annotations

import statistics
import time
from itertools import islice
from typing import Any

from latticekit.ensembles.memory import Memory
from latticekit.ensembles.progress import Progress
from latticekit.ensembles.store import Store
from latticekit.ensembles.training.plan import TrainingPlan
from latticekit.ensembles.training.record import block_of, packed, unpacked
from latticekit.training import Report, State, TrainingError, begin, fit

_COMMIT_SECONDS, _SHOW_SECONDS, _MOST_STEPS, _SHOWN_STEPS = 5.0, 0.5, 4096, 50
_TIMED_STEPS = 12


def run_training(plan: TrainingPlan, sink: Memory | Store, show: Progress | None) -> tuple[State, float]:
    """All steps that are not committed yet; the last state and the seconds they took, with those before."""
    state, seconds = begin(plan.recipe, plan.flow.params), 0.0
    if sink.draws is not None:
        state, seconds = unpacked(state, sink.state())
    log = _Log(sink, state, seconds, show, plan.recipe.steps)
    try:
        for stand, report in fit(plan.recipe, plan.flow, plan.target, plan.key, state):
            log.add(stand, report)
        log.commit()
    except TrainingError as error:
        log.commit()
        sink.set_attrs(status="diverged")
        error.flow = plan.flow.with_params(error.state.good)
        raise
    return log.state, log.seconds


def steps_within(plan: TrainingPlan, seconds: float) -> int:
    """How many steps fit into a time, by the median of a few that are thrown away."""
    times: list[float] = []
    last = time.perf_counter()
    for _ in islice(
        fit(plan.recipe, plan.flow, plan.target, plan.key, begin(plan.recipe, plan.flow.params)), _TIMED_STEPS
    ):
        now = time.perf_counter()
        times.append(now - last)
        last = now
        if sum(times[1:]) > 0.1 * seconds:
            break
    rest = times[1:] or times  # the first one also compiles kernels, once in the life of an installation
    return max(1, int((seconds - sum(rest)) / statistics.median(rest)))


class _Log:
    """Steps since the last commit."""

    def __init__(self, sink: Memory | Store, state: State, seconds: float, show: Progress | None, total: int) -> None:
        self.sink, self.state, self.show, self.total = sink, state, show, total
        self.begun = time.perf_counter() - seconds
        self.seconds = seconds
        self.reports: list[Report] = []
        self.times: list[float] = []
        self.recent: list[Report] = []
        self.due = self.shown = self.begun + seconds

    def add(self, state: State, report: Report) -> None:
        """Take note of a step; commit and show it when that is due."""
        now = time.perf_counter()
        self.state, self.seconds = state, now - self.begun
        self.reports.append(report)
        self.times.append(self.seconds)
        if len(self.reports) >= _MOST_STEPS or now > self.due + _COMMIT_SECONDS:
            self.commit()
            self.due = time.perf_counter()
        if self.show is not None:
            self._tell(now, report)

    def commit(self) -> None:
        """Make the steps so far permanent."""
        if not self.reports:
            return
        block = block_of(self.reports, self.times, self.state.step - len(self.reports))
        self.sink.commit({"training": block}, packed(self.state, self.seconds), draws=0)
        self.reports, self.times = [], []

    def _tell(self, now: float, report: Report) -> None:
        """Means over the last steps, not oftener than the eye can see."""
        self.recent = [*self.recent[1 - _SHOWN_STEPS :], report]
        if now - self.shown < _SHOW_SECONDS and self.state.step < self.total:
            return
        self.shown = now
        finite = [one for one in self.recent if not one.skipped]
        names = {"loss": "loss", "ess_fraction": "ess", "acceptance": "acceptance_rate"}
        told: dict[str, Any] = {k: statistics.fmean(getattr(r, f) for r in finite) for k, f in names.items() if finite}
        assert self.show is not None
        self.show(self.state.step, self.total, told)
