"""Rational-quadratic splines of 8 pieces on every site: nanoseconds per site and ratio to the reference."""

import numpy as np

import latticekit as lk
from benchmarks.bench_phi4 import _best
from latticekit.flows.knots import Spline
from latticekit.random import Key

SPLINE = Spline(8, -3.0, 3.0, False, 1e-2)
SHAPES = {"128 x 6^2": (128, 6, 6), "128 x 16^2": (128, 16, 16)}


class Splines:
    """Parameters: what is computed, fields, dtype."""

    params = (["forward", "inverse", "bend", "vjp"], list(SHAPES), ["float64", "float32"])
    param_names = ("function", "fields", "dtype")

    def setup(self, function, fields, dtype):
        lk.set_threads(1)
        like, shape = np.zeros(0, dtype), SHAPES[fields]
        x, y_bar = (Key(n).fold("start").normal(shape, like) for n in (1, 2))
        p = Key(3).fold("start").normal((shape[0], SPLINE.size, *shape[1:]), like)
        known = {"forward": (SPLINE.apply, x, p), "inverse": (SPLINE.inverse, x, p), "bend": (SPLINE.bend, x, p)}
        self.call, *self.arguments = (known | {"vjp": (SPLINE.vjp, x, p, y_bar, x)})[function]
        self.sites = x.size
        self.time_spline(function, fields, dtype)  # compiled before the clock starts

    def time_spline(self, function, fields, dtype):
        self.call(*self.arguments)

    def track_ns_per_site(self, function, fields, dtype):
        return _best(lambda: self.time_spline(function, fields, dtype)) * 1e9 / self.sites

    track_ns_per_site.unit = "ns"

    def track_speedup_over_reference(self, function, fields, dtype):
        fast = _best(lambda: self.time_spline(function, fields, dtype))
        with lk.kernels("reference"):
            return _best(lambda: self.time_spline(function, fields, dtype), repeats=2) / fast

    track_speedup_over_reference.unit = "x"
