"""All readers: a new one is one entry here, and a test tells which has none."""

from __future__ import annotations

from collections.abc import Sequence

from ..reader import Reader
from . import cloud, person, projects, setup, splats
from . import photos as pictures

READERS: Sequence[Reader] = (
    *pictures.READERS,
    *splats.READERS,
    *projects.READERS,
    *cloud.READERS,
    *setup.READERS,
    *person.READERS,
)


def find(name: str) -> Reader:
    """Return the reader of that name."""
    return next(reader for reader in READERS if reader.name == name)
