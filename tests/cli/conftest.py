"""The command line called in this process and as a process of its own, in an empty folder."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import latticekit
from latticekit.cli import main


class Result(NamedTuple):
    """What a shell would see."""

    code: int
    out: str
    err: str


@pytest.fixture
def call(reference, tmp_path, monkeypatch, capsys) -> Callable[..., Result]:
    """call("run", "run.toml") -> exit code, stdout, stderr; without kernels, so that nothing need be compiled."""
    monkeypatch.chdir(tmp_path)

    def run(*tokens: object) -> Result:
        capsys.readouterr()
        code = main([str(token) for token in tokens])
        return Result(code, *capsys.readouterr())

    return run


@pytest.fixture
def shell(tmp_path) -> Callable[..., subprocess.CompletedProcess]:
    """shell("-m", "latticekit", "info"): Python as a process of its own, its streams caught."""
    where = {**os.environ, "PYTHONPATH": str(Path(latticekit.__file__).parents[1])}

    def run(*tokens: str) -> subprocess.CompletedProcess:
        command = [sys.executable, *tokens]
        return subprocess.run(command, cwd=tmp_path, env=where, capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def settings(tmp_path) -> str:
    """A short run of a free field, with configurations."""
    (tmp_path / "run.toml").write_text(
        """
update = ["hmc"]
[action]
name = "free_scalar"
mass_squared = 0.5
[lattice]
shape = [4, 4]
[run]
chains = 4
draws = 40
warmup = 10
seed = 3
configurations = 4
[hmc]
steps = 5
"""
    )
    return "run.toml"
