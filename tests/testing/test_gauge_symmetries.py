"""The oracle of gauge symmetries passes what is right and names what is broken."""

import numpy as np
import pytest

from latticekit.actions import Anisotropic, LuscherWeisz, OpenBoundary, Wilson
from latticekit.fields import gauge_transform_algebra, plaquette
from latticekit.groups import SU, U1
from latticekit.random import Key
from latticekit.testing import check_gauge_symmetries, gauge_symmetries
from latticekit.testing.gauge_symmetries import KINDS
from tests.fields.symmetries import conjugated, exchanged, reflected, translated
from tests.links import haar
from tests.testing.objects import Faulty

pytestmark = pytest.mark.usefixtures("reference")


@pytest.mark.parametrize("group", [U1(), SU(2), SU(3), SU(4)], ids=str)
@pytest.mark.parametrize("sites", [(4, 4), (3, 4, 3), (2, 2, 3, 2)])
def test_right_actions_pass(group, sites):
    x = haar(group, 2, sites)
    for action in (Wilson(group, 2.0), LuscherWeisz(group, 3.0)):
        assert check_gauge_symmetries(action, x) < 1e-13


@pytest.mark.parametrize("group", [U1(), SU(3)], ids=str)
def test_fields_are_mapped_as_written_out(group):
    """Against another implementation, and twice is once back."""
    x = haar(group, 2, (4, 4))
    found = gauge_symmetries(group, (4, 4))
    assert len(found) == 1 + 2 + 2 + 1 + 1
    expected = {
        "translation 1": translated(x, 1),
        "reflection 0": reflected(x, 0),
        "exchange 0,1": exchanged(x, 0, 1),
        "conjugation": conjugated(x),
    }
    for name, y in expected.items():
        np.testing.assert_allclose(found[name].field(x), y, atol=1e-14)
    for name in ("reflection 0", "reflection 1", "exchange 0,1", "conjugation"):
        np.testing.assert_allclose(found[name].field(found[name].field(x)), x, atol=1e-14)


@pytest.mark.parametrize("group", [U1(), SU(2), SU(3)], ids=str)
def test_algebra_elements_go_with_their_links(group):
    """g(exp(v) x) = exp(v') g(x), for every symmetry."""
    x = haar(group, 2, (4, 4))
    v = group.random_algebra(Key(2), x)
    for one in gauge_symmetries(group, (4, 4)).values():
        together = one.field(group.translate(x, v))
        apart = group.translate(one.field(x), one.algebra(v, x))
        np.testing.assert_allclose(group.matrices(together), group.matrices(apart), atol=1e-13)


def test_gauge_transformations_turn_loops_and_algebra_alike():
    group, x = SU(2), haar(SU(2), 2, (4, 4))
    one = gauge_symmetries(group, (4, 4), ("gauge",))["gauge"]
    traces = [np.einsum("cii...->c...", plaquette(y, 0, 1)) for y in (x, one.field(x))]
    np.testing.assert_allclose(*traces, atol=1e-13)
    assert np.max(abs(one.field(x) - x)) > 0.5
    g = haar(group, 2, (4, 4), seed=5)[:, 0]
    v = group.random_algebra(Key(2), x)
    np.testing.assert_allclose(
        group.inner(gauge_transform_algebra(v, g), v), group.inner(v, gauge_transform_algebra(v, g))
    )


def uneven(x):
    """One per cent more of the plaquettes of a single site."""
    return 0.01 * np.einsum("cii...->c...", plaquette(x, 0, 1)).real[:, 0, 0]


def colour(x):
    """A function of links that is not gauge invariant."""
    return 1e-3 * x[:, 0, 0, 0].real.sum(axis=(1, 2))


def sense(x):
    """A function of plaquettes that is odd under conjugation: Im tr P of SU(3)."""
    return 0.01 * np.einsum("cii...->c...", plaquette(x, 0, 1)).imag.sum(axis=(1, 2))


@pytest.mark.parametrize(
    ("fault", "kind"),
    [(uneven, "translation"), (colour, "gauge"), (sense, "conjugation"), (sense, "reflection"), (sense, "exchange")],
)
def test_a_broken_symmetry_is_caught(fault, kind):
    x = haar(SU(3), 2, (4, 4))
    action = Faulty(Wilson(SU(3), 3.0), value=lambda s, x: s + fault(x))
    with pytest.raises(AssertionError, match=f"value of .* under '{kind}"):
        check_gauge_symmetries(action, x, (kind,))


@pytest.mark.parametrize("kind", KINDS)
def test_a_force_that_does_not_turn_along_is_caught(kind):
    x = haar(SU(3), 2, (4, 4))
    bent = np.linspace(1.0, 1.01, 2 * 8 * 16).reshape(2, 8, 4, 4)
    action = Faulty(Wilson(SU(3), 3.0), force=lambda f, x: f * bent + 0.01)
    with pytest.raises(AssertionError, match=f"force of .* under '{kind}"):
        check_gauge_symmetries(action, x, (kind,))


def test_couplings_break_what_they_should():
    x = haar(SU(2), 2, (4, 4, 4))
    check_gauge_symmetries(Wilson(SU(2), 2.0, Anisotropic(2.0)), x, axes=(1, 2))
    with pytest.raises(AssertionError, match="exchange 0,1"):
        check_gauge_symmetries(Wilson(SU(2), 2.0, Anisotropic(2.0)), x, ("exchange",))
    check_gauge_symmetries(Wilson(SU(2), 2.0, OpenBoundary()), x, axes=(1, 2))
    with pytest.raises(AssertionError, match="translation 0"):
        check_gauge_symmetries(Wilson(SU(2), 2.0, OpenBoundary()), x, ("translation",))
