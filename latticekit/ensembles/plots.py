"""Figures of an ensemble: history, autocorrelation, histogram, two-point function; errors by the Gamma method.

Every function returns a matplotlib Figure that belongs to no window: `history(ensemble, "action").savefig("a.png")`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from latticekit import estimators
from latticekit.ensembles.style import BLUE, CHAINS, GREY, RED, drawn
from latticekit.estimators import bracket, gamma_method

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_POINTS, _BINS = 2000, 40


@drawn
def history(axes: Axes, ensemble: xr.DataTree, name: str) -> None:
    """A quantity along the chains, warmup in grey, and its mean with error.  ensemble, name -> Figure"""
    values = _series(ensemble, name)
    step = -(-values.sizes["draw"] // _POINTS)
    for label, chain in _warmup(ensemble, name):
        axes.plot(np.arange(-len(chain), 0)[::step], chain[::step], color=GREY, lw=0.5, alpha=0.7, label=label)
    for chain, color in zip(values.values, CHAINS):
        axes.plot(values["draw"].values[::step], chain[::step], color=color, lw=0.6, alpha=0.75)
    axes.axhline(*_mean(values), color="black", lw=1, label=_mean_label(values))
    shown, chains = min(len(CHAINS), values.sizes["chain"]), values.sizes["chain"]
    axes.set(xlabel="draw" + (f" ({shown} of {chains} chains)" if shown < chains else ""), ylabel=_label(values))
    axes.set_xlim(None, values["draw"].values[-1])
    bottom, top = axes.get_ylim()
    axes.set_ylim(bottom, top + 0.12 * (top - bottom))  # room for the legend above the lines
    axes.legend(loc="upper right", ncols=2)


@drawn
def autocorrelation(axes: Axes, ensemble: xr.DataTree, name: str) -> None:
    """rho(t) with its error, and the window in which it is summed to tau_int.  ensemble, name -> Figure"""
    values = _series(ensemble, name)
    estimate = gamma_method(values.values)
    window = int(estimate.window)
    found = estimators.autocorrelation(values.values, min(max(10, 2 * window), values.sizes["draw"] - 1))
    tau = bracket(float(estimate.tau_int), float(estimate.tau_int_error))
    axes.axhline(0, color=GREY, lw=0.8)
    axes.axvspan(0, window, color=RED, alpha=0.10, lw=0, label=rf"summed: $\tau_\mathrm{{int}} = {tau}$ draws")
    axes.fill_between(found.lag, found.rho - found.error, found.rho + found.error, color=BLUE, alpha=0.25, lw=0)
    axes.plot(found.lag, found.rho, "o-" if len(found.lag) <= 50 else "-", ms=3, color=BLUE, label=_label(values))
    axes.set(xlabel="separation $t$ in draws", ylabel=r"autocorrelation $\rho(t)$", xlim=(0, found.lag[-1]))
    axes.legend()


@drawn
def histogram(axes: Axes, ensemble: xr.DataTree, name: str) -> None:
    """Probability density of a quantity, an error on every bin.  ensemble, name -> Figure"""
    values = _series(ensemble, name)
    edges = np.histogram_bin_edges(values.values, bins=min(_BINS, max(8, int(np.sqrt(values.size) / 2))))
    widths = np.diff(edges)
    bin_of = np.clip(np.searchsorted(edges, values.values, side="right") - 1, 0, len(widths) - 1)
    bins = [gamma_method((bin_of == i).astype(float)) for i in range(len(widths))]
    density = [float(b.value) / w for b, w in zip(bins, widths)]
    errors = [float(b.error) / w for b, w in zip(bins, widths)]
    axes.stairs(density, edges, fill=True, color=BLUE, alpha=0.25)
    axes.errorbar((edges[1:] + edges[:-1]) / 2, density, errors, fmt="none", elinewidth=1, color=BLUE)
    axes.axvline(*_mean(values), color="black", lw=1, label=_mean_label(values))
    axes.set(xlabel=_label(values), ylabel="probability density", ylim=(0, None))
    axes.legend()


@drawn
def two_point(axes: Axes, ensemble: xr.DataTree, name: str = "two_point") -> None:
    """A correlator with errors on a logarithmic scale, and the exact one where it is known.  ensemble -> Figure"""
    values = _correlator(ensemble, name)
    at, mean = values[values.dims[2]], gamma_method(values.values)
    exact = _exact(ensemble).get(name)
    if exact is not None:
        axes.plot(at.values, np.asarray(exact), "-", color=RED, label="exact")
    axes.errorbar(at.values, mean.value, mean.error, fmt="o", ms=3.5, color=BLUE, label="measured")
    axes.set(xlabel=_axis(str(values.dims[2])), ylabel=f"{name.replace('_', ' ')}  ${values.attrs.get('symbol', 'C')}$")
    axes.locator_params(axis="x", integer=True)
    _log_scale(axes, mean.value, mean.error)
    axes.legend()


def quantities(ensemble: xr.DataTree) -> tuple[list[str], list[str]]:
    """Names of the numbers per draw, and of the correlators, of an ensemble."""
    if "posterior" not in ensemble.children:
        raise ValueError("this ensemble has no draws yet (no /posterior group): run it first")
    found = {str(name): v.ndim for name, v in ensemble["posterior"].data_vars.items()}
    return [n for n, ndim in found.items() if ndim == 2], [n for n, ndim in found.items() if ndim == 3]


def _series(ensemble: xr.DataTree, name: str) -> xr.DataArray:
    return _one(ensemble, name, quantities(ensemble)[0], "one number per draw")


def _correlator(ensemble: xr.DataTree, name: str) -> xr.DataArray:
    return _one(ensemble, name, quantities(ensemble)[1], "a correlator")


def _one(ensemble: xr.DataTree, name: str, known: list[str], what: str) -> xr.DataArray:
    if name not in known:
        raise ValueError(f"{name!r} is not {what} of this ensemble: choose one of {', '.join(known) or 'none at all'}")
    values = ensemble["posterior"].to_dataset()[name].load()
    if values.sizes["draw"] < 4:
        raise ValueError(f"a plot needs at least 4 draws per chain, got {values.sizes['draw']}")
    return values


def _exact(ensemble: xr.DataTree) -> dict[str, Any]:
    from latticekit.ensembles.table import action_of

    action, sites = action_of(ensemble)
    return action.exact(sites) if action else {}


def _label(values: xr.DataArray) -> str:
    """Name, symbol and unit of a variable."""
    symbol, units = values.attrs.get("symbol"), values.attrs.get("units", "1")
    name = values.attrs.get("long_name", str(values.name))
    return name + (f"  ${symbol}$" if symbol else "") + (f"  [{units}]" if units != "1" else "")


def _axis(dim: str) -> str:
    return {"dt": r"time separation $\Delta t$", "p": r"momentum $p$ in units of $2\pi/L$"}.get(dim, dim)


def _mean(values: xr.DataArray) -> tuple[float]:
    return (float(np.mean(values.values)),)


def _mean_label(values: xr.DataArray) -> str:
    mean = gamma_method(values.values)
    return f"mean {bracket(float(mean.value), float(mean.error))}"


def _warmup(ensemble: xr.DataTree, name: str) -> list[tuple[str, np.ndarray]]:
    """(label, series) of the first chains; a label that begins with "_" is not shown."""
    if "warmup_posterior" not in ensemble.children or name not in ensemble["warmup_posterior"]:
        return []
    return list(zip(("warmup", "_", "_", "_"), ensemble["warmup_posterior"].to_dataset()[name].values))


def _log_scale(axes: Axes, values: np.ndarray, errors: np.ndarray) -> None:
    """Logarithmic values, with numbers at 1, 2, 5 where the range is short; error bars may leave at the bottom."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    positive = values[values > 0]
    if positive.size == 0:
        return
    low, high = 0.7 * positive.min(), 1.2 * np.max(values + errors)
    axes.set_yscale("log", nonpositive="clip")
    axes.set_ylim(low, high)
    if high < 300 * low:
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
