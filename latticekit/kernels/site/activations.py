"""Activation functions and their slopes, without branches (references: `latticekit.flows.networks.activations`)."""

from __future__ import annotations

from typing import Any, NamedTuple

from latticekit.kernels.site.elementary import INVERSE_LN2, LN2_1, LN2_2, exp, exp_core, log
from latticekit.kernels.site.primitives import choose, clip, fma, power_of_two, rint
from latticekit.kernels.site.rebinding import Constant, Site

Number = Any
FAR = Constant(-40.0, single=-20.0)
"""exp y - 1 is -1 to rounding for y below."""
LEAK = 0.01
GELU_WIDTH = 1.5957691216057308
GELU_CUBIC = 0.044715


@Site
def tanh(x: Number) -> Number:
    """tanh x = -m / (2 + m), m = exp(-2|x|) - 1 = 2^k (exp r - 1) + 2^k - 1: relative error 3 ulp, exactly odd."""
    y = clip(choose(x, 0.0, x, -x) * 2.0, FAR, 0.0)
    k = rint(y * INVERSE_LN2)
    power = power_of_two(k)
    m = fma(power, exp_core(y - k * LN2_1 - k * LN2_2), power - 1.0)
    t = m / (2.0 + m)
    return choose(x, 0.0, t, -t)


@Site
def tanh_both(x: Number) -> tuple[Number, Number]:
    """tanh and 1 - tanh^2."""
    t = tanh(x)
    return t, 1.0 - t * t


@Site
def sigmoid_both(x: Number) -> tuple[Number, Number]:
    """s = 1/(1 + u) or u/(1 + u), u = exp(-|x|), and s (1 - s) = u/(1 + u)^2."""
    u = exp(choose(x, 0.0, x, -x))
    q = 1.0 / (1.0 + u)
    return choose(x, 0.0, u * q, q), u * q * q


@Site
def sigmoid(x: Number) -> Number:
    """1 / (1 + exp(-x))."""
    s, _ = sigmoid_both(x)
    return s


@Site
def silu(x: Number) -> Number:
    """x sigmoid(x)."""
    return x * sigmoid(x)


@Site
def silu_both(x: Number) -> tuple[Number, Number]:
    """x s and s + x s'."""
    s, slope = sigmoid_both(x)
    return x * s, s + x * slope


@Site
def softplus(x: Number) -> Number:
    """max(x, 0) + log(1 + u), u = exp(-|x|); the rounding of w = 1 + u is put back as (u - (w - 1)) / w."""
    u = exp(choose(x, 0.0, x, -x))
    w = 1.0 + u
    return choose(x, 0.0, 0.0, x) + (log(w) + (u - (w - 1.0)) / w)


@Site
def softplus_both(x: Number) -> tuple[Number, Number]:
    """softplus and sigmoid."""
    return softplus(x), sigmoid(x)


@Site
def gelu(x: Number) -> Number:
    """x sigmoid(a (x + b x^3))."""
    return x * sigmoid(GELU_WIDTH * (x + GELU_CUBIC * x * x * x))


@Site
def gelu_both(x: Number) -> tuple[Number, Number]:
    """gelu and its slope."""
    s, slope = sigmoid_both(GELU_WIDTH * (x + GELU_CUBIC * x * x * x))
    return x * s, fma(GELU_WIDTH * x * slope, 1.0 + 3.0 * GELU_CUBIC * x * x, s)


@Site
def leaky_relu(x: Number) -> Number:
    """x, or a hundredth of it where it is negative."""
    return choose(x, 0.0, LEAK * x, x)


@Site
def leaky_relu_both(x: Number) -> tuple[Number, Number]:
    """leaky_relu and its slope."""
    return leaky_relu(x), choose(x, 0.0, LEAK, 1.0 + 0.0 * x)


@Site
def identity(x: Number) -> Number:
    """x."""
    return x


@Site
def identity_both(x: Number) -> tuple[Number, Number]:
    """x and 1."""
    return x, 1.0 + 0.0 * x


class Curve(NamedTuple):
    """A function, and function and slope at once."""

    value: Site
    both: Site


CURVES = {
    "identity": Curve(identity, identity_both),
    "tanh": Curve(tanh, tanh_both),
    "sigmoid": Curve(sigmoid, sigmoid_both),
    "silu": Curve(silu, silu_both),
    "softplus": Curve(softplus, softplus_both),
    "gelu": Curve(gelu, gelu_both),
    "leaky_relu": Curve(leaky_relu, leaky_relu_both),
}
"""By name, as in the reference."""
