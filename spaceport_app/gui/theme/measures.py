"""Spacing in pixels and the type scale in points, in one place."""

spacing = 8
wide = 2 * spacing
radius = 6

small = 0.88
"""Size of secondary text, as a factor of the system's font size."""
title = 1.7
"""Size of a page's title, as a factor of the system's font size."""
