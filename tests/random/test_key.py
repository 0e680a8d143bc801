"""Keys: equal bits on every library, counters that never repeat, guards that raise."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latticekit.arrays import backend
from latticekit.random import PURPOSES, Key, philox4x32
from latticekit.random.philox import uniform_double

DOUBLE, SINGLE = np.zeros(0), np.zeros(0, "float32")
EDGE = Key(2**64 - 1, step=2**32 - 1, purpose=255, draw=2**32 - 1, chain=2**24 - 8)


@pytest.mark.parametrize("key", [Key(0), Key(5, step=2, purpose=3, draw=4, chain=1), EDGE])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("shape", [(3,), (2, 1), (3, 7), (2, 4, 5)])
def test_same_bits_on_every_library(kernels, key, dtype, shape):
    strict = backend("array_api_strict")
    ours = key.uniform(shape, np.zeros(0, dtype))
    theirs = key.uniform(shape, strict.zeros((0,), dtype=getattr(strict, dtype)))
    assert ours.dtype == dtype
    assert ours.shape == shape
    np.testing.assert_array_equal(ours, np.asarray(theirs))


def test_same_normals_to_rounding(kernels):
    strict = backend("array_api_strict")
    ours = Key(4).normal((3, 50), DOUBLE)
    np.testing.assert_allclose(ours, np.asarray(Key(4).normal((3, 50), strict.zeros(0))), rtol=1e-13, atol=1e-14)


def test_numbers_come_from_the_documented_counters(kernels):
    key = Key(2**40 + 17, step=9, purpose=6, draw=2, chain=5)
    u = key.uniform((2, 3), DOUBLE)
    for chain, element in itertools.product(range(2), range(3)):
        counter = (element % 2, 2, 9, 6 * 2**24 + 5 + chain)  # h = ceil(3 / 2) = 2
        words = philox4x32(counter, (17, 2**8))
        high, low = words[:2] if element < 2 else words[2:]
        expected = uniform_double(np.asarray([high], np.uint64), np.asarray([low], np.uint64))[0]
        assert u[chain, element] == expected


def test_single_precision_shares_the_leading_bits(kernels):
    u, v = Key(1).uniform((2, 100), DOUBLE), Key(1).uniform((2, 100), SINGLE)
    assert np.max(np.abs(u - v)) <= 2.0**-24


def test_chains_do_not_depend_on_how_they_are_spread(kernels):
    whole = Key(3, chain=4).normal((6, 9), DOUBLE)
    parts = [Key(3, chain=4 + i).normal((n, 9), DOUBLE) for i, n in ((0, 1), (1, 3), (4, 2))]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_one_number_for_all_chains_does_not_depend_on_the_first_chain(kernels):
    assert Key(3).number() == Key(3, chain=17).number() == Key(3).uniform((1,), DOUBLE)[0]


def test_asking_changes_nothing(kernels):
    key = Key(3)
    np.testing.assert_array_equal(key.uniform((2, 2), DOUBLE), key.uniform((2, 2), DOUBLE))
    with pytest.raises(dataclasses.FrozenInstanceError):
        key.seed = 4


def test_every_field_of_a_key_matters(kernels):
    base = Key(3, step=1, purpose=1, draw=1, chain=1)
    others = [dataclasses.replace(base, **{f.name: 2}) for f in dataclasses.fields(Key)]
    others += [dataclasses.replace(base, seed=3 + 2**32), base.fold("momentum"), base.at(7), base.part(1, 3)]
    seen = {key.uniform((1, 1), DOUBLE).item() for key in [base, *others]}
    assert len(seen) == len(others) + 1


@pytest.mark.parametrize(
    ("field", "value"),
    [("seed", 2**64), ("seed", -1), ("step", 2**32), ("draw", 2**32), ("purpose", 256), ("chain", 2**24), ("step", -1)],
)
def test_overflow_of_a_counter_raises(field, value):
    with pytest.raises(OverflowError, match=f"{field} = {value} "):
        Key(**{"seed": 0, field: value})


@pytest.mark.parametrize("value", [1.0, "1", None])
def test_whole_numbers_only(value):
    with pytest.raises(TypeError, match="integer"):
        Key(value)


def test_numpy_integers_are_welcome():
    key = Key(np.int64(3), step=np.uint32(2**31))
    assert key == Key(3, step=2**31)
    with pytest.raises(OverflowError, match="step = "):
        key.part(1, 2)


def test_guards_of_derived_keys_and_shapes(kernels):
    with pytest.raises(OverflowError, match="step"):
        Key(0, step=2**31).part(1, 2)
    with pytest.raises(ValueError, match="index"):
        Key(0).part(2, 2)
    with pytest.raises(OverflowError, match="chains must stay below"):
        Key(0, chain=2**24 - 2).uniform((3, 1), DOUBLE)
    with pytest.raises(OverflowError, match="2\\^33"):
        Key(0).uniform((1, 2**33), DOUBLE)
    with pytest.raises(ValueError, match="shape"):
        Key(0).uniform((), DOUBLE)
    with pytest.raises(ValueError, match="unknown purpose"):
        Key(0).fold("momenta")
    with pytest.raises(OverflowError, match="purpose"):
        Key(0).fold(300)


def test_purposes_are_distinct():
    assert len(set(PURPOSES.values())) == len(PURPOSES)
    assert max(PURPOSES.values()) < 128


@given(st.integers(0, 2**20), st.integers(0, 2**20), st.integers(1, 5), st.data())
def test_parts_of_steps_never_collide(a, b, parts, data):
    i, j = (data.draw(st.integers(0, parts - 1)) for _ in range(2))
    assert (Key(0, step=a).part(i, parts) == Key(0, step=b).part(j, parts)) == ((a, i) == (b, j))


@given(*[st.tuples(st.integers(0, 255), st.integers(0, 2**24 - 1))] * 2)
def test_packing_of_purpose_and_chain_is_unique(a, b):
    (purpose_a, chain_a), (purpose_b, chain_b) = a, b
    words = [purpose * 2**24 + chain for purpose, chain in (a, b)]
    assert max(words) < 2**32
    assert (words[0] == words[1]) == ((purpose_a, chain_a) == (purpose_b, chain_b))
