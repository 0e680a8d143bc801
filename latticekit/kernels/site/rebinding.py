"""One text, several number types: a site formula is a plain function, rebuilt for every target by rebinding its names.

A formula uses + - * /, negation, calls of other formulas and primitives; no comparison of field values, no branch on
a number, no arrays, no sum of two products (see `primitives.fma`).  Loops over sites, neighbours and memory belong to
the targets (`kernels.cpu`, `kernels.cuda`).
"""

from __future__ import annotations

import hashlib
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def _source_hash() -> str:
    """Hash of all kernel sources: compiled code cached on disk must not outlive an edit in another file."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


SOURCE_HASH = _source_hash()
"""Changes with every edit of any kernel source."""


class Target:
    """A number type that formulas are compiled for.

    primitives: this target's version of every primitive it supports, by name.
    decorate: compiles a plain function.  single: whether numbers are float32.
    """

    def __init__(
        self,
        name: str,
        primitives: dict[str, Any],
        decorate: Callable[[types.FunctionType], Any],
        single: bool = False,
    ) -> None:
        self.name, self.primitives, self.decorate, self.single = name, primitives, decorate, single

    def constant(self, value: Any) -> Any:
        """A literal, or an array of them, in the precision of the target: compilers promote float32 times float64."""
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            return value.astype(np.float32) if self.single else value
        if not isinstance(value, float):
            return value
        return np.float32(getattr(value, "single", value)) if self.single else float(value)


class Constant(float):
    """A number whose value depends on the precision, such as one part of a split pi."""

    single: float

    def __new__(cls, double: float, single: float) -> Constant:
        self = super().__new__(cls, double)
        self.single = single
        return self


class Primitive:
    """An operation that every target implements itself; called directly, it is plain Python."""

    def __init__(self, python: Callable[..., Any]) -> None:
        self.python, self.name, self.__doc__ = python, python.__name__, python.__doc__

    def __call__(self, *args: Any) -> Any:
        return self.python(*args)

    def build(self, target: Target) -> Any:
        """The target's own version."""
        if self.name not in target.primitives:
            raise LookupError(f"target {target.name!r} has no primitive {self.name!r}: add it to its table")
        return target.primitives[self.name]


class Site:
    """Decorator of a site formula; called directly, it is plain Python."""

    def __init__(self, python: Callable[..., Any]) -> None:
        code = python.__code__
        if python.__closure__ or any(isinstance(c, types.CodeType) for c in code.co_consts):
            raise TypeError(f"{python.__qualname__}: a site formula must not hold inner functions or closures")
        self.python, self.built, self.__doc__ = python, {}, python.__doc__  # type: ignore[var-annotated]

    def __call__(self, *args: Any) -> Any:
        return self.python(*args)

    def build(self, target: Target) -> Any:
        """The formula compiled for a target (once)."""
        if target.name not in self.built:
            self.built[target.name] = target.decorate(rebuilt(self.python, target))
        return self.built[target.name]


def identity(value: Any) -> str:
    """Name of something that is bound in a copy: equal for equal things only."""
    function = getattr(value, "py_func", None) or getattr(value, "python", value)
    return getattr(function, "__qualname__", None) or repr(getattr(value, "_name", value))


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def rebuilt(function: Any, target: Target, **names: Any) -> types.FunctionType:
    """A copy of a plain function whose formulas, primitives and literals are those of the target.

    `names` are bound first.  The copy keeps its file, so that disk caches find it.  Its qualified name carries the
    target, what is bound and the hash of the sources: a cache must not find a stale copy, and two copies in one
    process, one from the cache and one just compiled, must not share the name of a symbol.
    """
    code = function.__code__
    scope = {**function.__globals__, **names}
    for name in set(code.co_names) & set(scope):
        value = scope[name]
        scope[name] = value.build(target) if isinstance(value, Site | Primitive) else target.constant(value)
    consts = tuple(target.constant(c) for c in code.co_consts)
    copy = types.FunctionType(code.replace(co_consts=consts), scope, function.__name__, function.__defaults__)
    bound = "_".join(identity(value) for value in names.values())
    copy.__qualname__ = f"{function.__qualname__}_{target.name}_{_short(bound + SOURCE_HASH)}"
    copy.__module__ = function.__module__
    return copy
