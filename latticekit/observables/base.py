"""The protocol of an observable: one number or correlator per configuration."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from latticekit.groups import Group

Array = Any


class Observable(ABC):
    """One number or correlator per configuration, with the labels it is stored under."""

    name: ClassVar[str]
    """The variable it becomes in an ensemble: the class name in snake case."""
    costly: ClassVar[bool] = False
    """Whether it may cost more than an update, so that warmup goes without it."""
    dims: ClassVar[tuple[str, ...]] = ()
    """Dimensions beyond chain and draw."""
    long_name: ClassVar[str]
    units: ClassVar[str] = "1"
    symbol: ClassVar[str]
    """LaTeX, without dollars."""

    @abstractmethod
    def measure(self, x: Array) -> Array:
        """The observable on every chain, float64 or complex128.  field -> (chain, *dims)"""

    def coords(self, sites: tuple[int, ...]) -> dict[str, np.ndarray]:
        """Coordinate values of each of `dims` on these sites."""
        return {}

    def of(self, action: Any) -> Observable:
        """The observable of a run with this action; few need it."""
        return self

    def unsuited(self, group: Group, sites: tuple[int, ...]) -> str:
        """Why there is no such observable of a field of this group on these sites; "" if there is."""
        return ""

    def attributes(self) -> dict[str, str]:
        """What is written beside the numbers."""
        return {"long_name": self.long_name, "units": self.units, "symbol": self.symbol}
