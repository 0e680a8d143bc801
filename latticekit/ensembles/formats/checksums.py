"""The checksums of gauge files: NERSC word sum, MILC and SciDAC rotated exclusive or, SHA-256 of our own."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np

_BLOCK = 29 * 31 * 1024


def raw(x: np.ndarray) -> memoryview:
    """The bytes of an array in C order."""
    return np.ascontiguousarray(x).reshape(-1).view(np.uint8).data


def word_sum(words: np.ndarray) -> int:
    """Sum of 32-bit words modulo 2^32 (NERSC archive)."""
    return int(np.sum(words, dtype=np.uint64)) & 0xFFFFFFFF


def rotated_xor(words: np.ndarray, period: int) -> int:
    """Exclusive or of 32-bit words, the i-th rotated left by i mod period bits."""
    total = 0
    for first in range(0, words.size, _BLOCK):
        w = words[first : first + _BLOCK].astype(np.uint64)
        left = (np.arange(first, first + w.size) % period).astype(np.uint64)
        total ^= int(np.bitwise_xor.reduce((w << left) | (w >> (np.uint64(32) - left))))
    return total & 0xFFFFFFFF


def milc_sums(words: np.ndarray) -> tuple[int, int]:
    """sum29 and sum31 of the 32-bit words of a payload (MILC version 5)."""
    return rotated_xor(words, 29), rotated_xor(words, 31)


def scidac_sums(payload: np.ndarray, site_bytes: int) -> tuple[int, int]:
    """suma and sumb: the CRC-32 of each site in place of a word.  (QIO, DML checksum)"""
    view = raw(payload)
    starts = range(0, len(view), site_bytes)
    crc = np.fromiter((zlib.crc32(view[i : i + site_bytes]) for i in starts), np.uint32, len(starts))
    return rotated_xor(crc, 29), rotated_xor(crc, 31)


def sha256(parts: Iterable[Any]) -> str:
    """Hexadecimal SHA-256 of bytes one after the other."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
