"""Couplings per plaquette, beta_p(x) = beta w_p(x): anisotropy, open and Dirichlet boundaries, defects."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from latticekit.actions.held import Ends, Held
from latticekit.fields import planes


class Weights(ABC):
    """w_p(x), one number per plaquette; p runs over the planes mu < nu, x is the plaquette's lower corner."""

    @abstractmethod
    def on(self, sites: tuple[int, ...]) -> np.ndarray:
        """float64, (planes, *sites), or (planes, 1, ..., 1) where every site of a plane has the same."""

    @property
    def held(self) -> Held | None:
        """Links that are no variables but boundary values; None: there are none."""
        return None

    @property
    def open_axes(self) -> tuple[int, ...]:
        """Directions that no plaquette goes around, so that they may have any extent in every update."""
        return ()


def _per_plane(sites: tuple[int, ...], values: list[float]) -> np.ndarray:
    return np.array(values, float).reshape(-1, *[1] * len(sites))


@dataclass(frozen=True)
class Uniform(Weights):
    """w = 1."""

    def on(self, sites: tuple[int, ...]) -> np.ndarray:
        """Ones.  -> (planes, 1, ..., 1)"""
        return _per_plane(sites, [1.0] * len(planes(len(sites))))


UNIFORM = Uniform()


@dataclass(frozen=True)
class Anisotropic(Weights):
    """w = xi for plaquettes with time (axis 0), 1/xi for the others (Karsch, Nucl. Phys. B205 (1982) 285)."""

    xi: float

    def __post_init__(self) -> None:
        if not 0 < self.xi < float("inf"):
            raise ValueError(f"Anisotropic: xi must be positive, got {self.xi}")

    def on(self, sites: tuple[int, ...]) -> np.ndarray:
        """-> (planes, 1, ..., 1)"""
        return _per_plane(sites, [self.xi if mu == 0 else 1 / self.xi for mu, _ in planes(len(sites))])


@dataclass(frozen=True)
class OpenBoundary(Weights):
    """Open boundary in a direction: no plaquettes across it, `edge` for those that lie in it (1105.4749)."""

    axis: int = 0
    edge: float = 0.5

    def on(self, sites: tuple[int, ...]) -> np.ndarray:
        """The links that leave the last slice drop out.  -> (planes, *sites)"""
        w = np.ones((len(planes(len(sites))), *sites))
        for p, plane in enumerate(planes(len(sites))):
            along = np.moveaxis(w[p], self.axis, 0)
            if self.axis in plane:
                along[-1] = 0.0
            else:
                along[0], along[-1] = self.edge, self.edge
        return w

    @property
    def open_axes(self) -> tuple[int, ...]:
        """The direction itself."""
        return (self.axis,)


@dataclass(frozen=True)
class Schroedinger(Weights):
    """Dirichlet boundary in a direction, as in the Schroedinger functional (hep-lat/9207009; c_t: hep-lat/9309005).

    The links that lie in the first and last slice keep the values of the start, T = extent - 1 steps apart; those that
    leave the last slice are in no plaquette, and are held, too.  Plaquettes in a boundary slice have the weight `edge`,
    which only adds a constant; those that touch a boundary with one side have c_t, 1 at tree level.
    """

    c_t: float = 1.0
    axis: int = 0
    edge: float = 0.5

    def __post_init__(self) -> None:
        if not (0 < self.c_t < float("inf") and 0 <= self.edge < float("inf")):
            raise ValueError(f"Schroedinger needs c_t > 0 and edge >= 0, got {self}")

    def on(self, sites: tuple[int, ...]) -> np.ndarray:
        """-> (planes, *sites)"""
        if sites[self.axis] < 2:
            raise ValueError(f"Schroedinger needs two slices or more in direction {self.axis}, got sites {sites}")
        w = OpenBoundary(self.axis, self.edge).on(sites)
        for p, plane in enumerate(planes(len(sites))):
            if self.axis in plane:
                along = np.moveaxis(w[p], self.axis, 0)
                along[0] = along[-2] = self.c_t
        return w

    @property
    def held(self) -> Held:
        """What lies in the first and last slice."""
        return Ends(self.axis)

    @property
    def open_axes(self) -> tuple[int, ...]:
        """The direction itself."""
        return (self.axis,)


@dataclass(frozen=True)
class Defect(Weights):
    """Links through a cube of a slice carry the factor c: 1 is the periodic lattice, 0 opens it there.

    The links of direction `axis` that leave the slice x_axis = position inside the cube x_nu < size have K = c, all
    others K = 1; w_{mu nu}(x) = K_mu(x) K_nu(x+mu) K_mu(x+nu) K_nu(x) (1706.04443, eq. 2.4; 2012.14000, eq. 7).
    """

    c: float
    size: int
    axis: int = 0
    position: int = -1

    def __post_init__(self) -> None:
        if self.size < 1 or not 0 <= self.c < float("inf"):
            raise ValueError(f"Defect needs size >= 1 and c >= 0, got {self}")

    def on(self, sites: tuple[int, ...]) -> np.ndarray:
        """-> (planes, *sites)"""
        k = np.ones((len(sites), *sites))
        inside = [slice(0, self.size)] * len(sites)
        at = self.position % sites[self.axis]
        inside[self.axis] = slice(at, at + 1)
        k[self.axis][tuple(inside)] = self.c
        return np.stack(
            [k[mu] * np.roll(k[nu], -1, mu) * np.roll(k[mu], -1, nu) * k[nu] for mu, nu in planes(len(sites))]
        )
