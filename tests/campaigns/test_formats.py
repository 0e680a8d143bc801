"""Long campaign: gauge files of every format with 10,000 flipped bits each, every bit of our headers, and every cut.

Run with `pytest -n 0 -m slow tests/campaigns/test_formats.py -s`; it prints how many were refused, how many changed a
label alone, and how many went unseen, which happens to openQCD files only: they have no checksum.
"""

import pytest

from tests.ensembles.formats import damage

pytestmark = pytest.mark.slow
FLIPS = 10_000


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return damage.files(tmp_path_factory.mktemp("files"))


def tally(found):
    return {what: sum(o.what == what for _, o in found) for what in ("detected", "label", "silent")}


@pytest.mark.parametrize("name", damage.NAMES)
def test_flipped_bits(files, tmp_path, name):
    found = damage.flips(tmp_path / "file", files[name], FLIPS, seed=11)
    worst = max(o.change for _, o in found)
    print(f"\n{name}: {len(files[name])} bytes, {FLIPS} flips: {tally(found)}, largest change unseen {worst:.1e}")
    damage.assert_caught(name, found)


@pytest.mark.parametrize("name", [name for name in damage.NAMES if name.startswith("own")])
def test_every_bit_of_the_header_and_of_the_end_of_our_files(files, tmp_path, name):
    content = files[name]
    places = [*range(1500), *range(len(content) - 600, len(content))]
    damage.assert_caught(name, damage.flips_at(tmp_path / "file", content, places))


@pytest.mark.parametrize("name", damage.NAMES)
def test_cut_at_every_byte(files, tmp_path, name):
    found = damage.cuts(tmp_path / "file", files[name], range(len(files[name])))
    print(f"\n{name}: {len(found)} cuts: {tally(found)}")
    assert tally(found)["detected"] == len(found)
