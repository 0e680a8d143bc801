"""Training as a sequence of pure steps: state, key -> state, report."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from latticekit.arrays import namespace, tree_items, tree_map
from latticekit.flows import Flow
from latticekit.flows.parameters import Tree
from latticekit.random import Key
from latticekit.training.estimator import Gradient
from latticekit.training.quality import quality
from latticekit.training.recipe import Recipe
from latticekit.training.targets import Target

Array = Any


class State(NamedTuple):
    """Where a training stands: trees of arrays, and plain numbers."""

    params: Tree
    moments: dict[str, Tree]
    """Of the optimiser."""
    average: Tree
    """Running mean of the parameters."""
    good: Tree
    """The last parameters at which loss and gradient were finite."""
    memory: dict[str, dict[str, float]]
    """Of the schedule and of the clipping."""
    step: int = 0
    updates: int = 0
    """Steps that were finite and changed the parameters."""
    failures: int = 0
    """Non-finite steps in a row."""


class Report(NamedTuple):
    """One step in numbers; a skipped one changed nothing."""

    loss: float
    ess: float
    acceptance_rate: float
    gradient_norm: float
    learning_rate: float
    skipped: bool


class TrainingError(FloatingPointError):
    """The loss or its gradient stays non-finite; `state` is the last one, `state.good` the last good parameters."""

    def __init__(self, message: str, state: State) -> None:
        super().__init__(message)
        self.state = state
        self.flow: Flow | None = None
        """The flow with the last good parameters, where a driver knows it."""


def begin(recipe: Recipe, params: Tree) -> State:
    """The state before the first step."""
    memory = {"schedule": recipe.schedule.init(), "clipping": recipe.clipping.init()}
    return State(params, recipe.optimiser.init(params), params, params, memory)


def fit(recipe: Recipe, flow: Flow, target: Target, key: Key, state: State) -> Iterator[tuple[State, Report]]:
    """Yield (state, report) after every step up to recipe.steps; step n uses key.at(n).

    A training that goes on from any of the states is the unbroken one, bit for bit.
    """
    while state.step < recipe.steps:
        state, report = train_step(recipe, flow, target, key.at(state.step), state)
        yield state, report
        if state.failures >= recipe.patience:
            raise TrainingError(
                f"the loss or its gradient was not finite in the last {state.failures} steps, up to step {state.step}: "
                "stopped, the last good parameters are kept. Use a smaller learning_rate, or check the action.",
                state,
            )


def train_step(recipe: Recipe, flow: Flow, target: Target, key: Key, state: State) -> tuple[State, Report]:
    """One step: a gradient, then an update if it is finite."""
    bound, action = target.at(flow.with_params(state.params), key)
    found = recipe.estimator.gradient(bound, action, key, recipe.batch)
    loss, norm = float(found.loss), tree_norm(found.params_bar)
    share = (state.step + 1) / recipe.steps
    rate = recipe.learning_rate * recipe.schedule.factor(share, state.memory["schedule"])
    if not (math.isfinite(loss) and math.isfinite(norm)):
        skipped = state._replace(step=state.step + 1, failures=state.failures + 1)
        return skipped, Report(loss, math.nan, math.nan, norm, rate, True)
    grade = quality(found.log_weights, recipe.estimator.reverse)
    return _updated(recipe, state, found, loss, norm, rate), Report(loss, *grade, norm, rate, False)


def _updated(recipe: Recipe, state: State, found: Gradient, loss: float, norm: float, rate: float) -> State:
    """The state after a finite step."""
    factor, clipping = recipe.clipping.factor(norm, state.memory["clipping"])
    count = state.updates + 1
    bars = tree_map(lambda bar: bar * factor, found.params_bar)
    params, moments = recipe.optimiser.update(state.params, bars, state.moments, count, rate)
    decay = min(recipe.average, count / (count + 9))  # young means forget the start sooner
    average = tree_map(lambda a, p: a * decay + p * (1 - decay), state.average, params)
    memory = {"schedule": recipe.schedule.observe(loss, state.memory["schedule"]), "clipping": clipping}
    return State(params, moments, average, state.params, memory, state.step + 1, count)


def tree_norm(tree: Tree) -> float:
    """Square root of the sum of all squares."""
    squares = [float(namespace(x).sum(x * x, dtype=namespace(x).float64)) for _, x in tree_items(tree)]
    return math.sqrt(sum(squares)) if squares else 0.0
