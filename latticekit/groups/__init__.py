"""Where one field variable lives.  (floor 1)"""

from latticekit.groups.base import Group
from latticekit.groups.gauge import GaugeGroup
from latticekit.groups.real import Real
from latticekit.groups.starts import cold, group_named, hot
from latticekit.groups.sun import SU
from latticekit.groups.u1 import U1

__all__ = ["SU", "U1", "GaugeGroup", "Group", "Real", "cold", "group_named", "hot"]
