"""README and documentation pages: what they show runs, in an empty directory, as it is printed."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from latticekit.cli import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "docs" / f"{name}.md" for name in ("quickstart", "extending", "flows", "gauge_flows")]
_SLOW = ("demo",)  # has a test of its own


def blocks(text: str, kind: str) -> list[str]:
    """Contents of the fenced blocks of one kind."""
    fenced = re.findall(r"^```([^\n]*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [content for found, content in fenced if found == kind]


def commands(text: str) -> list[list[str]]:
    """Arguments of every line `latticekit ...` in a block of commands, without its comment."""
    lines = [line for block in blocks(text, "") for line in block.splitlines() if line.startswith("latticekit ")]
    return [shlex.split(line, comments=True)[1:] for line in lines]


def fixed(table: str) -> list[str]:
    """Names and exact values of a summary, and its verdict, without the digits that machines round differently."""
    rows = [line.split() for line in table.splitlines() if "---" not in line]
    return [f"{row[0]} {row[5]}" if len(row) == 7 else row[0] for row in rows if row]


def test_python_of_readme_runs(tmp_path, monkeypatch, capsys):
    """All blocks in turn, as one script; the table in the README is what the first one prints."""
    monkeypatch.chdir(tmp_path)
    scope: dict = {}
    first, *others = blocks(README, "python")
    exec(compile(first, "README.md", "exec"), scope)
    assert fixed(capsys.readouterr().out) == fixed(blocks(README, "text")[0])
    exec(compile("\n".join(others), "README.md", "exec"), scope)
    assert scope["longer"]["posterior"].sizes["draw"] == 2000
    assert scope["mean"].sizes == {"dt": 8}
    assert abs(scope["trained"].ess - 1) < 0.2
    assert [path.name for path in tmp_path.iterdir()] == ["phi4.zarr"]


def test_commands_of_readme_run(tmp_path, monkeypatch, capsys):
    """Every `latticekit ...` line in turn, in one directory."""
    monkeypatch.chdir(tmp_path)
    assert {"init", "run", "summary"} <= {arguments[0] for arguments in commands(README)}
    for arguments in commands(README):
        if arguments[0] not in _SLOW:
            assert main(arguments) == 0, (arguments, capsys.readouterr())


def test_two_commands_for_a_fresh_machine():
    """They install from the checkout, and name an extra and a program that exist."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    start = [line for block in blocks(README, "") for line in block.splitlines() if line.startswith("python3 -m venv")]
    assert [line.split("&& ")[-1] for line in start] == [".venv/bin/latticekit demo", ".venv/bin/python -m pytest"]
    extras = re.findall(r'pip install "\.\[(\w+)\]"', README)
    assert "test" in extras
    assert set(extras) <= project["optional-dependencies"].keys()
    assert "latticekit" in project["scripts"]


def test_links_of_readme_point_to_files():
    """Relative links only; those into docs need a checkout."""
    if not (ROOT / "docs").exists():
        pytest.skip("no docs in this distribution")
    links = [target for target in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in target]
    assert len(links) > 5
    assert [target for target in links if not (ROOT / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_page_runs(page, tmp_path, monkeypatch):
    """The cells that the documentation executes, without Sphinx."""
    monkeypatch.chdir(tmp_path)
    cells = blocks(page.read_text(encoding="utf-8"), "{code-cell} python")
    assert cells
    exec(compile("\n".join(cells), str(page), "exec"), {"__name__": page.stem})
