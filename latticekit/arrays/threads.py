"""How many threads the CPU kernels use.  Results never depend on it."""

from __future__ import annotations

import os

_threads: int | None = None


def set_threads(count: int) -> None:
    """Let the CPU kernels use this many threads (at most the machine's; results do not depend on it)."""
    global _threads
    if count < 1:
        raise ValueError(f"threads must be at least 1, got {count}")
    _threads = int(count)


def threads() -> int:
    """Threads the CPU kernels may use: set_threads, else LATTICEKIT_THREADS, else all processors of this process."""
    if _threads is not None:
        return _threads
    asked = int(os.environ.get("LATTICEKIT_THREADS", "0"))
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return asked or available or 1
