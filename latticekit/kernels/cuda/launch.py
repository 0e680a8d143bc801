"""Launch a body over a grid of threads on CuPy arrays, on CuPy's stream, without a copy or a wait."""

from __future__ import annotations

import importlib
from functools import lru_cache
from typing import Any

Array = Any
THREADS = 128
BLOCKS = 1 << 16
_MISSING = 'numba-cuda is not installed. For kernels on NVIDIA GPUs: pip install "latticekit[cuda13]" (or [cuda12]).'


@lru_cache
def _compiled(body: Any, single: bool, arity: int) -> Any:
    try:
        target = importlib.import_module("latticekit.kernels.cuda.target")
    except ImportError as error:
        raise ImportError(_MISSING) from error
    return target.kernel(body, target.SINGLE if single else target.DOUBLE, arity)


def launch(body: Any, count: int, single: bool, *args: Any) -> None:
    """body(i, *args) for i < count, in float32 if `single`; numbers are cast, arrays stay on the device."""
    import cupy
    import numpy as np
    from numba import cuda

    stream = cuda.external_stream(cupy.cuda.get_current_stream().ptr)
    real = np.float32 if single else np.float64
    sent = [cuda.as_cuda_array(a, sync=False) if isinstance(a, cupy.ndarray) else _number(a, real) for a in args]
    blocks = min(-(-count // THREADS), BLOCKS)
    _compiled(body, single, len(args))[blocks, THREADS, stream](count, *sent)


def _number(value: Any, real: Any) -> Any:
    return real(value) if type(value) is float else value
