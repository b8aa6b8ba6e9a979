"""Gaussians trained from a reconstruction, on whatever engine there is."""
