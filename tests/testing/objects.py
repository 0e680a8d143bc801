"""Things to try the oracles on: a compact group, an action on it, a layer, and seeded faults of 1 %."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from latticekit.actions import Action
from latticekit.arrays import namespace
from latticekit.groups import Real
from latticekit.lattice import shift


@dataclass(frozen=True)
class Circle(Real):
    """Complex numbers of modulus one, exp(v) x = e^{iv} x: a group-valued field with real algebra elements."""

    def identity(self, shape, like):
        return namespace(like).ones(shape, dtype=like.dtype)

    def random(self, key, shape, like):
        xp = namespace(like)
        angle = key.uniform(shape, like) * (2 * np.pi)
        return xp.cos(angle) + xp.sin(angle) * 1j

    def random_algebra(self, key, like):
        return key.normal(tuple(like.shape), namespace(like).real(like))

    def translate(self, x, v):
        xp = namespace(x)
        return x * (xp.cos(v) + xp.sin(v) * 1j)

    def project(self, x):
        return x / namespace(x).abs(x)

    def defect(self, x):
        xp = namespace(x)
        return xp.max(xp.abs(xp.abs(x) - 1.0), axis=tuple(range(1, x.ndim)))


@dataclass(frozen=True)
class XY(Action):
    """S = -beta sum_{x, mu} Re conj(s(x)) s(x+mu)."""

    beta: float = 0.9
    group = Circle()

    def value(self, x):
        xp = namespace(x)
        bonds = sum(xp.real(xp.conj(x) * shift(x, mu)) for mu in range(x.ndim - 1))
        return -self.beta * xp.sum(bonds, axis=tuple(range(1, x.ndim)), dtype=xp.float64)

    def force(self, x):
        xp = namespace(x)
        around = sum(shift(x, mu, 1) + shift(x, mu, -1) for mu in range(x.ndim - 1))
        return self.beta * xp.imag(xp.conj(x) * around)


class Faulty(Action):
    """An action with one method replaced by f(action, its right result)."""

    def __init__(self, action: Action, **faults: Any) -> None:
        self.action, self.group, self.faults = action, action.group, faults

    def __repr__(self):
        return f"{self.action} with a fault in {', '.join(self.faults)}"

    def _after(self, name, result, *args):
        return self.faults[name](result, *args) if name in self.faults else result

    def value(self, x):
        return self._after("value", self.action.value(x), x)

    def force(self, x):
        return self._after("force", self.action.force(x), x)

    def evolve(self, x, p, schedule):
        return self._after("evolve", super().evolve(x, p, schedule), x, p)


@dataclass(frozen=True)
class Parameters:
    """Arrays by name, replaced and never mutated."""

    params: dict[str, Any]

    def with_params(self, params):
        return replace(self, params=params)


@dataclass(frozen=True)
class Bend(Parameters):
    """y = x + a sinh(b x) site by site with log-det sum log(1 + a b cosh(b x)); params a, b (1,)."""

    params: dict[str, Any] = field(default_factory=lambda: {"a": np.array([0.3]), "b": np.array([0.8])})

    def apply(self, x):
        a, b = self.params["a"], self.params["b"]
        y, slope = x + a * np.sinh(b * x), 1 + a * b * np.cosh(b * x)
        return y, np.sum(np.log(slope), axis=tuple(range(1, x.ndim))), (x, slope)

    def inverse(self, y):
        x = np.array(y)
        for _ in range(60):
            x = x - (self.apply(x)[0] - y) / self.apply(x)[2][1]
        return x, -self.apply(x)[1]

    def vjp(self, residuals, y_bar, log_det_bar):
        (x, slope), a, b = residuals, self.params["a"], self.params["b"]
        sinh, cosh = np.sinh(b * x), np.cosh(b * x)
        bar = per_site(log_det_bar, x) / slope
        x_bar = y_bar * slope + bar * a * b**2 * sinh
        a_bar = np.sum(y_bar * sinh + bar * b * cosh, keepdims=True).reshape(1)
        b_bar = np.sum(y_bar * a * x * cosh + bar * a * (cosh + b * x * sinh), keepdims=True).reshape(1)
        return x_bar, {"a": a_bar, "b": b_bar}

    def carry(self, residuals, zeta, weight):
        (x, slope), a, b = residuals, self.params["a"], self.params["b"]
        return (zeta - per_site(weight, x) * a * b**2 * np.sinh(b * x) / slope) / slope


@dataclass(frozen=True)
class Turn(Parameters):
    """theta -> theta + a sin(theta) on circles, log-det sum log(1 + a cos(theta)); params a (1,)."""

    params: dict[str, Any] = field(default_factory=lambda: {"a": np.array([0.4])})

    def apply(self, x):
        a = self.params["a"]
        return x * np.exp(1j * a * x.imag), np.sum(np.log(1 + a * x.real), axis=tuple(range(1, x.ndim))), (x,)

    def inverse(self, y):
        x = y
        for _ in range(80):
            x = y * np.exp(-1j * self.params["a"] * x.imag)
        return x, -self.apply(x)[1]

    def vjp(self, residuals, y_bar, log_det_bar):
        (x,), a, slope = residuals, self.params["a"], 1 + self.params["a"] * residuals[0].real
        bar = per_site(log_det_bar, x) / slope
        a_bar = np.sum(y_bar * x.imag + bar * x.real, keepdims=True).reshape(1)
        return y_bar * slope - bar * a * x.imag, {"a": a_bar}

    def carry(self, residuals, zeta, weight):
        (x,), a, slope = residuals, self.params["a"], 1 + self.params["a"] * residuals[0].real
        return (zeta + per_site(weight, x) * a * x.imag / slope) / slope


class Square:
    """U -> U U of SU(2) links, log-det sum log(2 (tr U)^2): the map 1 + Ad U of algebra elements."""

    def apply(self, x):
        trace = (x[:, :, 0, 0] + x[:, :, 1, 1]).real
        log_det = np.sum(np.log(2 * trace**2), axis=tuple(range(1, trace.ndim)))
        return np.einsum("cmij...,cmjk...->cmik...", x, x), log_det, (x,)


def per_site(values, x):
    """(chain,) as a factor of a field."""
    return values.reshape(-1, *(1,) * (x.ndim - 1))


def faulty(right, fault: str):
    """A layer of the same class and parameters with a fault of 1 % in one of its results, or with none."""

    @dataclass(frozen=True)
    class Wrong(type(right)):
        def __repr__(self):
            return f"{right} with a fault in {fault}"

        def apply(self, x):
            y, log_det, residuals = super().apply(x)
            return y, log_det * (1.01 if fault == "log_det" else 1.0), residuals

        def inverse(self, y):
            x, log_det = right.inverse(y)
            factor = {"inverse": (1.01, 1.0), "inverse log_det": (1.0, 1.01)}.get(fault, (1.0, 1.0))
            return x * factor[0], log_det * factor[1]

        def vjp(self, residuals, y_bar, log_det_bar):
            log_det_bar = log_det_bar * (1.01 if fault == "log_det_bar" else 1.0)
            x_bar, bars = super().vjp(residuals, y_bar, log_det_bar)
            bars = {name: bar * (1.01 if fault == name else 1.0) for name, bar in bars.items()}
            return x_bar * (1.01 if fault == "x_bar" else 1.0), bars

        def carry(self, residuals, zeta, weight):
            y_bar = super().carry(residuals, zeta, weight * (1.01 if fault == "carry weight" else 1.0))
            return y_bar * (1.01 if fault == "carry" else 1.0)

    return Wrong(right.params)
