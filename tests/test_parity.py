"""Every NumPy kernel agrees with its Array-API reference."""

import numpy as np
import pytest

from latticekit.arrays import REGISTRY, tree_items, using_kernels
from latticekit.testing import check_parity
from latticekit.testing.parity import frozen
from tests.cases import KernelCase
from tests.cases.kernels import KERNELS
from tests.test_completeness import import_everything

import_everything()
NAMES = sorted(name for name in KERNELS if "numpy" in REGISTRY[name].targets)


def describe(case: KernelCase) -> str:
    """Shapes and dtype of a case, for the message of a failure."""
    return ", ".join(f"{a.dtype}{a.shape}" if hasattr(a, "dtype") else str(a) for a in case.args)


@pytest.mark.parametrize("name", NAMES)
def test_kernel_agrees_with_reference(name):
    accelerated = REGISTRY[name]
    ran = 0
    for case in KERNELS[name]():
        worst = check_parity(accelerated, case.args, tolerance=case.tolerance)
        assert worst is not None or not case.must, f"the kernel of {name} declined {describe(case)}"
        ran += worst is not None
    assert ran > 0


@pytest.mark.parametrize("name", NAMES)
def test_kernel_takes_read_only_arrays(name):
    case = KERNELS[name]()[0]
    with using_kernels("fast"):
        result = REGISTRY[name](*frozen(case.args))
    assert result is not NotImplemented
    assert all(np.all(np.isfinite(leaf)) for _, leaf in tree_items(result))
