"""Ensembles for other packages: pyerrors and ArviZ."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import xarray as xr


def to_pyerrors(tree: xr.DataTree, name: str, weights: str | None = None, ensemble: str | None = None) -> Any:
    """Observable (chain, draw, *dims) -> pyerrors Obs, nested in lists along *dims; CObs if it is complex.

    Chains become replicas `ensemble|r0`, `ensemble|r1`, ...; the configuration numbers are those of `trajectory`, else
    of `draw`. Observables of one ensemble stay correlated; ensembles of other runs are independent because their
    default name holds the hash of the settings.
    weights: a log-weight in /sample_stats or /proposals; the result is then <w O> / <w>.
    ensemble: the name of the ensemble instead of the default.
    """
    pyerrors = _require("pyerrors")
    x = tree["posterior"][name].transpose("chain", "draw", ...)
    labels = _replicas(tree, x.sizes["chain"], ensemble)
    numbers = np.asarray(x.coords["trajectory" if "trajectory" in x.coords else "draw"]).tolist()

    def obs(samples: np.ndarray) -> Any:
        return pyerrors.Obs(list(samples), labels, idl=[numbers] * len(labels))

    if weights is None:
        mean = obs
    else:
        factor = _factors(tree, weights, x)
        norm = obs(factor)

        def mean(samples: np.ndarray) -> Any:
            return obs(samples * factor) / norm

    def leaf(samples: np.ndarray) -> Any:
        if np.iscomplexobj(samples):
            return pyerrors.CObs(mean(samples.real.astype(np.float64)), mean(samples.imag.astype(np.float64)))
        return mean(samples.astype(np.float64))

    return _nested(x.values, leaf)


def to_arviz(tree: xr.DataTree) -> xr.DataTree:
    """The ensemble as ArviZ reads it: the layout is already theirs, only complex variables become `_re` and `_im`.

    ArviZ diagnostics take complex numbers without complaint, and return nonsense.
    """
    return tree.map_over_datasets(_real_parts)


def _real_parts(group: xr.Dataset) -> xr.Dataset:
    parts: dict[str, Any] = {}
    for name, x in group.data_vars.items():
        parts |= {f"{name}_re": x.real, f"{name}_im": x.imag} if x.dtype.kind == "c" else {str(name): x}
    return xr.Dataset(parts, group.coords, group.attrs)


def _nested(x: np.ndarray, leaf: Any) -> Any:
    if x.ndim == 2:
        return leaf(x)
    return [_nested(x[:, :, i], leaf) for i in range(x.shape[2])]


def _replicas(tree: xr.DataTree, chains: int, ensemble: str | None) -> list[str]:
    attributes = tree.attrs
    name = ensemble or f"{attributes.get('action', 'ensemble')}-{attributes.get('config_sha256', '0')[:12]}"
    if "|" in name:
        raise ValueError(f"an ensemble name must not hold '|', which begins the replica: got {name!r}")
    return [f"{name}|r{c}" for c in range(chains)]


def _factors(tree: xr.DataTree, weights: str, x: xr.DataArray) -> np.ndarray:
    """exp(log-weight), largest 1, of the draws of x."""
    found = [tree[g][weights] for g in ("sample_stats", "proposals", "posterior") if g in tree and weights in tree[g]]
    if not found:
        raise KeyError(f"no log-weight {weights!r} in /sample_stats, /proposals or /posterior")
    log_weight = found[0].transpose("chain", "draw").sel(draw=x["draw"]).values
    return np.exp(log_weight - log_weight.max())


def _require(package: str) -> Any:
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError:
        raise ModuleNotFoundError(f"needs {package}: pip install 'latticekit[analysis]'", name=package) from None
