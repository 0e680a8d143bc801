"""`train`: from a layer and an action to a sampler in one line, with a labelled, resumable history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from latticekit.actions import Action
from latticekit.ensembles.fields import fields_of
from latticekit.ensembles.judged import chosen
from latticekit.ensembles.memory import Memory
from latticekit.ensembles.models.bundle import save_model
from latticekit.ensembles.progress import Progress, progress_of
from latticekit.ensembles.reading import root_attributes
from latticekit.ensembles.store import Store
from latticekit.ensembles.training.loop import run_training, steps_within
from latticekit.ensembles.training.plan import TrainingPlan, start_of, target_of
from latticekit.ensembles.training.trained import HISTORY, MODEL, Trained
from latticekit.flows import Flow, Layer, Prior
from latticekit.training import (
    ForwardPath,
    GradientEstimator,
    Recipe,
    Samples,
    State,
    default_batch,
    default_rate,
)
from latticekit.training import Path as PathGradient

_STEPS = 1000


def train(
    flow: Layer | Flow | Trained,
    action: Action | Callable[..., Action],
    lattice: Sequence[int] | None = None,
    *,
    steps: int | None = None,
    seconds: float | None = None,
    seed: int = 0,
    batch: int | None = None,
    learning_rate: float | None = None,
    estimator: GradientEstimator | Callable[[Samples], GradientEstimator] | None = None,
    couplings: Mapping[str, tuple[float, float]] | None = None,
    ensemble: Any = None,
    prior: Prior | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    progress: bool | Progress | None = None,
    backend: str = "numpy",
    dtype: str = "float64",
    attributes: dict[str, str | int | float] | None = None,
    **recipe: Any,
) -> Trained:
    """Fit a flow to exp(-S) and return it with the history of its training.

    flow: a layer such as `lk.ContinuousFlow()`, which gets fresh parameters and a normal prior (or `prior`); or a Flow
    or a Trained, to go on from its parameters at other couplings or on another lattice.
    action: the target.  With `couplings`, e.g. {"mass_squared": (-4, -4), "coupling": (4, 8)}, what makes it, here
    `lk.Phi4`: every step draws couplings within the ranges and the flow takes them as inputs.
    lattice: extents; the Flow's own if left out.
    steps: updates of the parameters; equal settings give equal bits.  seconds: instead, as many steps as fit, by the
    measured time per step; the history tells how many they were, and that many steps give the same bits.
    seed: names all random numbers.  batch: fields per step.  learning_rate: its peak.
    estimator: of the gradient, `latticekit.training.Path()` unless given.
    ensemble: stored fields of the target, an array (n, ..., *sites) or a DataTree with configurations, for forward
    losses: estimator is then a class such as `Forward`, `ForwardPath` (default), `ForceMatching`.
    out: a folder to write while training: history, checkpoints, in the end the model; `kill -9` loses a few seconds.
    resume: continue it, bit-identical to a training without a break; a missing one is begun.
    progress: True, False, a callable (done, total, report), or None for a bar on a terminal only.
    attributes: notes of your own for the history.
    recipe: further settings of `latticekit.training.Recipe`: optimiser, schedule, clipping, average, patience.
    """
    target = target_of(action, couplings)
    start = start_of(flow, target, lattice, prior=prior, seed=seed, backend=backend, dtype=dtype)
    settings: dict[str, Any] = {
        "steps": _STEPS if steps is None else steps,
        "batch": default_batch(start.sites) if batch is None else batch,
        "learning_rate": default_rate(start.sites) if learning_rate is None else learning_rate,
        "estimator": _estimator(estimator, ensemble),
    }
    plan = TrainingPlan(start, target, Recipe(**settings, **recipe), seed, fresh=isinstance(flow, Layer))
    if seconds is not None:
        plan = _timed(plan, steps, seconds, out, resume)
    notes = plan.attributes() | ({} if seconds is None else {"seconds_asked": seconds}) | (attributes or {})
    show = progress_of(progress, "training")
    with closing(_sink(plan, out, resume, notes)) as sink:
        try:
            state, seconds_used = run_training(plan, sink, show)
        finally:
            getattr(show, "close", lambda: None)()
        trained = _finished(plan, state, seconds_used, sink)
    if out is not None:
        save_model(Path(out) / MODEL, trained, overwrite=True)
    return trained


def _estimator(wanted: Any, ensemble: Any) -> GradientEstimator:
    """The estimator, with the stored fields where it takes them."""
    if ensemble is not None:
        if isinstance(wanted, GradientEstimator):
            raise TypeError("with ensemble, estimator must be a class that takes the fields: Forward, ForwardPath, ...")
        return (wanted or ForwardPath)(Samples(fields_of(ensemble)))
    if wanted is None:
        return PathGradient()
    if not isinstance(wanted, GradientEstimator):
        raise TypeError(f"estimator must be one of latticekit.training, e.g. Path(), got {wanted!r}")
    return wanted


def _timed(plan: TrainingPlan, steps: int | None, seconds: float, out: Any, resume: bool) -> TrainingPlan:
    """The plan with as many steps as fit into the time; a training that is continued keeps its number."""
    if steps is not None:
        raise ValueError(f"give steps or seconds, not both: got {steps} and {seconds}")
    if not seconds > 0:
        raise ValueError(f"seconds must be positive, got {seconds}")
    begun = resume and out is not None and (Path(out) / HISTORY / "zarr.json").exists()
    count = int(root_attributes(Path(out) / HISTORY)["steps"]) if begun else steps_within(plan, seconds)
    return replace(plan, recipe=replace(plan.recipe, steps=count))


def _sink(plan: TrainingPlan, out: str | Path | None, resume: bool, attributes: dict[str, Any]) -> Memory | Store:
    """Where history and checkpoints go."""
    if out is None:
        if resume:
            raise ValueError("resume = True needs out = the folder of the training to continue")
        return Memory(attributes)
    path = Path(out) / HISTORY
    if not (resume and path.exists()):
        return Store.create(path, attributes, plan.fingerprint)
    store = Store.resume(path, plan.fingerprint, attributes)
    store.set_attrs(steps=plan.recipe.steps, status="running")
    return store


def _finished(plan: TrainingPlan, state: State, seconds: float, sink: Memory | Store) -> Trained:
    """The better of the last and the averaged parameters, with the record of how good they are."""
    flow, quality = chosen(plan, state)
    record = quality | {
        "steps": state.step,
        "skipped": state.step - state.updates,
        "seconds": round(seconds, 3),
        "seed": plan.seed,
    }
    sink.set_attrs(status="complete", **record)
    tree = sink.result()
    history = tree["training"].to_dataset().load().assign_attrs(tree.attrs)
    return Trained(flow, plan.action, history, record)
