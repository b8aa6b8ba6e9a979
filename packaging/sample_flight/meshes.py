"""Pieces of surface: flat panels with a picture, and shells with a colour a vertex."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from sample_flight.layout import Floats

Corners: TypeAlias = Sequence[tuple[float, float, float]]


@dataclass(frozen=True)
class Panel:
    """A flat polygon with a picture: corners (N, 3), texture coordinates (N, 2), v up."""

    corners: Floats
    coordinates: Floats
    picture: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Shell:
    """Triangles with a colour a vertex: points (N, 3), triangles (M, 3), colours (N, 3) uint8."""

    points: Floats
    triangles: npt.NDArray[np.int64]
    colours: npt.NDArray[np.uint8]


def turned(degrees: float, vectors: Floats) -> Floats:
    """Return vectors, shape (..., 3), turned anticlockwise about the vertical."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.asarray(vectors @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]))


def rings(
    radii: Floats, levels: Floats, sides: int, base: Floats
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return points and triangles of a stack of circles, one a radius and level."""
    angle = np.arange(sides) * 2 * np.pi / sides
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    points = np.concatenate(
        [
            np.column_stack([r * circle, np.full(sides, z)])
            for r, z in zip(radii, levels, strict=True)
        ]
    )
    triangles = []
    for ring in range(len(radii) - 1):
        for k in range(sides):
            a, b = ring * sides + k, ring * sides + (k + 1) % sides
            triangles += [(a, b, b + sides), (a, b + sides, a + sides)]
    return points + base, np.array(triangles)


def join(shells: list[Shell]) -> Shell:
    """Return several shells as one."""
    starts = np.cumsum([0] + [len(s.points) for s in shells[:-1]])
    return Shell(
        np.concatenate([s.points for s in shells]),
        np.concatenate([s.triangles + start for s, start in zip(shells, starts, strict=True)]),
        np.concatenate([s.colours for s in shells]),
    )
