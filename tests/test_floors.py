"""Imports only go down, siblings never import each other, heavy libraries stay in their rooms, files stay short."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "latticekit"
FILES = sorted(PACKAGE.rglob("*.py"))

ROOMS = (  # from the ground up; within floor 0, lattice and random stand on arrays, and testing on all three
    ("arrays",),
    ("lattice", "random"),
    ("testing",),
    ("groups", "estimators", "exact"),
    ("fields",),
    ("actions", "observables"),
    ("updates", "flows"),
    ("samplers", "training"),
    ("ensembles",),
    ("cli",),
)
FLOORS = {room: floor for floor, rooms in enumerate(ROOMS) for room in rooms}
REPORTS = "cli/info.py"  # says which versions and devices there are, so it looks at each library, inside functions
BESIDE = "kernels"  # may know every floor up to the updates; only named in strings, by `accelerated`
ONLY_IMPORTER = {
    "numba": ("kernels/cpu", "kernels/cuda"),  # numba.cuda compiles the site formulas for CuPy arrays
    "llvmlite": ("kernels/cpu",),
    "cupy": ("kernels/cuda",),
    "xarray": ("ensembles",),
    "zarr": ("ensembles",),
}
LAZY_ELSEWHERE = {"scipy": "exact", "cyclopts": "cli", "rich": "cli", "matplotlib": "cli"}


def room(path: Path) -> str:
    """Path of a module below the package: "actions", "kernels/cpu", or "" for the package itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return "/".join(parts[:2]) if parts[0] == BESIDE else (parts[0] if len(parts) > 1 or parts[0] == "cli" else "")


def imported(tree: ast.AST) -> list[str]:
    """Absolute names of all modules imported anywhere in the tree."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            only_package = node.module == "latticekit"
            names += [f"latticekit.{alias.name}" for alias in node.names] if only_package else [str(node.module)]
    return names


class WithoutTyping(ast.NodeTransformer):
    """Drops what only type checkers read."""

    def visit_If(self, node):
        typing_only = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        return None if typing_only else self.generic_visit(node)


class WithoutFunctions(ast.NodeTransformer):
    """Drops what does not run at import."""

    def visit_FunctionDef(self, node):
        return None

    visit_AsyncFunctionDef = visit_FunctionDef


def breaches(where: str, names: list[str]) -> list[str]:
    """Imports that go up or sideways from a room."""
    found = []
    for name in names:
        parts = name.split(".")
        if parts[0] != "latticekit" or len(parts) == 1:
            continue
        target, here = parts[1], where.split("/")[0]
        if target in ("", here) or target not in (*FLOORS, BESIDE):
            continue
        ceiling = FLOORS["updates"] + 0.5 if here == BESIDE else FLOORS.get(here, 99)
        if target == BESIDE or FLOORS[target] >= ceiling:
            found.append(f"{where} imports {name}")
    return found


def misplaced(where: str, text: str, *, reports: bool = False) -> list[str]:
    """Heavy libraries that a file of a room imports though they live elsewhere."""
    runs = WithoutTyping().visit(ast.parse(text))
    roots = {name.split(".")[0] for name in imported(runs)}
    now = {name.split(".")[0] for name in imported(WithoutFunctions().visit(runs))}
    seen = now if reports else roots
    strict = [f"{where} imports {lib}" for lib, homes in ONLY_IMPORTER.items() if lib in seen and where not in homes]
    lazy = [
        f"{where} imports {lib} at module level"
        for lib, home in LAZY_ELSEWHERE.items()
        if lib in now and where not in (home, "ensembles")
    ]
    return strict + lazy


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_floors(path):
    text, where = path.read_text(), room(path)
    assert where == "" or where.split("/")[0] in (*FLOORS, BESIDE), "a new room needs a floor"
    assert breaches(where, imported(ast.parse(text))) == []
    assert misplaced(where, text, reports=path == PACKAGE / REPORTS) == []


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_are_short_and_say_what_they_are(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 500
    assert ast.get_docstring(ast.parse(text)), "the first line of a file says what it holds"


@pytest.mark.parametrize(
    ("where", "name"),
    [
        ("actions", "latticekit.updates"),
        ("actions", "latticekit.observables.base"),
        ("lattice", "latticekit.random"),
        ("testing", "latticekit.groups"),
        ("updates", "latticekit.kernels.cpu.phi4"),
        ("kernels/cpu", "latticekit.ensembles"),
    ],
)
def test_a_breach_is_seen(where, name):
    assert breaches(where, [name]) == [f"{where} imports {name}"]
    assert breaches("ensembles", ["latticekit.updates", "numpy"]) == []


def test_a_misplaced_library_is_seen():
    assert misplaced("estimators", "import scipy.stats\ndef f():\n    import numba\n") == [
        "estimators imports numba",
        "estimators imports scipy at module level",
    ]
    assert misplaced("cli", "import xarray", reports=True) == ["cli imports xarray"]
    assert misplaced("estimators", "def f():\n    import scipy.stats\n") == []
    assert misplaced("cli", "if TYPE_CHECKING:\n    import xarray\n") == []


def global_randomness(tree: ast.AST) -> list[int]:
    """Lines that reach for a library's global random numbers: np.random, cp.random, xp.random."""
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "random"]
    named = [
        n for n in attributes if isinstance(n.value, ast.Name) and n.value.id in ("np", "numpy", "cp", "cupy", "xp")
    ]
    return [node.lineno for node in named]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_numbers_are_drawn_from_keys_alone(path):
    tree = ast.parse(path.read_text())
    assert global_randomness(tree) == []
    assert {"random", "secrets"}.isdisjoint(imported(tree))


def test_global_randomness_is_seen():
    assert global_randomness(ast.parse("x = 1\ny = np.random.normal()")) == [2]
