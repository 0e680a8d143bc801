"""Numba kernels for NumPy arrays: explicit SIMD vectors, geometry, threads.  The only importer of numba."""
