"""Immutable keys and counter-based random numbers, the same bits on every array library.  (floor 0)"""

from latticekit.random.key import PURPOSES, Key
from latticekit.random.philox import philox4x32

__all__ = ["PURPOSES", "Key", "philox4x32"]
