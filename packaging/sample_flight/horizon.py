"""Another flight over the same place, with hills and clouds behind it: photos half of sky.

No file of it is part of the program: it is made to measure what stands behind a scene.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from sample_flight.flight import Pose
from sample_flight.layout import Floats

PHOTOS = 28

_CLOUDS = ((40, 1.0), (18, 0.6), (8, 0.35), (4, 0.2))
_WOODS = ((30, 0.6), (10, 0.5), (4, 0.5), (2, 0.4))
"""Widths of blotches in pixels of a panorama, and how strong they are."""

_CLOUDS_A_DEGREE, _WOODS_A_DEGREE = 4, 5
_LOWEST_WOODS = -30.0
_BEHIND_US = ((0.82, 0.87, 0.92), (0.42, 0.60, 0.88), (0.97, 0.97, 0.98), (0.33, 0.42, 0.40))
"""Colours of the sky at the horizon and at 40 degrees, of clouds and of wooded hills."""


def poses(seed: int) -> list[Pose]:
    """Return two rings around the hamlet, 40 and 34 m wide, that look 22 and 14 degrees down."""
    rng = np.random.default_rng(seed)
    found = []
    for k in range(PHOTOS):
        angle = 2 * np.pi * k / PHOTOS
        radius, height, pitch = (40.0, 36.0, -22.0) if k % 2 == 0 else (34.0, 30.0, -14.0)
        centre = np.array([radius * np.sin(angle), radius * np.cos(angle), height])
        centre += 0.4 * rng.normal(size=3)
        yaw = float((np.degrees(angle) + 180 + rng.normal()) % 360)
        found.append((centre, yaw, float(pitch + 0.5 * rng.normal())))
    return found


class Horizon:
    """Hills under a sky with clouds, all endlessly far."""

    def __init__(self) -> None:
        self._clouds = _blotches(360, 1440, _CLOUDS, 1)
        self._woods = _blotches(200, 2880, _WOODS, 2)

    def colours(self, rays: Floats) -> Floats:
        """Return what unit vectors (..., 3), east, north, up, meet: colours (..., 3), 0 to 1."""
        low, high, cloud, wood = (np.array(colour) for colour in _BEHIND_US)
        around = np.arctan2(rays[..., 0], rays[..., 1])
        rise = np.degrees(np.arcsin(rays[..., 2]))
        turn = (around / (2 * np.pi)) % 1
        place = [np.clip(rise, 0, 89) * _CLOUDS_A_DEGREE, turn * 1439]
        covered = np.clip(0.45 * map_coordinates(self._clouds, place, order=1, mode="wrap"), 0, 1)
        up = np.clip(rise / 40, 0, 1)[..., None]
        sky = (1 - up) * low + up * high
        sky = sky * (1 - covered[..., None]) + covered[..., None] * cloud
        place = [np.clip((rise - _LOWEST_WOODS) * _WOODS_A_DEGREE, 0, 199), turn * 2879]
        shade = map_coordinates(self._woods, place, order=1, mode="wrap")
        hills = wood * (1 + 0.16 * shade[..., None])
        ridge = 2.2 + 1.6 * np.sin(3 * around) + 0.9 * np.sin(7 * around + 1)
        ridge += 0.5 * np.sin(17 * around + 2)
        return np.asarray(np.clip(np.where((rise < ridge)[..., None], hills, sky), 0, 1))


def _blotches(height: int, width: int, sizes: Sequence[tuple[int, float]], seed: int) -> Floats:
    """Return a panorama of noise that closes around."""
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width))
    for size, strength in sizes:
        noise = rng.normal(size=(height, width))
        smooth = gaussian_filter(noise, (size * 0.5, size), mode=("nearest", "wrap"))
        total += strength * smooth / smooth.std()
    return total
