"""How figures look: style, colours, the title that says what was sampled."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MISSING = 'plots need matplotlib, which is not installed: pip install "latticekit[plot]"'
_STYLE = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.titlecolor": "0.35",
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "errorbar.capsize": 2,
    "savefig.dpi": 200,
    "mathtext.fontset": "cm",
}
BLUE, RED, GREY = "#0072B2", "#D55E00", "0.6"
CHAINS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7")
"""Colours that the colour-blind tell apart (Okabe and Ito)."""


def drawn(draw: Callable[..., None]) -> Callable[..., Figure]:
    """A function that fills axes becomes one that returns a figure."""

    @functools.wraps(draw)
    def figure(source: Any, *arguments: Any) -> Figure:
        try:
            import matplotlib
            from matplotlib.figure import Figure as New
        except ImportError as error:
            raise ImportError(_MISSING) from error
        with matplotlib.rc_context(_STYLE):  # type: ignore[arg-type]
            new = New(figsize=(5.2, 3.4), dpi=200, layout="constrained")
            axes = new.add_subplot()
            axes.set_title(where(getattr(source, "history", source)))
            draw(axes, source, *arguments)
        return new

    return figure


def where(source: Any) -> str:
    """Action, couplings and lattice of an ensemble or a history in one line."""
    attributes = source.attrs
    couplings = json.loads(attributes.get("action_params", "{}")).items()
    numbers = ", ".join(f"{k.replace('_', ' ')} = {v:g}" for k, v in couplings if isinstance(v, (int, float)))
    shape = r" \times ".join(map(str, json.loads(attributes.get("lattice_shape", "[]"))))
    return f"{attributes.get('action', 'ensemble')}, ${shape}$, {numbers}" if shape else ""
