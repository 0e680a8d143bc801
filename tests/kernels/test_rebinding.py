"""One text, several number types."""

import numpy as np
import pytest

from latticekit.kernels.cpu.target import DOUBLE, SINGLE, loop
from latticekit.kernels.site import Constant, Primitive, Site, Target, rebuilt
from latticekit.kernels.site.elementary import sin

HALF = Constant(0.5, single=0.25)


@Site
def plus_half(x):
    return x + HALF


@Site
def twice(x):
    return 2.0 * plus_half(x)


@Primitive
def unknown(x):
    return x


def test_a_formula_runs_as_plain_python():
    assert twice(1.0) == 3.0


def test_constants_and_literals_follow_the_precision():
    for target, expected in ((DOUBLE, 3.0), (SINGLE, 2.5)):
        result = twice.build(target)(np.float32(1.0))
        assert result == expected
    assert type(SINGLE.constant(0.1)) is np.float32
    assert SINGLE.constant(3) == 3
    assert SINGLE.constant(HALF) == np.float32(0.25)


def test_a_formula_is_compiled_once_per_target():
    assert sin.build(DOUBLE) is sin.build(DOUBLE)
    assert sin.build(DOUBLE) is not sin.build(SINGLE)


def test_closures_are_refused():
    shift = 1.0

    def formula(x):
        return x + shift

    with pytest.raises(TypeError, match="closures"):
        Site(formula)


def test_a_missing_primitive_is_named():
    with pytest.raises(LookupError, match="'empty' has no primitive 'unknown'"):
        unknown.build(Target("empty", {}, lambda f: f))


def test_names_are_bound_and_enter_the_cache_key():
    def body(x):
        return bound(x)  # noqa: F821

    copy = rebuilt(body, DOUBLE, bound=abs)
    assert copy(-2.0) == 2.0
    assert DOUBLE.name in copy.__qualname__


def test_loops_with_other_names_are_other_loops():
    def body(x):
        return x * factor  # noqa: F821

    assert [loop(body, factor=k)(3) for k in (2, 5)] == [6, 15]
