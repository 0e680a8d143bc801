"""The same functions, faster: `site` formulas, `cpu` (Numba) and `cuda` (CuPy).  Calling the module switches them.

`with latticekit.kernels("reference"):` runs the Array-API references only; the definition is
`latticekit.arrays.using_kernels`.  A module may be callable (its class may be replaced: see the Python data model),
which lets the package and the switch share the one name users know.
"""

import sys
from contextlib import AbstractContextManager
from types import ModuleType

from latticekit.arrays import using_kernels


class _Callable(ModuleType):
    def __call__(self, mode: str) -> AbstractContextManager[None]:
        return using_kernels(mode)


sys.modules[__name__].__class__ = _Callable
