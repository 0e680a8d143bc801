"""Oracles an author runs on a new thing: each returns its worst error, or raises AssertionError.  (floor 0)

They take any object that follows the protocol, and import nothing above the ground floor.
"""

from latticekit.testing.draws import free_field_draws, normal_draws
from latticekit.testing.dynamics import check_order, check_reversibility, check_volume_preservation
from latticekit.testing.exactness import check_detailed_balance, check_exact, field_moments
from latticekit.testing.forces import check_force
from latticekit.testing.gauge_symmetries import check_gauge_symmetries, gauge_symmetries
from latticekit.testing.groups import check_group
from latticekit.testing.layers import check_carry, check_inverse, check_log_det, check_vjp
from latticekit.testing.networks import check_network
from latticekit.testing.parity import check_parity, check_strict
from latticekit.testing.purity import check_chains, check_pure
from latticekit.testing.symmetries import check_equivariance, check_symmetries, scalar_symmetries

__all__ = [
    "check_carry",
    "check_chains",
    "check_detailed_balance",
    "check_equivariance",
    "check_exact",
    "check_force",
    "check_gauge_symmetries",
    "check_group",
    "check_inverse",
    "check_log_det",
    "check_network",
    "check_order",
    "check_parity",
    "check_pure",
    "check_reversibility",
    "check_strict",
    "check_symmetries",
    "check_vjp",
    "check_volume_preservation",
    "field_moments",
    "free_field_draws",
    "gauge_symmetries",
    "normal_draws",
    "scalar_symmetries",
]
