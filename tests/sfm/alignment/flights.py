"""Flights with known truth, seen in a frame of arbitrary place, turn and size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spaceport_app.sfm.alignment.observed import Observed

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Flight:
    """What was observed and what is true: the transform from the reconstruction to metres."""

    observed: Observed
    rotation: Floats
    scale: float
    centres: Floats


def camera_axes(yaw: float, pitch: float, roll: float) -> Floats:
    """World-to-camera rotation for a heading clockwise from north, by plain axis turns."""
    y, p, r = np.radians([yaw, pitch, roll])
    forward = np.array([np.sin(y) * np.cos(p), np.cos(y) * np.cos(p), np.sin(p)])
    right = np.array([np.cos(y), -np.sin(y), 0.0])
    down = np.cross(forward, right)
    # Clockwise seen from behind the camera: right turns towards down.
    rolled_right = np.cos(r) * right + np.sin(r) * down
    return np.stack([rolled_right, np.cross(forward, rolled_right), forward])


def random_rotation(random: np.random.Generator) -> Floats:
    q, r = np.linalg.qr(random.normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return q if np.linalg.det(q) > 0 else -q


def make(
    centres: Floats,
    angles: Floats,
    *,
    seed: int = 0,
    gps_sigma: tuple[float, float] = (0.5, 0.8),
    gimbal: bool = True,
    ground_slope_deg: float = 0.0,
) -> Flight:
    """Observe cameras at `centres` (N, 3) with `angles` (N, 3) yaw, pitch, roll."""
    random = np.random.default_rng(seed)
    count = len(centres)
    turn, scale, shift = random_rotation(random), 37.0, random.normal(size=3) * 5
    to_camera = np.array([camera_axes(*each) for each in angles])
    ground = random.uniform(-80, 80, (800, 3)) + centres.mean(0) * [1, 1, 0]
    slope = np.tan(np.radians(ground_slope_deg))
    ground[:, 2] = (ground[:, 0] - centres[:, 0].mean()) * slope + random.normal(size=800) * 0.3
    trees = random.random(800) < 0.2
    ground[trees, 2] += random.uniform(2, 12, trees.sum())

    def seen(points: Floats) -> Floats:
        # metres = scale * turn @ seen + shift
        return (points - shift) @ turn / scale

    noise = random.normal(size=(count, 3)) * [gps_sigma[0], gps_sigma[0], gps_sigma[1]]
    measured = angles + random.normal(size=(count, 3)) * 0.2
    return Flight(
        Observed(
            names=tuple(f"photo {i:02}" for i in range(count)),
            centres=seen(centres),
            rotations=to_camera @ turn,
            points=seen(ground),
            gps=centres + noise,
            relative_up=np.full(count, np.nan),
            angles=measured if gimbal else np.full((count, 3), np.nan),
        ),
        turn,
        scale,
        centres,
    )


def grid(rows: int = 5, columns: int = 6, height: float = 60.0) -> tuple[Floats, Floats]:
    """A lawnmower flight looking straight down."""
    centres, angles = [], []
    for row in range(rows):
        for column in range(columns):
            east = column if row % 2 == 0 else columns - 1 - column
            centres.append([east * 20.0 - 50, row * 25.0 - 50, height])
            angles.append([90.0 if row % 2 == 0 else 270.0, -90.0, 0.0])
    return np.array(centres), np.array(angles)


def orbit(count: int = 24, radius: float = 40.0, height: float = 30.0) -> tuple[Floats, Floats]:
    """A circle around the origin, looking inwards and down."""
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    centres = np.stack(
        [np.sin(turn) * radius, np.cos(turn) * radius, np.full(count, height)], axis=1
    )
    pitch = -np.degrees(np.arctan2(height, radius))
    angles = np.stack([np.degrees(turn) + 180, np.full(count, pitch), np.zeros(count)], axis=1)
    return centres, angles


def line(count: int = 15, height: float = 50.0) -> tuple[Floats, Floats]:
    """A single straight line looking straight down."""
    centres = np.stack(
        [np.arange(count) * 10.0 - 70, np.arange(count) * 4.0, np.full(count, height)], axis=1
    )
    return centres, np.tile([68.0, -90.0, 0.0], (count, 1))
