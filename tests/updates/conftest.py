"""Runs of small systems against exact values, on the reference code (kernels are compared with it elsewhere)."""

from functools import cache

import numpy as np
import pytest

from latticekit.arrays import using_kernels
from latticekit.random import Key
from latticekit.updates import State

NAMES = ("action", "phi_squared", "phi_fourth", "abs_magnetization", "susceptibility")


@pytest.fixture
def reference():
    """Run the Array-API references."""
    with using_kernels("reference"):
        yield


def measured(state):
    """Observables of NAMES per chain.  -> (5, chain)"""
    x, axes = state.x, tuple(range(1, state.x.ndim))
    m = x.mean(axis=axes)
    return np.stack([state.action, (x**2).mean(axis=axes), (x**4).mean(axis=axes), abs(m), m**2 * x[0].size])


def run(update, sites, *, chains=2000, warmup=60, draws=80, seed=1):
    """Mean over draws per chain after a start of small normal fields.  -> (5, chain)"""
    key = Key(seed)
    state = update.init(0.5 * key.fold("start").normal((chains, *sites), np.zeros(0)))
    for n in range(warmup):
        state, info = update.step(state, key.at(n))
        state = update.tune(state, info)
    state, total = update.settle(state), 0.0
    for n in range(warmup, warmup + draws):
        state, _ = update.step(state, key.at(n))
        total = total + measured(state)
    return total / draws


@cache
def known(action, sites):
    """Exact values of NAMES.  -> (5,)"""
    if sites == (2, 2):
        return quadrature(action)
    exact = action.exact(sites)
    return np.array([exact[name] for name in NAMES])


def quadrature(action, points=36, cut=2.6):
    """Exact values on 2x2 sites by the trapezoidal rule in four dimensions.  -> (5,)"""
    phi = np.linspace(-cut, cut, points)
    x = np.stack(np.meshgrid(phi, phi, phi, phi, indexing="ij"), axis=-1).reshape(-1, 2, 2)
    value = action.value(x)
    weight = np.exp(value.min() - value)
    return measured(State(x, value)) @ weight / weight.sum()


@pytest.fixture
def pulls(reference):
    """pulls(update, sites, ...) -> z of each observable against its exact value, and relative error of <phi^2>."""

    def compare(update, sites, **settings):
        means = run(update, sites, **settings)
        exact = known(update.action, sites)
        error = means.std(axis=1, ddof=1) / np.sqrt(means.shape[1])
        return (means.mean(axis=1) - exact) / error, error[1] / exact[1]

    return compare
