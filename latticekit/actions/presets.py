"""Named parameter points of the literature."""

from __future__ import annotations

from dataclasses import dataclass

from latticekit.actions.base import Action
from latticekit.actions.gauge import Wilson
from latticekit.actions.phi4 import Phi4
from latticekit.groups import SU, U1


@dataclass(frozen=True)
class Preset:
    """An action on a lattice, with the paper it is from."""

    action: Action
    lattice: tuple[int, ...]
    reference: str


def _critical(size: int, coupling: float, reference: str) -> Preset:
    return Preset(Phi4(-4.0, coupling), (size, size), reference)


_E = "1904.12072, table I"
_LINE = "2207.00283: m^2 = -4, correlation length about L/4"
_EXACT = "two dimensions, solved exactly: Migdal, Sov. Phys. JETP 42 (1975) 413"
_CREUTZ = "Creutz, Phys. Rev. D21 (1980) 2308"
_SPACING = "Necco and Sommer, hep-lat/0108008: r_0/a = 5.37, a = 0.093 fm"
_DIFFUSION = "2309.17082, lambda = 0.022"
PRESETS: dict[str, Preset] = {
    "E1": _critical(6, 6.975, _E),
    "E2": _critical(8, 6.008, _E),
    "E3": _critical(10, 5.550, _E),
    "E4": _critical(12, 5.276, _E),
    "E5": _critical(14, 5.113, _E),
    "L16": _critical(16, 4.98, _LINE),
    "L20": _critical(20, 4.807, _LINE),
    "L32": _critical(32, 4.572, _LINE),
    "L64": _critical(64, 4.398, _LINE),
    "symmetric": Preset(Phi4.from_hopping(0.21, 0.022, 2), (32, 32), _DIFFUSION),
    "broken": Preset(Phi4.from_hopping(0.5, 0.022, 2), (32, 32), _DIFFUSION),
    "u1-2.0": Preset(Wilson(U1(), 2.0), (16, 16), _EXACT),
    "u1-7.0": Preset(Wilson(U1(), 7.0), (16, 16), _EXACT),
    "su2-2.3": Preset(Wilson(SU(2), 2.3), (8, 8, 8, 8), _CREUTZ),
    "su3-6.0": Preset(Wilson(SU(3), 6.0), (8, 8, 8, 8), _SPACING),
}
"""Real scalar field: E1-E5 of Albergo et al., the line of constant L/xi they lie on, the two phases of Wang et al.

Gauge fields: U(1) in two dimensions, at 7.0 with frozen topology; SU(2) and SU(3) in the scaling window.
"""


def preset(name: str) -> Preset:
    """A named point: `preset("E3").action`, `preset("su3-6.0").lattice`."""
    if name not in PRESETS:
        raise ValueError(f"unknown preset {name!r}: one of {', '.join(PRESETS)}")
    return PRESETS[name]
