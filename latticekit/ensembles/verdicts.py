"""Is this run to be trusted?  Findings in words, worst first to look at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from latticekit.ensembles.finding import Finding
from latticekit.ensembles.link_composites import tunnellings
from latticekit.ensembles.weighing import flow_findings, weighted_by
from latticekit.estimators import stuck, thermalised

if TYPE_CHECKING:
    from latticekit.ensembles.table import Row

_FAIL_Z, _WARN_Z = 5.0, 4.0
_FEWEST_ESS, _FEWEST_TAU = 100, 20


def findings(ensemble: xr.DataTree, posterior: xr.Dataset, rows: list[Row]) -> tuple[Finding, ...]:
    """All that the checks have to say."""
    checks = (
        _sampler(ensemble),
        flow_findings(ensemble),
        _thermalisation(posterior),
        _length(rows, posterior),
        _agreement(rows),
        _stuck(ensemble, posterior),
        _sign(posterior),
        _topology(posterior, rows),
        _group(ensemble),
        _exactness(rows),
        _complete(ensemble),
    )
    return tuple(finding for check in checks for finding in check)


def _sampler(ensemble: xr.DataTree) -> Iterator[Finding]:
    if "sample_stats" not in ensemble.children:
        return
    for name, values in ensemble["sample_stats"].data_vars.items():
        if str(name).endswith("acceptance_rate"):
            who = str(name).removesuffix("acceptance_rate").rstrip("_")
            of_flow = f"{name}".replace("acceptance_rate", "proposed_log_weight") in ensemble["sample_stats"]
            yield _acceptance(who, float(values.mean()), of_flow or who.startswith("independence_metropolis"))
        if str(name).endswith("diverging") and bool(values.any()):
            share = float(values.mean())
            yield Finding("warn" if share < 0.01 else "fail", f"{share:.2%} of the trajectories diverged: more steps")
        if str(name).endswith("failures") and float(values.sum()):
            text = f"{float(values.sum()):.0f} heatbath draws without success kept their value (exact, but a waste)"
            yield Finding("warn", f"{text}: raise attempts")
        if str(name).endswith("bias_order"):
            order = int(values.max())
            yield Finding("warn", f"no Metropolis test: results are biased in order {order} of the step size")


def _acceptance(who: str, rate: float, of_flow: bool) -> Finding:
    text = f"acceptance {rate:.1%}" + (f" ({who})" if who else "")
    if of_flow:
        level = "fail" if rate < 0.01 else "warn" if rate < 0.1 else "ok"
        return Finding(level, text if level == "ok" else f"{text}: train the flow longer, or mix it with HMC")
    if rate < 0.1:
        return Finding("fail", f"{text}: the chains hardly move, use a smaller step size")
    if rate < 0.4:
        return Finding("warn", f"{text} is low: a smaller step size will be more efficient")
    return Finding("ok", text)


def _thermalisation(posterior: xr.Dataset) -> Iterator[Finding]:
    names = [n for n in ("action", "phi_squared", "abs_magnetization", "plaquette") if n in posterior]
    if posterior.sizes["draw"] < 20 or not names or weighted_by(posterior) != "no":
        return
    worst = max((abs(float(thermalised(posterior[n].values).pooled)), n) for n in names)
    text = f"first fifth of the draws against the rest: {worst[0]:.1f} sigma ({worst[1]})"
    yield (
        Finding("ok", f"thermalised, {text}")
        if worst[0] < _WARN_Z
        else Finding("fail" if worst[0] > _FAIL_Z else "warn", f"not thermalised, {text}: use more warmup")
    )


def _length(rows: list[Row], posterior: xr.Dataset) -> Iterator[Finding]:
    known = [(float(r.estimate.ess), float(r.estimate.tau_int), r.name) for r in rows if float(r.estimate.error) > 0]
    if not known:
        return
    ess, _, name = min(known)
    longest = max(tau for _, tau, _ in known)
    per_chain = posterior.sizes["draw"] / (2 * longest)
    text = f"fewest effective draws {ess:.0f} ({name}), run length {per_chain:.0f} x 2 tau_int per chain"
    if ess < _FEWEST_ESS:
        yield Finding("fail" if ess < _FEWEST_ESS / 5 else "warn", f"{text}: too few for reliable errors, run longer")
    elif per_chain < _FEWEST_TAU / 2:
        yield Finding("warn", f"{text}: chains are short against the autocorrelation, tau_int may be underestimated")
    else:
        yield Finding("ok", text)


def _agreement(rows: list[Row]) -> Iterator[Finding]:
    known = [(r.agreement.rhat - r.agreement.expected, r.agreement.rhat, r.name) for r in rows if r.agreement]
    if not known:
        return
    excess, worst, name = max(known)
    text = f"largest R-hat {worst:.3f} ({name})"
    level = "ok" if excess < 0.01 else "warn" if excess < 0.05 else "fail"
    yield Finding(level, text if level == "ok" else f"{text}: the chains disagree, run longer")


def _stuck(ensemble: xr.DataTree, posterior: xr.Dataset) -> Iterator[Finding]:
    series = posterior["action"].values if "action" in posterior else next(iter(posterior.data_vars.values())).values
    found = stuck(series)
    frozen = np.flatnonzero(np.asarray(found.frozen))
    longest = int(np.max(np.asarray(found.longest_run)))
    if len(frozen):
        yield Finding("fail", f"{len(frozen)} chain(s) never moved, the first is chain {frozen[0]}")
    elif longest > max(20, 0.1 * series.shape[1]):
        yield Finding("warn", f"one chain stood still for {longest} draws in a row")


def _sign(posterior: xr.Dataset) -> Iterator[Finding]:
    """A symmetric field whose magnetisation never changes sign has not seen both its phases."""
    if "magnetization" not in posterior:
        return
    m = posterior["magnetization"].values
    flips = np.sum(np.sign(m[:, 1:]) != np.sign(m[:, :-1]), axis=1)
    if m.shape[1] >= 100 and np.any(flips == 0):
        yield Finding(
            "warn",
            f"the magnetisation of {int(np.sum(flips == 0))} chain(s) never changed sign: odd quantities such as <phi> "
            "are not sampled (use |phi|, or a cluster update in the sequence)",
        )


def _topology(posterior: xr.Dataset, rows: list[Row]) -> Iterator[Finding]:
    """Chains that never change their topological charge sample one sector only."""
    if "topological_charge" not in posterior:
        return
    charge = np.rint(posterior["topological_charge"].values)
    jumps = tunnellings(charge)
    frozen = int(np.sum(jumps == 0))
    text = f"topological charge: {float(np.mean(jumps)):.1f} tunnellings per chain"
    if not frozen or charge.shape[1] < 20:
        yield Finding("ok", text)
        return
    spread = next((r.exact for r in rows if r.name == "topological_charge_squared"), None)
    expected = float(np.var(charge)) if spread is None else spread
    level = "ok" if expected < 1e-3 else "fail" if frozen > len(jumps) // 2 else "warn"
    yield Finding(level, f"{text}, none in {frozen} of {len(jumps)}: topology is frozen, averages over Q are wrong")


def _group(ensemble: xr.DataTree) -> Iterator[Finding]:
    if (worst := float(ensemble.attrs.get("group_defect", 0.0))) > 0:
        yield Finding("ok", f"links are off the group by {worst:.1e} at most")


def _exactness(rows: list[Row]) -> Iterator[Finding]:
    pulls = [(abs(r.pull), r.name) for r in rows if r.pull is not None]
    if not pulls:
        return
    worst, name = max(pulls)
    text = f"{len(pulls)} values known exactly, largest pull {worst:.1f} sigma ({name})"
    level = "ok" if worst < _WARN_Z else "warn" if worst < _FAIL_Z else "fail"
    yield Finding(level, text)


def _complete(ensemble: xr.DataTree) -> Iterator[Finding]:
    if ensemble.attrs.get("status") not in (None, "complete"):
        yield Finding("warn", f"the run is {ensemble.attrs['status']}: continue it with resume = True")
