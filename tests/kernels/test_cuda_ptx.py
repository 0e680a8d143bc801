"""The CUDA kernels compile for sm_90 (needs numba-cuda, no GPU)."""

import re
import shutil
import subprocess
from types import SimpleNamespace

import pytest

pytest.importorskip("numba_cuda", reason='compile check of the CUDA kernels: pip install "latticekit[cuda13]"')
dispatcher = pytest.importorskip("numba.cuda.dispatcher")

from numba import cuda, types  # noqa: E402

from latticekit.kernels.cuda import bodies, target  # noqa: E402

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


@pytest.mark.parametrize("single", [False, True], ids=["float64", "float32"])
@pytest.mark.parametrize("name", ["stage", "add_force", "action", "uniform", "normal"])
def test_compiles(name, single, monkeypatch, tmp_path):
    monkeypatch.setattr(dispatcher, "get_current_device", lambda: SimpleNamespace(compute_capability=(9, 0)))
    body, arguments = cases(single)[name]
    which = target.SINGLE if single and name != "action" else target.DOUBLE  # sums are float64 in either precision
    function = target.grid_stride(body, which, len(arguments))
    ptx, _ = cuda.compile_ptx(function, (INT, *arguments), cc=(9, 0))
    assert ".target sm_90" in ptx
    if which is target.SINGLE:
        assert ".f64" not in ptx, "float32 kernels must not compute in float64"
    if shutil.which("ptxas"):
        assert "0 bytes spill stores, 0 bytes spill loads" in assembled(ptx, tmp_path)


def assembled(ptx, folder):
    """What ptxas says; the version line is lowered for assemblers older than the compiler's."""
    (folder / "kernel.ptx").write_text(re.sub(r"\.version \d+\.\d+", ".version 8.0", ptx))
    command = ["ptxas", "-v", "-arch=sm_90", str(folder / "kernel.ptx"), "-o", str(folder / "kernel.cubin")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    print(run.stderr)
    return run.stderr
