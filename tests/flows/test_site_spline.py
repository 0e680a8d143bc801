"""One curve for all sites."""

import numpy as np
import pytest

from latticekit.flows import CouplingFlow, FourierScale, Setting, SiteSpline
from latticekit.random import Key
from tests.cases import field
from tests.cases.layers import LAYERS, initialised

pytestmark = pytest.mark.usefixtures("reference")


def test_the_same_curve_everywhere_and_none_outside():
    layer = initialised(LAYERS["site spline"])
    x = np.linspace(-4.0, 4.0, 33).reshape(1, 33)
    y, log_det, _ = layer.apply(x)
    assert np.array_equal(np.roll(y, 5), layer.apply(np.roll(x, 5))[0])
    assert np.array_equal(y[np.abs(x) >= 3], x[np.abs(x) >= 3])
    assert np.all(np.diff(y) > 0)
    assert y == pytest.approx(-y[:, ::-1], abs=1e-14), "odd unless it is told not to be"
    each = [layer.apply(x[:, n : n + 1])[1][0] for n in range(33)]
    assert log_det[0] == pytest.approx(sum(each), abs=1e-12)


def test_starts_from_nothing():
    x, setting = field(2, 4, 4), Setting((4, 4), np.zeros(0), Key(1))
    y, log_det, _ = SiteSpline().init(setting).apply(x)
    assert y == pytest.approx(x, abs=1e-14)
    assert log_det == pytest.approx(np.zeros(2), abs=1e-12)
    assert np.max(np.abs(FourierScale(gaussian=False).init(setting).own["a"])) == 0


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: SiteSpline(1), "at least 2 bins"),
        (lambda: SiteSpline(reach=0.0), "must be positive"),
        (lambda: SiteSpline(least=1.0), "between 0 and 1"),
        (lambda: CouplingFlow(0), "at least 1 block"),
    ],
)
def test_bad_input_says_what_to_do(wrong, says):
    with pytest.raises(ValueError, match=says):
        wrong()
