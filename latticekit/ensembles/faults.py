"""What can go wrong with a store on disk."""

from __future__ import annotations


class StoreError(RuntimeError):
    """A store cannot be written or continued; the message says what is safe and how to go on."""


class StoreLocked(StoreError):
    """Another process is writing this store."""


class StoreDamaged(StoreError):
    """A file of a store does not carry the bytes that were written."""


class StoreWarning(UserWarning):
    """Part of a store is damaged, and another part stood in for it."""
