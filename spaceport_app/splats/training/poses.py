"""Moving the cameras of the training photos along with the Gaussians.

A photo's pose changes by Adam (Kingma and Ba 2015) on the twist of its camera's axes, each time
that the photo has its turn. What the photos cannot tell, where the whole scene lies, how it is
turned and how large it is, stays as the reconstruction said: position and size of the set of
cameras and their mean turn are held, so that the georeference stays true.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, TypeAlias

import numpy as np
import numpy.typing as npt
from msgspec import Meta
from scipy.spatial.transform import Rotation

from spaceport_app import records
from spaceport_app.events import JsonValue
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.contract import Twist

Floats = npt.NDArray[np.float64]

_FROM = 0.2
"""Part of the training after which cameras move: before, Gaussians are not where they belong."""

_RATE = 1e-4
"""Radians of the first steps; times the scene's extent it is that of shifts."""

_LAST_RATE = 0.01
_BETA1, _BETA2, _EPSILON = 0.9, 0.99, 1e-15


_Rows: TypeAlias = list[list[list[float]]]


@dataclass(frozen=True)
class _Record:
    matrices: _Rows
    moments: _Rows
    steps: list[Annotated[int, Meta(ge=0, le=10**9)]]


class Poses:
    """Poses of the training cameras, as they are now.

    Parameters
    ----------
    cameras : sequence of Camera
        As the reconstruction placed them.
    extent : float
        Scene extent in metres.
    """

    def __init__(self, cameras: Sequence[Camera], extent: float) -> None:
        matrices = np.array([camera.view_matrix for camera in cameras], np.float64)
        self._units = np.array([extent] * 3 + [1.0] * 3)
        self._first_turns, self._first_centres = matrices[:, :3, :3], _centres(matrices)
        self._first = matrices
        self.reset()

    def reset(self) -> None:
        """Go back to where the reconstruction placed the cameras."""
        self._matrices = self._first.copy()
        self._moments = np.zeros((len(self._first), 2, 6))
        self._steps = np.zeros(len(self._first), np.int64)

    def view_matrix(self, index: int) -> Floats:
        """Return a camera's view matrix, (4, 4)."""
        return np.array(self._matrices[index])

    @staticmethod
    def rate(done: float) -> float:
        """Return the rate after the part `done` of the training; 0 where cameras keep still."""
        return _RATE * _LAST_RATE ** ((done - _FROM) / (1.0 - _FROM)) if done >= _FROM else 0.0

    def move(self, index: int, gradient: Twist, rate: float) -> None:
        """Take a step with one camera, and hold what the photos cannot tell."""
        slope = np.array(gradient) * self._units
        first, second = self._moments[index]
        first += (1.0 - _BETA1) * (slope - first)
        second += (1.0 - _BETA2) * (slope * slope - second)
        self._steps[index] += 1
        steps = self._steps[index]
        length = np.sqrt(second / (1.0 - _BETA2**steps)) + _EPSILON
        twist = -rate * self._units * (first / (1.0 - _BETA1**steps)) / length
        turn = Rotation.from_rotvec(twist[3:]).as_matrix()
        matrix = self._matrices[index]
        matrix[:3] = turn @ matrix[:3]
        matrix[:3, 3] += twist[:3]
        self._hold()

    def _hold(self) -> None:
        """Move all cameras as one until mean place, mean turn and size are the first ones."""
        turns, centres = self._matrices[:, :3, :3], _centres(self._matrices)
        back = Rotation.from_rotvec(-self._turned().mean(axis=0)).as_matrix()
        middle = self._first_centres.mean(axis=0)
        spread, first_spread = (
            (centres - centres.mean(axis=0)) @ back.T,
            self._first_centres - middle,
        )
        overlap, size = float((spread * first_spread).sum()), float((first_spread**2).sum())
        scale = size / overlap if overlap > 0.0 and size > 0.0 else 1.0
        centres = middle + scale * spread
        turns = turns @ back.T
        self._matrices[:, :3, :3] = turns
        self._matrices[:, :3, 3] = -np.einsum("nij,nj->ni", turns, centres)

    def _turned(self) -> Floats:
        """Return how far each camera is turned in the world, as rotation vectors (N, 3)."""
        turned = self._matrices[:, :3, :3].transpose(0, 2, 1) @ self._first_turns
        return np.asarray(Rotation.from_matrix(turned).as_rotvec(), np.float64)

    def report(self) -> dict[str, JsonValue]:
        """Return how far cameras were moved from where the reconstruction placed them."""
        shifts = np.linalg.norm(_centres(self._matrices) - self._first_centres, axis=1)
        turns = np.degrees(np.linalg.norm(self._turned(), axis=1))
        return {
            "pose_shift_median_m": float(np.median(shifts)),
            "pose_shift_max_m": float(shifts.max()),
            "pose_turn_median_deg": float(np.median(turns)),
            "pose_turn_max_deg": float(turns.max()),
        }

    def as_json(self) -> JsonValue:
        """Return all that `restore` needs."""
        return {
            "matrices": self._matrices.tolist(),
            "moments": self._moments.tolist(),
            "steps": self._steps.tolist(),
        }

    def restore(self, value: JsonValue) -> None:
        """Go back to what `as_json` returned.

        Raises
        ------
        ValueError
            If it is of other cameras, or of none.
        """
        found = records.convert(value, _Record)
        matrices = np.array(found.matrices, np.float64)
        moments = np.array(found.moments, np.float64)
        steps = np.array(found.steps, np.int64)
        if (matrices.shape, moments.shape, steps.shape) != (
            self._matrices.shape,
            self._moments.shape,
            self._steps.shape,
        ):
            raise ValueError("it is of other cameras")
        self._matrices, self._moments, self._steps = matrices, moments, steps


def _centres(matrices: Floats) -> Floats:
    """Return where cameras of these view matrices (N, 4, 4) stand, (N, 3)."""
    centres: Floats = -np.einsum("nji,nj->ni", matrices[:, :3, :3], matrices[:, :3, 3])
    return centres
