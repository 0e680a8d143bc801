"""How a flow is trained, as plain settings."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from latticekit.training.clipping import Clipping, RelativeNorm
from latticekit.training.estimator import GradientEstimator
from latticekit.training.optimisers import Adam, Optimiser
from latticekit.training.reverse import Path
from latticekit.training.schedules import Cosine, Schedule

_SMALL = 12  # extent up to which the larger batch is used


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training besides flow, target and seed.

    steps: updates of the parameters.  batch: fields per step.  average: decay of the running mean of the parameters
    (0: none).  patience: non-finite steps in a row after which the training stops.
    """

    steps: int
    batch: int = 128
    learning_rate: float = 1e-2
    estimator: GradientEstimator = field(default_factory=Path)
    optimiser: Optimiser = field(default_factory=Adam)
    schedule: Schedule = field(default_factory=Cosine)
    clipping: Clipping = field(default_factory=RelativeNorm)
    average: float = 0.998
    patience: int = 20

    def __post_init__(self) -> None:
        for name, least in (("steps", 1), ("batch", 2), ("patience", 1)):
            if not isinstance(getattr(self, name), int) or getattr(self, name) < least:
                raise ValueError(f"{name} must be a whole number >= {least}, got {getattr(self, name)!r}")
        if not (self.learning_rate > 0 and math.isfinite(self.learning_rate)):
            raise ValueError(f"learning_rate must be positive, got {self.learning_rate}")
        if not 0 <= self.average < 1:
            raise ValueError(f"average is the decay of a running mean, in [0, 1): got {self.average}")
        kinds = {"estimator": GradientEstimator, "optimiser": Optimiser, "schedule": Schedule, "clipping": Clipping}
        for name, kind in kinds.items():
            if not isinstance(getattr(self, name), kind):
                raise TypeError(f"{name} must be one of latticekit.training's, got {getattr(self, name)!r}")


def default_batch(sites: tuple[int, ...]) -> int:
    """128 up to 12 x 12, 64 beyond."""
    return 128 if max(sites) <= _SMALL else 64


def default_rate(sites: tuple[int, ...]) -> float:
    """Peak learning rate of Adam for continuous flows: 0.16 / L, at most 2e-2; 1e-2 diverges at L = 32."""
    return min(2e-2, 0.16 / max(sites))
