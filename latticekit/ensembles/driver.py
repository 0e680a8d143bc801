"""`sample`: from an update to a labelled, resumable ensemble in one line."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import xarray as xr

from latticekit.arrays import namespace, to_host, tree_from_items, tree_items, tree_map
from latticekit.ensembles.faults import StoreError
from latticekit.ensembles.memory import Memory, joined_blocks
from latticekit.ensembles.plan import Plan, make_plan
from latticekit.ensembles.progress import Monitor, Progress, progress_of
from latticekit.ensembles.recorder import Recorder, defect
from latticekit.ensembles.store import Store
from latticekit.observables import Observable
from latticekit.samplers import chain
from latticekit.updates import State, Update

_COMMIT_SECONDS = 1.0


def sample(
    update: Update,
    lattice: Sequence[int],
    *,
    chains: int = 4,
    draws: int = 1000,
    warmup: int = 200,
    thin: int = 1,
    seed: int = 0,
    observables: Sequence[str | Observable] | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    progress: bool | Progress | None = None,
    backend: str = "numpy",
    dtype: str = "float64",
    start: Any = "cold",
    configurations: int = 0,
    attributes: dict[str, str | int | float] | None = None,
) -> xr.DataTree:
    """Run Markov chains of an update and return the labelled ensemble, dims (chain, draw, ...).

    update: what makes one step, e.g. `lk.HMC(action, trajectory_length=1.0, steps=10)`.
    lattice: extents, slowest (time) first.  chains: independent, computed together.
    draws: recorded per chain, each after `thin` updates.  warmup: updates before the first draw; the update may
    tune itself there and nowhere else.
    seed: names all random numbers; equal settings give equal bits, whatever the threads, blocks or restarts.
    observables: names or Observable objects; the action is always recorded.  Default for a scalar field:
    magnetization, |magnetization|, phi^2, phi^4, two-point function; for links: plaquette, Polyakov loop, and in two
    dimensions the topological charge.  configurations: keep every n-th field (0: none).
    out: a Zarr store to write while running; `kill -9` loses no committed draw (commits about once a second).
    resume: continue the store up to `draws`, bit-identical to a run without a break; a missing store is begun.
    progress: True, False, a callable (done, total, report), or None for a bar on a terminal only.
    start: "cold", "hot" or an array (chain, ..., *sites).
    attributes: notes of your own for the root of the ensemble.
    """
    settings = {"chains": chains, "warmup": warmup, "thin": thin, "seed": seed, "backend": backend, "dtype": dtype}
    plan = make_plan(update, lattice, observables, start=start, configurations=configurations, **settings)
    if draws < 1:
        raise ValueError(f"draws must be at least 1, got {draws}")
    show = progress_of(progress, "sampling")
    with closing(_sink(plan, out, resume, attributes or {})) as sink:
        try:
            _run(plan, sink, draws, Monitor(show, draws))
        finally:
            getattr(show, "close", lambda: None)()
        return sink.result()


def _sink(plan: Plan, out: str | Path | None, resume: bool, notes: dict[str, Any]) -> Memory | Store:
    attributes = plan.attributes() | notes
    if out is None:
        if resume:
            raise ValueError("resume = True needs out = the path of the store to continue")
        return Memory(attributes)
    if resume and Path(out).exists():
        store = Store.resume(out, plan.fingerprint, attributes)
        store.set_attrs(**notes)
        return store
    return Store.create(out, attributes, plan.fingerprint)


def _run(plan: Plan, sink: Memory | Store, draws: int, monitor: Monitor) -> None:
    state, done = plan.initial(), sink.draws
    if done is None:
        state, done = _warm_up(plan, state, sink, monitor), 0
    else:
        state = _restored(state, sink.state())
        sink.set_attrs(status="running")
    _produce(plan, state, sink, done, draws, monitor)
    sink.set_attrs(status="complete")


def _warm_up(plan: Plan, state: State, sink: Memory | Store, monitor: Monitor) -> State:
    recorder, groups = Recorder(plan, "warmup_"), []
    steps = chain(plan.update, state, plan.key, plan.warmup, tune=True)
    for done, (state, info) in enumerate(steps, start=1):
        recorder.add(state, info)
        monitor.warming_up(done / plan.warmup)
        if recorder.full:
            groups.append(recorder.take())
    groups.append(recorder.take())
    state = plan.update.settle(state)
    sink.commit(_joined(groups), _arrays(state), draws=0)
    return state


def _joined(blocks: list[dict[str, xr.Dataset]]) -> dict[str, xr.Dataset]:
    names = dict.fromkeys(name for block in blocks for name in block)
    return {name: joined_blocks([block[name] for block in blocks if name in block]) for name in names}


def _produce(plan: Plan, state: State, sink: Memory | Store, done: int, draws: int, monitor: Monitor) -> None:
    recorder, due = Recorder(plan), time.monotonic() + _COMMIT_SECONDS
    recorder.first = done
    steps = chain(plan.update, state, plan.key, draws - done, first=plan.warmup + done * plan.thin, thin=plan.thin)
    for state, info in steps:
        recorder.add(state, info)
        if recorder.full or time.monotonic() > due:
            _commit(recorder, state, sink, monitor)
            due = time.monotonic() + _COMMIT_SECONDS
    _commit(recorder, state, sink, monitor)
    sink.set_attrs(group_defect=defect(plan.update.action.group, state.x), **plan.update.report(state))


def _commit(recorder: Recorder, state: State, sink: Memory | Store, monitor: Monitor) -> None:
    groups = recorder.take()
    if groups:
        sink.commit(groups, _arrays(state), draws=recorder.first)
        monitor.block(groups, recorder.first)


def _arrays(state: State) -> dict[str, Any]:
    return {name: to_host(leaf) for name, leaf in tree_items(state)}


def _restored(like: State, arrays: dict[str, Any]) -> State:
    """The stored state with the types, namespace and device of a fresh one."""
    if not arrays:
        raise StoreError("this store is a copy without the state of its chains: it can be read, but not continued")
    xp = namespace(like.x)

    def converted(leaf: Any, stored: Any) -> Any:
        return type(leaf)(stored) if isinstance(leaf, (int, float)) else xp.asarray(stored, dtype=leaf.dtype)

    stored = tree_from_items(like, arrays)
    return tree_map(converted, like, stored)
