"""Spaceport: drone photos in, a web-ready Gaussian splat out."""

__version__ = "0.1.0"
