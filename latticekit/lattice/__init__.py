"""Periodic sites: the only place that knows neighbours.  (floor 0)"""

from latticekit.lattice.momenta import lattice_momentum_squared, momenta, to_momentum
from latticekit.lattice.sites import check_sites, checkerboard, coordinates, even_sites, parity, shift, volume

__all__ = [
    "check_sites",
    "checkerboard",
    "coordinates",
    "even_sites",
    "lattice_momentum_squared",
    "momenta",
    "parity",
    "shift",
    "to_momentum",
    "volume",
]
