"""The one error of these tools: a sentence, and what to do."""

from __future__ import annotations


class ReleaseError(Exception):
    """A release cannot go on; the message says why and what to do."""
