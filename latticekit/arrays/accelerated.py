"""A reference function and its faster versions, chosen by the array's type."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from latticekit.arrays.namespace import library

REGISTRY: dict[str, Accelerated] = {}
_enabled: ContextVar[bool] = ContextVar("kernels_enabled", default=True)


class Accelerated:
    """The Array-API reference (the definition) with lazily loaded kernels per array library.

    The first positional argument is the array that decides.  A kernel may return NotImplemented to decline
    (dtype, dimension, strides); then the reference runs.
    """

    def __init__(self, reference: Callable[..., Any], targets: dict[str, str]) -> None:
        functools.update_wrapper(self, reference)
        self.reference, self.targets = reference, targets
        self._loaded: dict[str, Callable[..., Any]] = {}

    def __call__(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        name = library(x)
        if name in self.targets and _enabled.get():
            result = self.kernel(name)(x, *args, **kwargs)
            if result is not NotImplemented:
                return result
        return self.reference(x, *args, **kwargs)

    def kernel(self, name: str) -> Callable[..., Any]:
        """The kernel for an array library, imported at first use."""
        if name not in self._loaded:
            module, _, function = self.targets[name].partition(":")
            self._loaded[name] = getattr(importlib.import_module(module), function)
        return self._loaded[name]


def accelerated(**targets: str) -> Callable[[Callable[..., Any]], Accelerated]:
    """Decorator above a reference: accelerated(numpy="package.module:function", cupy=...)."""

    def wrap(reference: Callable[..., Any]) -> Accelerated:
        one = Accelerated(reference, targets)
        REGISTRY[f"{reference.__module__}.{reference.__qualname__}"] = one
        return one

    return wrap


def kernels_enabled() -> bool:
    """Whether accelerated functions use their kernels here."""
    return _enabled.get()


@contextmanager
def using_kernels(mode: str) -> Iterator[None]:
    """Within the block, run "reference" code only, or "fast" kernels where there are any (the default)."""
    if mode not in ("reference", "fast"):
        raise ValueError(f'kernels({mode!r}): expected "reference" or "fast"')
    token = _enabled.set(mode == "fast")
    try:
        yield
    finally:
        _enabled.reset(token)
