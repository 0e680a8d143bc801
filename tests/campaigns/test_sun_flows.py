"""Long campaign: SU(2) and SU(3) in two dimensions by couplings of blocks, against exact values and published ESS.

Run with `pytest -m slow tests/campaigns/test_sun_flows.py -s`.  One pull beyond 4 sigma has probability 6e-5.
"""

from __future__ import annotations

import pytest

import latticekit as lk
from benchmarks.sun_flows import fitted, judged
from latticekit.estimators import effective_sample_size

pytestmark = pytest.mark.slow
PUBLISHED = {(2, 1.8): 0.91, (2, 2.2): 0.80, (2, 2.7): 0.56, (3, 4.0): 0.88, (3, 5.0): 0.75, (3, 6.0): 0.48}
"""ESS at 16^2 of 2008.05456, from memory."""


@pytest.mark.parametrize(("n", "beta"), PUBLISHED)
def test_blocks(n, beta):
    """ESS on 8^2 above the published one on 16^2; log Z and Wilson loops on 4^2, 8^2 and 16^2."""
    group = lk.SU(n)
    flow = lk.Flow.init(lk.SpectralHierarchicalFlow(group), (4, 4), prior=lk.Haar(group))
    flow, spreads = fitted(flow, beta, 400, 0)
    print(f"\nSU({n}) beta = {beta}: spread of log-weights per block {spreads}")
    for size in (4, 8, 16):
        found = judged(flow.on((size, size)), lk.Wilson(group, beta), 8192 // size)
        print(f"{size}^2: " + ", ".join(found.cells()))
        assert max(map(abs, found.pulls.values())) < 4
        assert size != 8 or effective_sample_size(found.log_weights) > PUBLISHED[n, beta]
