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


CPU = Target(f"cpu{VECTOR_BYTES}", PRIMITIVES, _inlined)
"""Vectors, and scalars in double precision."""


def loop(function: Any, **names: Any) -> Any:
    """A loop over sites, compiled as part of the kernels that call it, with its formulas built for the CPU.

    `names` are compile-time constants of the loop: a dimension, a lane move, another loop.
    """
    return numba.njit(rebuilt(function, CPU, **names), error_model="numpy", nogil=True)


def kernel(function: Any, tag: str, parallel: bool = False, **names: Any) -> Any:
    """A kernel called from Python: like `loop`, and cached on disk.  `tag` tells apart kernels with other names."""
    copy = rebuilt(function, CPU, **names)
    copy.__qualname__ = f"{copy.__qualname__}_{tag}{'_parallel' * parallel}"
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


def threads_for(pieces: int, size: int) -> int:
    """Threads for independent pieces of `size` numbers each; results never depend on it."""
    if pieces < 2 or pieces * size < WORTHWHILE:
        return 1
    count = threads_available()
    numba.set_num_threads(count)
    return count
