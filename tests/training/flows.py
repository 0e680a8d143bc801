"""Small flows, targets and exact samples for tests of training."""

import numpy as np

import latticekit as lk
from latticekit.arrays import tree_items, tree_map
from latticekit.flows import Flow, FourierScale, Sequential
from latticekit.flows.free_field import FreeField
from latticekit.random import Key
from latticekit.training import Samples
from tests.training.layers import SinhArcsinh

PHI4 = lk.Phi4(mass_squared=-1.0, coupling=0.6)
FREE = lk.FreeScalar(mass_squared=0.7)


def bent(sites=(4, 2), action=FREE, start=0.15, **where):
    """A nonlinear flow with a handful of parameters."""
    return Flow.init(Sequential((SinhArcsinh(start), FourierScale())), sites, action=action, **where)


def free_samples(n, sites=(4, 2), seed=3):
    """Exact fields of FREE."""
    x, _ = FreeField(FREE.mass_squared).draw(Key(seed), n, sites, np.zeros(0))
    return Samples(x)


def moved(flow, names_to_steps):
    """The flow with some parameters displaced."""
    names = iter([name for name, _ in tree_items(flow.params)])
    return flow.with_params(tree_map(lambda p: p + names_to_steps.get(next(names), 0.0), flow.params))


def vector(tree):
    """All leaves, one after the other."""
    return np.concatenate([np.asarray(leaf).reshape(-1) for _, leaf in tree_items(tree)])
