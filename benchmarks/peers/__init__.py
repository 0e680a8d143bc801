"""Side by side with other codes: the same trajectories in plain NumPy, JAX and PyTorch, interleaved, in CPU time."""
