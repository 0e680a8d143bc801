"""A small layer for tests of training: nonlinear, invertible in closed form, with one parameter."""

from dataclasses import dataclass, replace

from latticekit.arrays import namespace
from latticekit.flows import Layer
from latticekit.flows.base import per_chain, sum_chains


@dataclass(frozen=True)
class SinhArcsinh(Layer):
    """y = sinh(e^t arcsinh x) site by site."""

    start: float = 0.0

    def init(self, setting):
        """t = start."""
        xp = namespace(setting.like)
        return replace(self, own={"t": xp.full((1,), self.start, dtype=setting.like.dtype)})

    def _scale(self):
        t = self.own["t"]
        return namespace(t).exp(t[0])

    def apply(self, x):
        """sinh(s arcsinh x)"""
        xp, s = namespace(x), self._scale()
        u = s * xp.asinh(x)
        density = xp.log(s * xp.cosh(u)) - 0.5 * xp.log(1.0 + x * x)
        return xp.sinh(u), sum_chains(density), (x, u)

    def inverse(self, y):
        """sinh(arcsinh(y) / s)"""
        xp = namespace(y)
        x = xp.sinh(xp.asinh(y) / self._scale())
        return x, -self.apply(x)[1]

    def _slopes(self, residuals):
        """dy/dx and d log(dy/dx)/dx."""
        x, u = residuals
        xp, s, root = namespace(x), self._scale(), (1.0 + x * x) ** 0.5
        return s * xp.cosh(u) / root, s * xp.tanh(u) / root - x / (1.0 + x * x)

    def vjp(self, residuals, y_bar, log_det_bar):
        """By hand."""
        x, u = residuals
        xp, weight = namespace(x), per_chain(log_det_bar, x)
        first, second = self._slopes(residuals)
        t_bar = y_bar * xp.cosh(u) * u + weight * (1.0 + xp.tanh(u) * u)
        return y_bar * first + weight * second, {"t": xp.reshape(xp.sum(t_bar), (1,))}

    def carry(self, residuals, zeta, weight):
        """J^-T (zeta - weight d log_det)"""
        first, second = self._slopes(residuals)
        return (zeta - per_chain(weight, zeta) * second) / first
