"""Renders and trains Gaussians on the processor, compiled with Numba."""
