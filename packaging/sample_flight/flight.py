"""Where the camera is for each photo, what the drone believes, and the truth beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from pyproj import Transformer

from sample_flight.layout import Floats
from sample_flight.terrain import Terrain

WIDTH, HEIGHT = 1200, 900
FOCAL_PX = 832.0
"""24 mm on a 35 mm film frame, compared by diagonals: 24 / 43.267 * 1500 pixels."""

ORIGIN = (47.79362, 11.16348, 713.4)
"""Latitude, longitude (degrees) and ellipsoidal height (m) of the middle: the Alpine foreland."""

START = datetime(2025, 8, 27, 14, 42, 3, 218000)
GPS_SIGMA_M = (0.21, 0.21, 0.5)
"""One standard deviation east, north and up: 0.3 m horizontally, both axes together."""

_PIPELINE = (
    "+proj=pipeline +step +inv +proj=topocentric +ellps=WGS84 "
    f"+lat_0={ORIGIN[0]} +lon_0={ORIGIN[1]} +h_0={ORIGIN[2]} "
    "+step +inv +proj=cart +ellps=WGS84 +step +proj=unitconvert +xy_in=rad +xy_out=deg"
)


Pose = tuple[Floats, float, float]
"""Camera centre, metres east, north, up, and yaw and pitch in degrees."""


@dataclass(frozen=True)
class Shot:
    """One photo's pose and what its metadata says.

    Parameters
    ----------
    centre : float array, shape (3,)
        True camera centre, metres east, north, up.
    yaw, pitch, roll : float
        True camera angles in degrees: clockwise from north, -90 straight down, clockwise.
    latitude, longitude, altitude : float
        What the receiver wrote: degrees and metres above the ellipsoid, with its error.
    above_start : float
        Metres above take-off, as the drone wrote it.
    """

    name: str
    centre: Floats
    yaw: float
    pitch: float
    roll: float
    latitude: float
    longitude: float
    altitude: float
    above_start: float
    taken_at: datetime


def rotation(yaw: float, pitch: float, roll: float) -> Floats:
    """Return the world-to-camera rotation of a camera with x right, y down, z forward."""
    a, b, c = np.radians([yaw, pitch, roll])
    forward = np.array([np.sin(a) * np.cos(b), np.cos(a) * np.cos(b), np.sin(b)])
    level = np.array([np.cos(a), -np.sin(a), 0.0])
    down = np.cross(forward, level)
    right = level * np.cos(c) + down * np.sin(c)
    return np.stack([right, np.cross(forward, right), forward])


def view_matrix(shot: Shot) -> Floats:
    """Return the 4x4 matrix from the world (metres east, north, up) to the camera."""
    matrix = np.eye(4)
    matrix[:3, :3] = rotation(shot.yaw, shot.pitch, shot.roll)
    matrix[:3, 3] = -matrix[:3, :3] @ shot.centre
    return matrix


def plan(terrain: Terrain, seed: int, poses: Sequence[Pose] = ()) -> tuple[Shot, ...]:
    """Return shots from `poses`; without any, from an orbit of 14 and a grid of 16 looking down."""
    rng = np.random.default_rng(seed)
    poses = poses or [*_orbit(rng), *_grid(rng)]
    to_degrees = Transformer.from_pipeline(_PIPELINE)
    shots = []
    moment = START
    start_height = terrain.height(-3.0, -6.0)
    for number, (centre, yaw, pitch) in enumerate(poses, start=1):
        believed = centre + rng.normal(size=3) * GPS_SIGMA_M
        place: tuple[float, ...] = to_degrees.transform(*believed)
        longitude, latitude, altitude = place
        above = centre[2] + rng.normal() * 0.1 - start_height
        roll = float(np.round(rng.normal() * 0.08, 2))
        shots.append(
            Shot(
                f"SPACE_{number:04d}.JPG", centre, yaw, pitch, roll,
                latitude, longitude, altitude, above, moment,
            )
        )  # fmt: skip
        moment += timedelta(milliseconds=int(rng.integers(2100, 3050)))
    return tuple(shots)


def _orbit(rng: np.random.Generator) -> list[Pose]:
    poses = []
    for k in range(14):
        angle = 2 * np.pi * k / 14
        centre = np.array([40 * np.sin(angle), 40 * np.cos(angle), 39.0])
        centre += rng.normal(size=3) * [0.5, 0.5, 0.25]
        yaw = (np.degrees(angle) + 180 + rng.normal() * 0.8) % 360
        poses.append((centre, float(yaw), float(-45 + rng.normal() * 0.5)))
    return poses


def _grid(rng: np.random.Generator) -> list[Pose]:
    poses = []
    for row in range(4):
        columns = range(4) if row % 2 == 0 else reversed(range(4))
        for column in columns:
            centre = np.array([15.5 * (column - 1.5), 12.5 * (row - 1.5), 46.0])
            centre += rng.normal(size=3) * [0.5, 0.5, 0.25]
            # Alternate rows look a little ahead, which ties the flat grid to the orbit.
            pitch = -90.0 if row % 2 == 0 else -78.0
            yaw = 0.0 if row % 2 == 0 else 180.0
            poses.append((centre, float((yaw + rng.normal()) % 360), pitch + rng.normal() * 0.3))
    return poses
