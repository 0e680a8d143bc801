"""How an oracle passes judgement."""

from __future__ import annotations


def judge(error: float, tolerance: float, what: str, hint: str) -> float:
    """The error itself if it is within tolerance; else AssertionError that says what is wrong and where to look."""
    if not error <= tolerance:  # also true of nan
        raise AssertionError(f"{what}: {error:.3g} exceeds {tolerance:.3g}. {hint}")
    return float(error)
