"""How Numba compiles site formulas and the loops around them, and how many threads run them."""

from __future__ import annotations

import types
from typing import Any

import numba

from latticekit.arrays import threads
from latticekit.kernels.cpu.primitives import PRIMITIVES
from latticekit.kernels.cpu.vector import VECTOR_BYTES
from latticekit.kernels.site import Target, rebuilt

WORTHWHILE = 1 << 14
"""Numbers to work on below which a parallel region costs more than it saves."""


def _inlined(function: types.FunctionType) -> Any:
    return numba.njit(function, forceinline=True, error_model="numpy")


DOUBLE = Target(f"cpu{VECTOR_BYTES}_double", PRIMITIVES, _inlined)
SINGLE = Target(f"cpu{VECTOR_BYTES}_single", PRIMITIVES, _inlined, single=True)
"""float32 where the precision matters: vectors take the literals of either target in their own precision."""


def loop(function: Any, target: Target = DOUBLE, **names: Any) -> Any:
    """A loop over sites, compiled as part of the kernels that call it, with its formulas built for the CPU.

    `names` are compile-time constants of the loop: a dimension, a lane move, another loop.
    """
    return numba.njit(rebuilt(function, target, **names), error_model="numpy", nogil=True)


def inlined(function: Any, target: Target = DOUBLE, **names: Any) -> Any:
    """The same as part of its callers' text: no function of its own, which would take time to compile."""
    return numba.njit(rebuilt(function, target, **names), error_model="numpy", nogil=True, inline="always")


def kernel(function: Any, parallel: bool = False, **names: Any) -> Any:
    """A kernel called from Python: like `loop`, and cached on disk."""
    copy = rebuilt(function, DOUBLE, **names)
    copy.__qualname__ += "_parallel" if parallel else "_serial"
    return numba.njit(copy, error_model="numpy", nogil=True, cache=True, parallel=parallel)


def parallel_range(parallel: bool) -> Any:
    """What `each` means in a kernel."""
    return numba.prange if parallel else range


def _alone() -> int:
    return 0


def thread_of(parallel: bool) -> Any:
    """Number of the running thread, as a kernel sees it."""
    return numba.get_thread_id if parallel else numba.njit(_alone)


def threads_available() -> int:
    """Threads that a parallel kernel may use now."""
    return min(threads(), getattr(numba.config, "NUMBA_NUM_THREADS", 1))


def use_threads() -> int:
    """Tell Numba how many threads the next parallel kernels use."""
    numba.set_num_threads(count := threads_available())
    return count


def threads_for(pieces: int, size: int) -> int:
    """Threads for independent pieces of `size` numbers each; results never depend on it."""
    if pieces < 2 or pieces * size < WORTHWHILE:
        return 1
    return use_threads()
