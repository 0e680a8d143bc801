"""Periodic sites: the only place that knows neighbours.  (floor 0)"""

from latticekit.lattice.hartley import hartley
from latticekit.lattice.momenta import lattice_momentum_squared, momenta, to_momentum
from latticekit.lattice.orbits import Orbits, orbits
from latticekit.lattice.sites import check_sites, checkerboard, coordinates, even_sites, parity, shift, volume

__all__ = [
    "Orbits",
    "check_sites",
    "checkerboard",
    "coordinates",
    "even_sites",
    "hartley",
    "lattice_momentum_squared",
    "momenta",
    "orbits",
    "parity",
    "shift",
    "to_momentum",
    "volume",
]
