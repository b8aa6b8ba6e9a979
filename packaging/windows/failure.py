"""The one error of this build: a sentence, and what to do."""

from __future__ import annotations


class BuildError(Exception):
    """The build cannot go on; the message says why and what to do."""
