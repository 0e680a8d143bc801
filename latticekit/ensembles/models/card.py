"""The card of a model bundle: what it samples, how it was trained, what it is not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from latticekit.ensembles.training.trained import Trained

_TEXT = """\
# {layer} on {lattice}

A normalising flow trained with latticekit {version}: it draws independent
fields whose density is close to exp(-S) and known exactly, so that Metropolis or reweighting make its results exact.

| | |
|---|---|
| action | `{action}` |
| lattice | {lattice}, periodic |
| prior | `{prior}` |
| parameters | {count}, {dtype} |
| effective sample size per draw | {ess} |
| acceptance of independence Metropolis | {acceptance} |
| training | {training} |
| created | {created} |
| SHA-256 of `model.safetensors` | `{sha256}` |

## Use

```python
import latticekit as lk

model = lk.load_model("{name}")
update = lk.IndependenceMetropolis(model.action, model.flow)
ensemble = lk.sample(update, lattice={sites}, chains=4, draws=10000, warmup=10, seed=1)
print(lk.summary(ensemble))
```

## Limits

The effective sample size holds at these couplings and this volume; in a larger volume it falls like ESS^(V'/V).
It is measured on draws of the flow and cannot see a region of fields that the flow never visits: compare with an
ensemble of another algorithm where the weight has several modes.
"""


def card(trained: Trained, tables: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown for people."""
    record, flow = trained.record, tables["flow"]
    known = "ess" in record
    return _TEXT.format(
        layer=flow["layer"]["name"],
        prior=json.dumps(flow["prior"]),
        lattice=" x ".join(map(str, flow["lattice"])),
        sites=tuple(flow["lattice"]),
        version=tables["model"]["latticekit"],
        action=json.dumps(dict(tables["action"])) if tables["action"] else "not stored",
        count=tables["parameters"]["count"],
        dtype=flow["dtype"],
        ess=f"{record['ess']:.4f} +- {record['ess_error']:.4f} ({record['samples']} draws)"
        if known
        else "not measured",
        acceptance=f"{record['acceptance_rate']:.1%}" if known else "not measured",
        training=f"{record['steps']} steps, {record['seconds']:.0f} s, seed {record['seed']}"
        if known
        else "not recorded",
        created=tables["model"]["created_at"],
        sha256=tables["parameters"]["sha256"],
        name="FOLDER",
    )
