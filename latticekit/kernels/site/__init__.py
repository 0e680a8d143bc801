"""Site formulas, written once over generic numbers: Python floats, CUDA scalars, SIMD vectors on the CPU."""

from latticekit.kernels.site.rebinding import SOURCE_HASH, Constant, Primitive, Site, Target, rebuilt

__all__ = ["SOURCE_HASH", "Constant", "Primitive", "Site", "Target", "rebuilt"]
