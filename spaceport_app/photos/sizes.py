"""Sizes of pictures that are reduced to a larger side."""

from __future__ import annotations


def fitted(width: int, height: int, limit: int) -> tuple[int, int]:
    """Return the size with the same shape whose larger side is at most `limit`; 0 is any."""
    larger = max(width, height)
    if limit == 0 or larger <= limit:
        return width, height
    return max(1, round(width * limit / larger)), max(1, round(height * limit / larger))
