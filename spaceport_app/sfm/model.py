"""What structure from motion hands on: registered views and where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Matrix4 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """One undistorted training picture with its pinhole camera.

    Parameters
    ----------
    name : str
        Name of the photo that it was made from (`Photo.name`).
    image : Path
        The undistorted picture, 8-bit RGB, `width` x `height`.
    fx, fy, cx, cy : float
        Intrinsics in pixels; the centre of the top left pixel is (0.5, 0.5).
    view_matrix : float64 array, shape (4, 4)
        World to camera, camera axes x right, y down, z forward, metres.
    """

    name: str
    image: Path
    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    view_matrix: Matrix4


@dataclass(frozen=True)
class Georeference:
    """How the world frame of views and splats stands on the Earth.

    The world frame is a local east-north-up frame in metres around `origin`, or, where
    `origin` is None, a frame of arbitrary place, heading and scale.

    Parameters
    ----------
    origin : tuple of float or None
        Latitude, longitude (degrees) and ellipsoidal height (metres).
    world_to_ecef : float64 array, shape (4, 4), or None
        Earth-centred coordinates in metres (EPSG:4978).
    epsg : int or None
        UTM zone of the origin.
    method : str
        The fit that was kept, such as ``"gps"``, ``"gps_horizontal"`` or ``"layout"``.
    reason : str
        One sentence: why that fit and not another.
    horizontal_rmse_m, vertical_rmse_m : float or None
        Residuals to GPS over the registered photos, root mean square.
    residuals : dict
        Photo name to east, north, up residual in metres.
    """

    origin: tuple[float, float, float] | None
    world_to_ecef: Matrix4 | None
    epsg: int | None
    method: str
    reason: str
    horizontal_rmse_m: float | None
    vertical_rmse_m: float | None
    residuals: dict[str, tuple[float, float, float]]


@dataclass(frozen=True)
class Cloud:
    """Triangulated points: xyz float64 (N, 3) metres, rgb uint8 (N, 3), error (N,) pixels,
    track_length (N,) photos a point."""

    xyz: npt.NDArray[np.float64]
    rgb: npt.NDArray[np.uint8]
    error: npt.NDArray[np.float32]
    track_length: npt.NDArray[np.int32]


@dataclass(frozen=True)
class Reconstruction:
    """The result of the sfm stage, read from its folder.

    `views` are in name order; `left_out` maps photo name to a reason.
    """

    views: tuple[View, ...]
    cloud: Cloud
    georeference: Georeference
    left_out: dict[str, str]
