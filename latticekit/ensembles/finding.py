"""One sentence on a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One sentence on the run; level "ok", "warn" or "fail"."""

    level: str
    text: str

    def __str__(self) -> str:
        return f"  {self.level:>4}: {self.text}"
