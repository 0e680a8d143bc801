"""Figures of flows: training, weights, the learned kernel, a sample on its way.  Each returns a matplotlib Figure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from latticekit.arrays import to_host
from latticekit.ensembles.style import BLUE, GREY, RED, drawn
from latticekit.ensembles.training.trained import Trained
from latticekit.ensembles.weighing import log_z, weights_of
from latticekit.estimators import bracket
from latticekit.flows import EquivariantODE, Layer
from latticekit.random import Key

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_POINTS, _SLOW, _BINS, _PANELS, _TIMES, _LINEAR = 400, 40, 50, 5, 65, 0.01


@drawn
def training(axes: Axes, trained: Trained) -> None:
    """ESS and acceptance rate of the batches along the training, and the loss on the right.  Trained -> Figure"""
    history = trained.history
    if history.sizes.get("step", 0) < 2:
        raise ValueError("this model has no history of its training")
    width = max(1, history.sizes["step"] // _POINTS)
    at = _means(history["step"].values, width)
    right = axes.twinx()
    right.spines["right"].set_visible(True)
    slow = max(1, history.sizes["step"] // _SLOW)
    loss = _means(history["loss"].values, slow)
    right.plot(_means(history["step"].values, slow), loss, color=GREY)
    right.set_ylabel(f"loss, mean of {slow} steps" if slow > 1 else "loss", color="0.4")
    low, high = np.nanmin(loss), np.nanpercentile(loss, 80)
    right.set_ylim(low - 0.2 * (high - low), high + (high - low))
    axes.plot(at, _means(history["acceptance_rate"].values, width), color=RED, label="acceptance rate")
    axes.plot(at, _means(history["ess"].values, width), color=BLUE, label="ESS per draw")
    axes.set(xlabel="training step", ylabel="of a batch" if width == 1 else f"of {width} batches", ylim=(0, 1.02))
    axes.set_zorder(right.get_zorder() + 1)
    axes.patch.set_visible(False)
    axes.legend(loc="upper right", bbox_to_anchor=(1, 0.85))


@drawn
def log_weights(axes: Axes, ensemble: xr.DataTree) -> None:
    """Density of log w - log Z under the flow, and under exp(-S) where there are such draws.  ensemble -> Figure

    The two are related by p(l) = exp(l) q(l), shown as a line: where the points of p leave it, draws are missing.
    """
    known = weights_of(ensemble)
    if not known:
        raise ValueError("this ensemble has no log weights: no flow took part")
    weights = next(iter(known.values()))
    z = log_z(weights).log_z
    q = weights.q[np.isfinite(weights.q)] - float(z.value)
    p = None if weights.p is None else weights.p[np.isfinite(weights.p)] - float(z.value)
    both = q if p is None else np.concatenate([q.ravel(), p.ravel()])
    low, high = np.percentile(both, [0.1, 100])
    edges = np.linspace(low, high, min(_BINS, max(8, int(np.sqrt(q.size) / 2))) + 1)
    centres, width = (edges[1:] + edges[:-1]) / 2, edges[1] - edges[0]
    count = np.histogram(q, edges)[0] / (q.size * width)
    axes.stairs(count, edges, fill=True, color=BLUE, alpha=0.3, label="draws of the flow")
    axes.plot(centres, count * np.exp(centres), color=RED, label="... times $w / Z$")
    if weights.p is not None:
        density, error = _density(weights.p - float(z.value), edges)
        axes.errorbar(
            centres, density, error, fmt="o", ms=2.5, color="black", elinewidth=0.8, label=r"draws of $e^{-S}$"
        )
    axes.axvline(0, color=GREY, lw=0.8)
    axes.set(xlabel=rf"$\log w - \log Z$,  $\log Z = {bracket(float(z.value), float(z.error))}$", ylabel="density")
    axes.set_ylim(0, None)
    axes.legend()


@drawn
def kernel(axes: Axes, trained: Trained) -> None:
    """Slope of the learned drift, d phi_dot(x) / d phi(y) at phi = 0, over |x - y| and t.  Trained -> Figure

    K(|r|, t) = sum_f omega_f W_f(|r|, t) + W_linear(|r|, t): how far sites act on each other, early and late.
    """
    r, t, k = learned_kernel(trained)
    largest = float(np.max(np.abs(k)))
    edges = np.concatenate([[0.0], (r[1:] + r[:-1]) / 2, [r[-1] + 0.5]])
    image = axes.pcolormesh(_between(t), edges, k, norm=_symmetric_log(largest), cmap="RdBu_r", rasterized=True)
    axes.set(xlabel="flow time $t$", ylabel="distance $|r|$")
    axes.figure.colorbar(image, ax=axes, label=r"$K(|r|, t)$")


def learned_kernel(trained: Trained) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """|r| in growing order, t, K(|r|, t) of the first continuous flow.  -> (n,), (times,), (n, times)"""
    layer = continuous_part(trained)
    if layer is None:
        raise ValueError("this flow has no kernel W(|r|, t): it is no continuous flow")
    t = np.linspace(0, 1, _TIMES)
    omega = to_host(layer.own["omega"]).astype(float)
    distance, order = layer.kernel(0.0)[0], np.argsort(layer.kernel(0.0)[0], kind="stable")
    slopes = np.stack([_slope(layer.kernel(float(one))[1], omega) for one in t], axis=1)
    r, place = np.unique(np.round(distance[order], 12), return_inverse=True)
    k = np.stack([slopes[order][place == n].mean(axis=0) for n in range(len(r))])
    return r, t, k


def continuous_part(trained: Trained) -> Any:
    """The first layer with a translation-invariant kernel in time, None if there is none."""
    parts = (one for one in _parts(trained.flow.layer) if isinstance(one, EquivariantODE))
    return next((one for one in parts if one.symmetry != "none"), None)


def path(trained: Trained, seed: int = 0) -> Any:
    """One field on its way from the prior to the end of the flow, in pictures side by side.  Trained -> Figure"""
    if len(trained.flow.sites) != 2:
        raise ValueError(f"pictures of a field need two dimensions, got lattice={trained.flow.sites}")
    return _panels(trained, [(name, to_host(x)[0]) for name, x in _stations(trained, seed)])


def _panels(trained: Trained, fields: list[tuple[str, np.ndarray]]) -> Any:
    import matplotlib.cm
    import matplotlib.colors

    shown = [fields[i] for i in np.unique(np.linspace(0, len(fields) - 1, _PANELS).round().astype(int))]
    largest = max(float(np.percentile(np.abs(x), 99)) for _, x in shown)
    colours = matplotlib.cm.ScalarMappable(matplotlib.colors.Normalize(-largest, largest), "RdBu_r")

    @drawn
    def figure(axes: Axes, source: Trained) -> None:
        new: Any = axes.figure
        new.suptitle(axes.get_title(loc="left"), x=0.01, ha="left", fontsize=9, color="0.35")
        axes.remove()
        row = new.subplots(1, len(shown))
        for one, (name, x) in zip(row, shown):
            one.imshow(x, cmap=colours.cmap, norm=colours.norm, interpolation="nearest")
            one.set(xticks=[], yticks=[], xlabel=name)
            one.spines[:].set_visible(False)
        new.colorbar(colours, ax=row, label=r"$\phi$", fraction=0.02, pad=0.01)
        new.set_size_inches(1.5 * len(shown) + 0.5, 1.9)

    return figure(trained)


def _stations(trained: Trained, seed: int) -> Iterator[tuple[str, Any]]:
    """The field at the prior, after every layer, and at every step of a continuous one."""
    flow = trained.flow
    x, _ = flow.prior.draw(Key(seed), 1, flow.sites, flow.like)
    yield "prior", x
    for n, layer in enumerate(_parts(flow.layer), start=1):
        y, _, residuals = layer.apply(x)
        if isinstance(layer, EquivariantODE):
            for step in range(1, layer.steps):
                yield f"$t = {step / layer.steps:.2g}$", residuals[0][step, 0, ...]
        yield ("$t = 1$" if isinstance(layer, EquivariantODE) else f"layer {n}"), y
        x = y


def _parts(layer: Any) -> list[Layer]:
    """A sequence as its layers, anything else as itself."""
    return [one for part in layer.layers for one in _parts(part)] if hasattr(layer, "layers") else [layer]


def _slope(w: np.ndarray, omega: np.ndarray) -> np.ndarray:
    """sum_f omega_f W_f over the sines, plus the linear feature, which comes last.  (orbits, f) -> (orbits,)"""
    return w[:, : len(omega)] @ omega + w[:, -1]


def _symmetric_log(largest: float) -> Any:
    from matplotlib.colors import SymLogNorm

    return SymLogNorm(max(_LINEAR * largest, 1e-12), linscale=0.5, vmin=-largest, vmax=largest)


def _between(t: np.ndarray) -> np.ndarray:
    """Edges of cells around points."""
    return np.concatenate([t[:1], (t[1:] + t[:-1]) / 2, t[-1:]])


def _means(x: np.ndarray, width: int) -> np.ndarray:
    """Means of `width` entries in a row."""
    return x[: len(x) // width * width].astype(float).reshape(-1, width).mean(axis=1)


def _density(values: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Histogram with errors by the Gamma method.  (chain, draw) -> two (bins,)"""
    from latticekit.estimators import gamma_method

    place = np.searchsorted(edges, values) - 1
    width = edges[1] - edges[0]
    bins = [gamma_method((place == n).astype(float)) for n in range(len(edges) - 1)]
    return np.array([float(b.value) for b in bins]) / width, np.array([float(b.error) for b in bins]) / width
