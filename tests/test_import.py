"""`import latticekit` stays light, and its public names resolve."""

import subprocess
import sys

import pytest

import latticekit

HEAVY = ("numba", "llvmlite", "xarray", "zarr", "scipy", "pandas", "rich", "cupy", "cyclopts", "matplotlib")


def loaded_by(statement: str) -> set[str]:
    """Top-level modules that a fresh interpreter holds after a statement."""
    code = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(out.stdout.split())


@pytest.mark.parametrize("room", ["", ".actions", ".updates", ".observables", ".testing", ".estimators", ".exact"])
def test_import_is_light(room):
    allowed = {"scipy"} if room == ".exact" else set()  # a floor of host formulas, loaded when asked for
    assert loaded_by(f"import latticekit{room}") & set(HEAVY) <= allowed


def test_a_heavy_import_would_be_seen():
    assert "scipy" in loaded_by("import scipy")


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'phi5'"):
        _ = latticekit.phi5


@pytest.mark.parametrize("name", latticekit.__all__)
def test_public_names_resolve(name):
    assert getattr(latticekit, name) is not None
    assert name in dir(latticekit)
