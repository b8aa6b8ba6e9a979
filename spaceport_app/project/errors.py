"""A project that cannot be used, and what to do about it."""

from __future__ import annotations

from spaceport_app.errors import StageError


class ProjectError(StageError):
    """The project folder itself is the trouble: locked, damaged, newer, not writable."""
