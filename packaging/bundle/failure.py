"""The one error of the builds: a sentence, and what to do."""

from __future__ import annotations


class BuildError(Exception):
    """A build cannot go on; the message says why and what to do."""
