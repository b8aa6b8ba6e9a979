"""The crop box: upright, turned about the vertical."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spaceport_app.splats.nearby import nearby

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Triple = tuple[float, float, float]

_OUTERMOST = 0.02
_MARGIN = 0.05
_SOLID = 0.1


@dataclass(frozen=True)
class CropBox:
    """A box whose third axis is the world's up.

    Parameters
    ----------
    centre : tuple of float
        East, north, up in metres.
    size : tuple of float
        Lengths along the box's own axes in metres, above 0.
    turn_degrees : float
        Angle from the world's first two axes to the box's, counter-clockwise seen from above.

    Raises
    ------
    ValueError
        If a number is none, or a length is not above 0.
    """

    centre: Triple
    size: Triple
    turn_degrees: float = 0.0

    def __post_init__(self) -> None:
        if not all(math.isfinite(v) for v in (*self.centre, *self.size, self.turn_degrees)):
            raise ValueError("a crop box needs numbers")
        if not all(length > 0.0 for length in self.size):
            raise ValueError("a crop box needs lengths above 0")

    @staticmethod
    def between(low: Triple, high: Triple, turn_degrees: float = 0.0) -> CropBox:
        """Return the box from one corner to the other, then turned about its own middle.

        Raises
        ------
        ValueError
            If a coordinate of `high` is not above that of `low`.
        """
        middle = tuple(0.5 * (a + b) for a, b in zip(low, high, strict=True))
        size = tuple(b - a for a, b in zip(low, high, strict=True))
        return CropBox(_triple(middle), _triple(size), turn_degrees)

    @property
    def axes(self) -> Floats:
        """Unit vectors of the box's axes in the world, one a row, (3, 3)."""
        angle = math.radians(self.turn_degrees)
        c, s = math.cos(angle), math.sin(angle)
        return np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])

    def corners(self) -> Floats:
        """Return the corners, (8, 3); bit k of a corner's number tells the side along axis k."""
        sides = np.array([[(i >> k & 1) - 0.5 for k in range(3)] for i in range(8)])
        corners: Floats = np.array(self.centre) + (sides * self.size) @ self.axes
        return corners

    def holds(self, points: npt.NDArray[np.floating]) -> Mask:
        """Tell which points (N, 3) are inside or on the surface, (N,); never those with NaN."""
        x, y, z = (points[:, k].astype(np.float64) for k in range(3))
        return self.holds_at(x, y, z)

    def holds_at(self, x: Floats, y: Floats, z: Floats) -> Mask:
        """Do what `holds` does for points whose coordinates (N,) lie in arrays of their own."""
        inside = np.abs(z - self.centre[2]) <= 0.5 * self.size[2]
        c, s = self.axes[0, 0], self.axes[0, 1]
        x, y = x - self.centre[0], y - self.centre[1]
        if self.turn_degrees:
            x, y = c * x + s * y, c * y - s * x
        for place, length in ((x, self.size[0]), (y, self.size[1])):
            inside &= np.abs(place, out=place) <= 0.5 * length
        return inside

    def with_face_at(self, axis: int, side: int, along: float) -> CropBox:
        """Return the box with one face moved, the one across from it staying.

        Parameters
        ----------
        axis : int
            0, 1 or 2.
        side : int
            0 for the face at the lower end of the axis, 1 for the upper.
        along : float
            Where the face goes, in metres from the present middle along the axis. It stays a
            hundredth of the length away from the face across.
        """
        half = 0.5 * self.size[axis]
        low, high = -half, half
        least = 0.02 * half
        if side:
            high = max(along, low + least)
        else:
            low = min(along, high - least)
        shift = 0.5 * (low + high) * self.axes[axis]
        size = [*self.size]
        size[axis] = high - low
        return CropBox(_triple(np.array(self.centre) + shift), _triple(size), self.turn_degrees)

    def moved(self, matrix: Floats) -> CropBox:
        """Return the box in another frame.

        Parameters
        ----------
        matrix : (4, 4)
            From the present frame to the other, both upright: of its rotation only that about
            the vertical is taken over.
        """
        centre = matrix[:3, :3] @ self.centre + matrix[:3, 3]
        turn = math.degrees(math.atan2(matrix[1, 0], matrix[0, 0]))
        return CropBox(_triple(centre), self.size, self.turn_degrees + turn)


def fitting(means: npt.NDArray[np.floating], opacities: npt.NDArray[np.floating]) -> CropBox:
    """Return a first box: what all but the outermost solid Gaussians fill, and a little more.

    Of the centres (N, 3) of Gaussians with an opacity over a tenth it leaves out the sky and the
    outermost 2 % on each side, and then adds 5 % on each side.
    """
    solid = opacities > _SOLID
    points = (means[solid] if solid.any() else means).astype(np.float64)
    points = points[nearby(points)]
    if len(points) == 0:
        return CropBox((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    low, high = np.quantile(points, [_OUTERMOST, 1.0 - _OUTERMOST], axis=0)
    size = np.maximum((1.0 + 2.0 * _MARGIN) * (high - low), 1e-3)
    return CropBox(_triple(0.5 * (low + high)), _triple(size))


def _triple(values: npt.ArrayLike) -> Triple:
    x, y, z = np.asarray(values, np.float64).tolist()
    return float(x), float(y), float(z)
