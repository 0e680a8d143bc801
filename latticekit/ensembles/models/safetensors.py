"""The safetensors format: an 8-byte length, a JSON header, raw little-endian arrays.

Written here because it is forty lines and needs no compiled dependency; files are read by the `safetensors` package and
the other way round (tested).  https://github.com/huggingface/safetensors
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

_NAMES = {"f8": "F64", "f4": "F32", "i8": "I64", "i4": "I32", "u1": "U8", "b1": "BOOL"}
_TYPES = {name: np.dtype("<" + kind) for kind, name in _NAMES.items()}
_ALIGNED = 8


def to_bytes(arrays: Mapping[str, Any], metadata: Mapping[str, str]) -> bytes:
    """A file of named arrays; float64, float32, int64, int32, uint8 and bool."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    blocks, end = [], 0
    for name, x in sorted(arrays.items(), key=lambda item: (-item[1].dtype.itemsize, item[0])):
        kind = f"{x.dtype.kind}{x.dtype.itemsize}"
        if kind not in _NAMES:
            raise ValueError(f"array {name} is {x.dtype}: a model stores {', '.join(_TYPES)}")
        block = np.ascontiguousarray(x, _TYPES[_NAMES[kind]]).tobytes()
        header[name] = {"dtype": _NAMES[kind], "shape": list(x.shape), "data_offsets": [end, end + len(block)]}
        blocks.append(block)
        end += len(block)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % _ALIGNED)
    return len(text).to_bytes(8, "little") + text + b"".join(blocks)


def from_bytes(data: bytes) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Arrays and metadata of a file; ValueError if it is none."""
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > len(data) - 8:
        raise ValueError("no safetensors file: it ends before its header")
    header, body = json.loads(data[8 : 8 + size]), memoryview(data)[8 + size :]
    metadata = header.pop("__metadata__", {})
    return {name: _array(name, entry, body) for name, entry in header.items()}, metadata


def _array(name: str, entry: dict[str, Any], body: memoryview) -> np.ndarray:
    (first, last), dtype = entry["data_offsets"], _TYPES.get(entry["dtype"])
    if dtype is None:
        raise ValueError(f"array {name} is {entry['dtype']}: known are {', '.join(_TYPES)}")
    if not 0 <= first <= last <= len(body) or last - first != dtype.itemsize * math.prod(entry["shape"]):
        raise ValueError(f"array {name} does not fit into the file")
    return np.frombuffer(body[first:last], dtype).reshape(entry["shape"])
