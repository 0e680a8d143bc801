"""The CUDA kernels compile for sm_90 (needs numba-cuda, no GPU)."""

import re
import shutil
import subprocess
from types import SimpleNamespace

import pytest

pytest.importorskip("numba_cuda", reason='compile check of the CUDA kernels: pip install "latticekit[cuda13]"')
dispatcher = pytest.importorskip("numba.cuda.dispatcher")

from numba import cuda, types  # noqa: E402

from latticekit.kernels.cuda import (  # noqa: E402
    bodies,
    gauge,
    su_bodies,
    su_local_bodies,
    target,
    u1_bodies,
    u1_local_bodies,
)
from latticekit.kernels.cuda.links import specialised  # noqa: E402

INT = types.int64


def cases(single):
    """name -> body, argument types, for one precision of the field."""
    real = types.float32 if single else types.float64
    field, sums = types.Array(real, 1, "C"), types.Array(types.float64, 1, "C")
    numbers = (field, *[INT] * 7)
    uniform = bodies.uniform_single if single else bodies.uniform_double
    normal = bodies.normal_single if single else bodies.normal_double
    return {
        "stage": (bodies.stage, (*[field] * 4, *[INT] * 5, *[real] * 4)),
        "add_force": (bodies.add_force, (*[field] * 3, *[INT] * 5, *[real] * 3)),
        "action": (bodies.action, (field, sums, *[INT] * 7, types.float64, types.float64)),
        "uniform": (uniform, numbers),
        "normal": (normal, numbers),
    }


def gauge_cases(n, single):
    """The same for links of U(1) (n = 1) or SU(n)."""
    real = types.float32 if single else types.float64
    field, sums, counts = (types.Array(t, 1, "C") for t in (real, types.float64, INT))
    where, weights = (INT,) * 5, (field, INT, INT)
    sweep = (*weights, INT, INT, *where)
    arguments = {
        "sums": (field, sums, *weights, INT, INT, *where),
        "overrelaxation": (field, *sweep),
        "heatbath": (field, counts, counts, *sweep, *(INT,) * (5 if n == 1 else 6)),
        "metropolis": (field, counts, *sweep, real, *(INT,) * 6),
    }
    if n == 1:
        arguments["stage"] = (*(field,) * 4, *weights, *where, real, real)
        arguments["add_force"] = (*(field,) * 3, *weights, *where, real)
        arguments["project"] = (field, field)
    else:
        arguments["kick"] = (field, field, *weights, *where, real)
        arguments["drift"] = (field, field, field, INT, real)
        arguments["project"] = (field, field, INT)
    modules = (u1_bodies, u1_local_bodies) if n == 1 else (su_bodies, su_local_bodies)
    found = {name: next(getattr(m, name) for m in modules if hasattr(m, name)) for name in arguments}
    compiled_in = gauge.compiled_in(n, single)
    return {name: (specialised(found[name], **compiled_in), arguments[name]) for name in arguments}


@pytest.fixture(autouse=True)
def device(monkeypatch):
    monkeypatch.setattr(dispatcher, "get_current_device", lambda: SimpleNamespace(compute_capability=(9, 0)))


def compiled(body, arguments, single, tmp_path):
    """PTX for sm_90, and what ptxas says of it if it is there."""
    function = target.grid_stride(body, target.SINGLE if single else target.DOUBLE, len(arguments))
    ptx, _ = cuda.compile_ptx(function, (INT, *arguments), cc=(9, 0))
    assert ".target sm_90" in ptx
    if single:
        assert ".f64" not in ptx, "float32 kernels must not compute in float64"
    return assembled(ptx, tmp_path) if shutil.which("ptxas") else ""


@pytest.mark.parametrize("single", [False, True], ids=["float64", "float32"])
@pytest.mark.parametrize("name", ["stage", "add_force", "action", "uniform", "normal"])
def test_compiles(name, single, tmp_path):
    body, arguments = cases(single)[name]
    said = compiled(body, arguments, single and name != "action", tmp_path)  # sums are float64 in either precision
    assert "0 bytes spill stores, 0 bytes spill loads" in said or not said


NAMES = ["sums", "overrelaxation", "heatbath", "metropolis", "project"]


@pytest.mark.parametrize("single", [False, True], ids=["float64", "float32"])
@pytest.mark.parametrize(
    ("n", "name"),
    [(n, name) for n in (1, 2, 3, 4) for name in NAMES + (["stage", "add_force"] if n == 1 else ["kick", "drift"])],
    ids=str,
)
def test_gauge_compiles(n, name, single, tmp_path):
    """Matrices up to 3 x 3 stay in registers."""
    body, arguments = gauge_cases(n, single)[name]
    said = compiled(body, arguments, single and name != "sums", tmp_path)
    assert "0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads" in said or n == 4 or not said


def assembled(ptx, folder):
    """What ptxas says; the version line is lowered for assemblers older than the compiler's."""
    (folder / "kernel.ptx").write_text(re.sub(r"\.version \d+\.\d+", ".version 8.0", ptx))
    command = ["ptxas", "-v", "-arch=sm_90", str(folder / "kernel.ptx"), "-o", str(folder / "kernel.cubin")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    print(run.stderr)
    return run.stderr
