"""Where one field variable lives.  (floor 1)"""

from latticekit.groups.base import Group
from latticekit.groups.real import Real

__all__ = ["Group", "Real"]
