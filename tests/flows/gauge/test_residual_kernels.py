"""Kernels of residual layers agree with their references, and decline what they cannot do."""

import numpy as np
import pytest

from latticekit.arrays import using_kernels
from latticekit.arrays.accelerated import REGISTRY
from latticekit.flows.gauge.residual_links import ActiveLinks
from latticekit.flows.gauge.residual_update import Move, residual_apply
from latticekit.groups import SU, U1
from latticekit.random import Key
from latticekit.testing import check_carry, check_inverse, check_parity
from tests.cases.gauge_flows import generic, initialised, target
from tests.cases.residual import BOTH, KERNELS, LAYERS


@pytest.mark.parametrize("name", KERNELS)
def test_parity(name):
    for case in KERNELS[name]():
        dtype = case.args[0].real.dtype
        assert check_parity(REGISTRY[name], case.args, tolerance=1e-13 if dtype == "float64" else 1e-5) is not None


def test_layers_run_on_kernels():
    """Forward, back and carry are inverse to each other whichever of them runs on kernels."""
    case = LAYERS["su3"]
    one, x = initialised(case, noise=0.5), generic(case)
    with using_kernels("fast"):
        check_inverse(one, x, action=target(case))
        check_carry(one, x, action=target(case))


def test_what_is_declined():
    kernel, like = REGISTRY["latticekit.flows.gauge.residual_update.residual_apply"].kernel("numpy"), np.zeros(0)
    for group, sites, move in (
        (SU(2), (4, 4), Move(ActiveLinks(0, 0, 4), BOTH)),
        (SU(2), (4, 4), Move(ActiveLinks(0, window=((0, 2), (0, 2))))),
        (SU(4), (2, 2), Move(ActiveLinks(0))),
        (U1(), (4, 4), Move(ActiveLinks(0))),
    ):
        x = group.random(Key(1), group.shape(2, sites), like)
        s = 8 if move.loops == BOTH else 2
        assert kernel(x, move, np.zeros((2, s)), None) is NotImplemented
        y, log_det = residual_apply(x, move, np.zeros((2, s)), None)
        assert y == pytest.approx(x, abs=1e-15)
        assert np.all(log_det == 0)
