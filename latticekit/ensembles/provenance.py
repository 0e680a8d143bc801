"""Where results come from: the root attributes that ensembles and trainings share."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

SCHEMA, SCHEMA_VERSION = "latticekit.ensemble", "1"


def fingerprint(settings: Mapping[str, Any]) -> str:
    """SHA-256 of settings that are plain data."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def provenance(settings: Mapping[str, Any], rng: str) -> dict[str, str]:
    """Attributes of a run whose `settings` hold at least lattice, seed, backend and dtype.

    Backend and device say where it ran; they do not enter the fingerprint.
    """
    from latticekit import __version__

    physics = {key: value for key, value in settings.items() if key != "backend"}
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "inference_library": "latticekit",
        "inference_library_version": __version__,
        "config": json.dumps(physics),
        "config_sha256": fingerprint(physics),
        "seed": str(settings["seed"]),
        "rng": f"philox4x32-10; {rng}",
        "backend": settings["backend"],
        "device": platform.machine(),
        "dtype": settings["dtype"],
        "lattice_shape": json.dumps(list(settings["lattice"])),
        "boundary": "periodic",
        "versions": json.dumps(_versions()),
        "git_commit": _git_commit(),
        "parents": "[]",
        "status": "running",
    }


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in ("numpy", "numba", "xarray", "zarr", "cupy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _git_commit() -> str:
    """Commit of the library when it runs from a checkout, else ""."""
    here = Path(__file__).resolve().parents[2]
    if not (here / ".git").exists():
        return ""
    asked = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=False)
    return asked.stdout.strip()
