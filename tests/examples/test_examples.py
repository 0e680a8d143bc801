"""Every example runs, tiny, in an empty directory, as a user would call it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "examples").glob("*.py"))
DRAWS = {"langevin_extrapolation": 40}  # its draws are tens of updates apart


def run(script: Path, cwd: Path, *options: str) -> subprocess.CompletedProcess:
    """A script in a fresh interpreter; every warning is an error, as in the tests."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LATTICEKIT_THREADS": "1"}
    command = [sys.executable, "-W", "error", str(script), *options]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_there_are_examples():
    assert len(SCRIPTS) >= 4


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_example_runs(script, tmp_path):
    """It ends well, says something, and keeps to the directory it runs in."""
    done = run(script, tmp_path, "--draws", str(DRAWS.get(script.stem, 80)))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip()
    assert not list(script.parent.glob("*.zarr"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_example_is_listed(script):
    """The page of examples names it."""
    assert f"`{script.name}`" in (script.parent / "README.md").read_text(encoding="utf-8")


def test_a_failing_example_is_noticed(tmp_path):
    """The test above has teeth: a script that raises, or only warns, fails."""
    for line in ("raise SystemExit('wrong')", "import warnings; warnings.warn('beware')"):
        bad = tmp_path / "bad.py"
        bad.write_text(line)
        assert run(bad, tmp_path).returncode != 0
