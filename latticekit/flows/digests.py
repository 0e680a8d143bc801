"""What names a flow in a run that uses it: its settings as plain data, and a SHA-256 of its parameters."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from latticekit.arrays import to_host, tree_items
from latticekit.flows.bundled import described
from latticekit.flows.flow import Flow


def plain_data(thing: Any) -> Any:
    """Settings as JSON holds them; an array stands as its SHA-256."""
    found = described(thing)

    def plain(one: Any) -> Any:
        if isinstance(one, dict):
            return {str(key): plain(value) for key, value in one.items()}
        if isinstance(one, (list, tuple)):
            return [plain(value) for value in one]
        return one if isinstance(one, (str, int, float, bool, type(None))) else array_digest(one)

    return plain(found)


def params_digest(flow: Flow) -> str:
    """SHA-256 of all parameters."""
    digest = hashlib.sha256()
    for name, leaf in tree_items(flow.params):
        digest.update(f"{name} {array_digest(leaf)}".encode())
    return digest.hexdigest()


def array_digest(x: Any) -> str:
    """SHA-256 of type, shape and bytes."""
    host = np.ascontiguousarray(to_host(x))
    return hashlib.sha256(f"{host.dtype.str} {host.shape}".encode() + host.tobytes()).hexdigest()
