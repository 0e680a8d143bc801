"""Long campaign: topological freezing of U(1) on 16 x 16, solved by a trained flow.  About three CPU minutes.

Run with `pytest -m slow tests/campaigns/test_u1_flows.py -s`.  Nine pulls beyond 4 sigma and three chi^2 beyond 1e-4
have a false-alarm rate of 9e-4.
"""

from __future__ import annotations

import pytest

from benchmarks.u1_freezing import RIVALS, line, row, worst

pytestmark = pytest.mark.slow


def test_the_flow_does_not_freeze():
    """beta = 7, three seeds, the worst: acceptance, ESS, exact values, every sector, and 100 times cheaper charges."""
    found, rivals = line(7.0, 16, [1, 2, 3], 1200, 256)
    one = worst(found)
    print("\n" + row(7.0, one, rivals))
    assert one.ess >= 0.3
    assert one.acceptance >= 0.4
    assert max(one.plaquette, one.charge_squared, one.log_z) < 4
    assert one.p_value > 1e-4
    for name in RIVALS:
        tau, _, seconds = rivals[name]  # measured, or bounded from below
        assert tau * seconds >= 100 * one.tau * one.sampling, name
