"""The same site formulas for CuPy arrays: one thread per site, whole fields per launch."""
