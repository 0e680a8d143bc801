"""Activation functions as data: a name, the function, its slope."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

from latticekit.arrays import namespace
from latticekit.flows.base import Residuals
from latticekit.flows.networks.base import Network, same_width
from latticekit.flows.parameters import Setting, Tree

Array = Any
LEAK = 0.01
"""Slope of leaky_relu at negative arguments."""
GELU = math.sqrt(8 / math.pi), 0.044715
"""gelu(x) = x sigmoid(GELU[0] (x + GELU[1] x^3))  (1606.08415, section 2: its form with tanh, rewritten)."""


class Curve(NamedTuple):
    """A function of one number and its derivative, elementwise; `odd`: f(-x) = -f(x)."""

    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    odd: bool = False


def _same(x: Array) -> Array:
    return x


def _one(x: Array) -> Array:
    return namespace(x).ones_like(x)


def _tanh(x: Array) -> Array:
    return namespace(x).tanh(x)


def _tanh_slope(x: Array) -> Array:
    t = _tanh(x)
    return 1.0 - t * t


def _sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)) = e / (1 + e) for negative x, e = exp(-|x|): no overflow, no cancellation."""
    xp = namespace(x)
    e = xp.exp(-xp.abs(x))
    return xp.where(x < 0.0, e, _one(x)) / (1.0 + e)


def _sigmoid_slope(x: Array) -> Array:
    e = namespace(x).exp(-namespace(x).abs(x))
    return e / ((1.0 + e) * (1.0 + e))


def _silu(x: Array) -> Array:
    return x * _sigmoid(x)


def _silu_slope(x: Array) -> Array:
    return _sigmoid(x) + x * _sigmoid_slope(x)


def _softplus(x: Array) -> Array:
    """log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|))."""
    xp = namespace(x)
    return 0.5 * (x + xp.abs(x)) + xp.log1p(xp.exp(-xp.abs(x)))


def _gelu(x: Array) -> Array:
    return x * _sigmoid(_gelu_inner(x))


def _gelu_inner(x: Array) -> Array:
    return GELU[0] * (x + GELU[1] * x * x * x)


def _gelu_slope(x: Array) -> Array:
    y = _gelu_inner(x)
    return _sigmoid(y) + GELU[0] * x * _sigmoid_slope(y) * (1.0 + 3.0 * GELU[1] * x * x)


def _leaky_relu(x: Array) -> Array:
    return namespace(x).where(x < 0.0, LEAK * x, x)


def _leaky_relu_slope(x: Array) -> Array:
    one = _one(x)
    return namespace(x).where(x < 0.0, LEAK * one, one)


CURVES = {
    "identity": Curve(_same, _one, odd=True),
    "tanh": Curve(_tanh, _tanh_slope, odd=True),
    "sigmoid": Curve(_sigmoid, _sigmoid_slope),
    "silu": Curve(_silu, _silu_slope),
    "softplus": Curve(_softplus, _sigmoid),
    "gelu": Curve(_gelu, _gelu_slope),
    "leaky_relu": Curve(_leaky_relu, _leaky_relu_slope),
}
"""Every activation by name.  All but leaky_relu are smooth, as forces of flows need."""


def check_activation(name: str) -> str:
    """The name itself, if it is one of the table."""
    if name not in CURVES:
        raise ValueError(f"unknown activation {name!r}: one of {', '.join(CURVES)}")
    return name


@dataclass(frozen=True)
class Activation(Network):
    """y = f(x) at every site and channel.  (chain, channel, *sites) -> the same

    function: tanh, sigmoid, silu, softplus, gelu, leaky_relu, identity.  As part of a `Convolution` it is cheaper.
    """

    function: str = "tanh"
    keeps: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_activation(self.function)

    @property
    def odd(self) -> bool:
        """Whether the function is."""
        return CURVES[self.function].odd

    def between(self, inputs: int, outputs: int = 0) -> Self:
        """Itself."""
        same_width(self, inputs, outputs)
        return self

    def init(self, setting: Setting) -> Self:
        """Itself: there are no parameters."""
        return self

    def apply(self, x: Array) -> tuple[Array, Residuals]:
        """f(x)."""
        return CURVES[self.function].value(x), x

    def vjp(self, residuals: Residuals, y_bar: Array) -> tuple[Array, Tree]:
        """y_bar f'(x)."""
        return y_bar * CURVES[self.function].slope(residuals), {}
