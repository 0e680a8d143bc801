"""Flows as flow.toml names them: each is a function of plain settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from latticekit.flows import NICE, ContinuousFlow, CouplingFlow, NeuralSpline, RealNVP

FLOWS: dict[str, Callable[..., Any]] = {
    "continuous": ContinuousFlow,
    "coupling_flow": CouplingFlow,
    "real_nvp": RealNVP,
    "nice": NICE,
    "neural_spline": NeuralSpline,
}
"""flow = ... -> what builds the layer; its parameters are the keys of the section of that name."""
