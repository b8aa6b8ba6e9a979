"""Splats of every program: one file a format, one table of them, one door to read any."""

from spaceport_app.formats.registry import FORMATS, read

__all__ = ["FORMATS", "read"]
