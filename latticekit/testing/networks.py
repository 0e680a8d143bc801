"""Is the hand-written vjp of a network right?"""

from __future__ import annotations

from typing import Any

from latticekit.arrays import namespace
from latticekit.random import Key
from latticekit.testing.layers import check_vjp

Array = Any


class _AsLayer:
    """A network as a map with log-det 0, as `check_vjp` takes it."""

    def __init__(self, network: Any) -> None:
        self.network = network

    def __str__(self) -> str:
        return str(self.network)

    @property
    def params(self) -> Any:
        return self.network.params

    def with_params(self, params: Any) -> _AsLayer:
        return _AsLayer(self.network.with_params(params))

    def apply(self, x: Array) -> tuple[Array, Array, Any]:
        y, residuals = self.network.apply(x)
        return y, namespace(y).zeros_like(y), residuals

    def vjp(self, residuals: Any, y_bar: Array, log_det_bar: Array) -> tuple[Array, Any]:
        return self.network.vjp(residuals, y_bar)


def check_network(
    network: Any,
    x: Array,
    *,
    directions: int = 3,
    tolerance: float = 1e-9,
    step: float = 4e-4,
    key: Key | None = None,
) -> float:
    """Worst relative error of vjp against differences of sum(y_bar y), for x and every parameter.

    x: features (chain, channel, *sites), any shape the network takes; step: of the differences.  -> number
    """
    return check_vjp(_AsLayer(network), x, directions=directions, tolerance=tolerance, step=step, key=key)
