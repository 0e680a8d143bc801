"""The program: which command lives where, and what becomes of its mistakes."""

from __future__ import annotations

import os
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cyclopts import App, CycloptsError, Parameter

from latticekit import __version__
from latticekit.cli.sources import environment, settings_file
from latticekit.cli.terminal import complain, on_terminal

FINE, FAILED, MISTAKE, INTERRUPTED = 0, 1, 2, 130
"""Exit codes: done; a check failed; the command or its input was wrong; stopped by Ctrl-C."""

_HOME = Path(__file__).resolve().parents[1]
_COMMANDS = {
    "demo": "Check phi^4, by HMC and by a flow, against exact values; half a minute.",
    "init": "Write a commented run.toml, or flow.toml, to start from.",
    "run": "Sample an ensemble as a TOML file says; options beat the file.",
    "train": "Train a flow as a TOML file says; options beat the file.",
    "measure": "Measure further observables on the stored configurations.",
    "summary": "Mean, error, tau_int, ESS, R-hat, exact value, and whether to trust the run.",
    "plot": "Draw an ensemble (history, histogram, ...) or a trained flow as PNG files.",
    "convert": "Copy an ensemble to .zarr, .nc, .npz or gauge files, or back.",
    "info": "Show versions, backends, devices, threads and the kernel cache.",
}


def program() -> App:
    """All commands; each module is imported when its command is called."""
    app = App(
        name="latticekit",
        help="Lattice field theory: sample, check and plot ensembles.  Begin with: latticekit demo",
        version=__version__,
        suppress_keyboard_interrupt=False,
        help_formatter="default" if on_terminal() else "plain",
        default_parameter=Parameter(negative=(), name_transform=lambda name: name),
    )
    for order, (name, line) in enumerate(_COMMANDS.items()):
        sources: dict[str, Any] = {"config": [environment, settings_file]} if name in ("run", "train") else {}
        app.command(f"latticekit.cli.{name}:{name}", name=name, help=line, sort_key=order, **sources)
    return app


def main(tokens: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; a user's mistake becomes one line on stderr, a bug a traceback."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait by spinning cripple a busy machine
    try:
        code = program()(tokens, exit_on_error=False, print_error=False, result_action="return_value")
        return code if isinstance(code, int) else FINE
    except CycloptsError as error:
        complain(str(error))
    except KeyboardInterrupt:
        complain("interrupted; what was committed to a store is safe, go on with --resume")
        return INTERRUPTED
    except (ValueError, ArithmeticError, ImportError, OSError, RuntimeError) as error:
        if not _raised_here(error):
            raise
        complain(str(error))
    return MISTAKE


def _raised_here(error: BaseException) -> bool:
    """Whether latticekit itself refused something; errors from deeper inside are bugs and keep their traceback."""
    raised_in = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)][-1]
    return Path(raised_in).resolve().is_relative_to(_HOME)
