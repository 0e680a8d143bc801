"""The program as a whole: help, exit codes, what becomes of mistakes and of bugs."""

import json

import pytest

import latticekit
from latticekit.cli import program

COMMANDS = ["demo", "init", "run", "train", "measure", "summary", "plot", "convert", "info"]


def test_help_names_every_command(call):
    result = call("--help")
    assert result.code == 0
    assert [line.split(":")[0].strip() for line in result.out.splitlines() if line.startswith("  ")][
        : len(COMMANDS)
    ] == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(call, command):
    result = call(command, "--help")
    assert result.code == 0
    assert f"Usage: latticekit {command}" in result.out
    assert program._COMMANDS[command].split(",")[0].split(";")[0] in " ".join(result.out.split())


def test_help_of_every_argument_of_run(call):
    """A line that ends with its type has no word in words.py."""
    options = call("run", "--help").out
    assert "--hmc.steps INT: integration steps" in options
    assert "env var" not in options


def test_unknown_command_is_guessed(call):
    result = call("summry", "a.zarr")
    assert (result.code, result.out) == (2, "")
    assert 'Did you mean "summary"?' in result.err


def test_a_mistake_is_one_line(call):
    result = call("summary", "missing.zarr")
    assert result.code == 2
    assert result.err.startswith("error: there is no missing.zarr")
    assert result.err.count("\n") == 1


def test_a_bug_keeps_its_traceback(call, monkeypatch):
    """An error that latticekit did not raise itself is no user's mistake."""
    monkeypatch.setattr("latticekit.cli.info._cache", lambda: json.loads("{"))
    with pytest.raises(ValueError, match="Expecting property name"):
        call("info")


def test_interrupted(call, monkeypatch):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr("latticekit.cli.info._cache", interrupt)
    result = call("info")
    assert result.code == 130
    assert "interrupted" in result.err


def test_info(call):
    out = call("info").out
    assert f"latticekit     {latticekit.__version__}" in out
    assert all(word in out for word in ("numpy", "numba", "zarr", "backend cupy", "threads", "kernel cache"))


def test_as_a_process(shell):
    assert shell("-m", "latticekit", "--version").stdout.strip() == latticekit.__version__
    wrong = shell("-m", "latticekit", "run", "nothing.toml")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("error: there is no file nothing.toml: write one with latticekit init")
    assert "\033" not in wrong.stderr


def test_help_loads_nothing_heavy(shell):
    code = "import sys; from latticekit.cli import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    loaded = shell("-c", code).stderr.split()
    assert "cyclopts" in loaded
    assert not {"numpy", "numba", "xarray", "zarr", "scipy", "matplotlib"} & set(loaded)
