"""Small flows to sample with: one that is poor on purpose, one whose density lies, one that breaks now and then."""

from __future__ import annotations

from dataclasses import dataclass

import array_api_strict as strict
import numpy as np

from latticekit.arrays import namespace
from latticekit.flows import Flow, Layer, Normal
from latticekit.flows.base import per_chain


@dataclass(frozen=True)
class Stretch(Layer):
    """y = factor x + bend x^3 at every site: invertible, simple, far from any action."""

    factor: float = 0.7
    bend: float = 0.05

    def apply(self, x):
        """y, log_det."""
        slope = self.factor + (3 * self.bend) * (x * x)
        return (self.factor + self.bend * (x * x)) * x, self._log_det(slope), (x,)

    def inverse(self, y):
        """Newton's method."""
        x = y * (1 / self.factor)
        for _ in range(40):
            miss = (self.factor + self.bend * (x * x)) * x - y
            if float(namespace(y).max(namespace(y).abs(miss))) < 1e-14:
                break
            x = x - miss / (self.factor + (3 * self.bend) * (x * x))
        return x, -self._log_det(self.factor + (3 * self.bend) * (x * x))

    def _log_det(self, slope):
        xp = namespace(slope)
        return xp.sum(xp.log(slope), axis=tuple(range(1, slope.ndim)), dtype=xp.float64)

    def vjp(self, residuals, y_bar, log_det_bar):
        """Not trained here, but right."""
        (x,) = residuals
        slope = self.factor + (3 * self.bend) * (x * x)
        return slope * y_bar + per_chain(log_det_bar, x) * (6 * self.bend) * x / slope, {}

    def carry(self, residuals, zeta, weight):
        """The inverse of vjp."""
        (x,) = residuals
        slope = self.factor + (3 * self.bend) * (x * x)
        return (zeta - per_chain(weight, x) * (6 * self.bend) * x / slope) / slope


class Lying(Stretch):
    """Its log_det is wrong by 1 % of the log density of a normal x, log q = -x^2 / 2."""

    def _log_det(self, slope):
        square = (slope - self.factor) * (1 / (3 * self.bend))
        return super()._log_det(slope) + namespace(slope).sum(square, axis=tuple(range(1, slope.ndim))) * 0.005


class Breaking(Stretch):
    """Returns nan for every field whose first site is above 1: to be caught, never averaged."""

    def apply(self, x):
        """As Stretch, or nan."""
        y, log_det, residuals = super().apply(x)
        xp = namespace(x)
        bad = xp.reshape(x, (x.shape[0], -1))[:, 0] > 1
        return y, xp.where(bad, xp.full_like(log_det, float("nan")), log_det), residuals


def poor(sites, layer=None, dtype="float64", library=np, scale=1.0):
    """A flow that is not trained.  With library = strict its arrays are those of array_api_strict."""
    like = strict.zeros(0, dtype=strict.float64) if library is strict else np.zeros(0, dtype)
    return Flow(layer or Stretch(), Normal(scale), tuple(sites), like)


@dataclass(frozen=True)
class Shifted(Layer):
    """y = factor x + by: sits in one well."""

    by: float = 1.0
    factor: float = 0.4

    def apply(self, x):
        """y, log_det."""
        return x * self.factor + self.by, Layer.defect(self, x) + x[0, ...].size * float(np.log(self.factor)), ()

    def inverse(self, y):
        """x."""
        return (y - self.by) * (1 / self.factor), Layer.defect(self, y) - y[0, ...].size * float(np.log(self.factor))

    def vjp(self, residuals, y_bar, log_det_bar):
        """Linear."""
        return y_bar * self.factor, {}

    def carry(self, residuals, zeta, weight):
        """Linear."""
        return zeta * (1 / self.factor)
