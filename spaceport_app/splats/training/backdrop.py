"""Sky, hills and whatever else stands as good as endlessly far behind the scene.

Triangulation has no depth for it, and Gaussians that start too near are seen shifted by every
photo that training does not see: so it gets Gaussians of its own on a sphere far outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.contract import TrainingView
from spaceport_app.splats.model import Splats
from spaceport_app.splats.training import depths
from spaceport_app.splats.training.depths import Depths
from spaceport_app.splats.training.extent import scene_extent

Points = npt.NDArray[np.float64]
Colours = npt.NDArray[np.uint8]

RADIUS = 100.0
"""Of the sphere, as a multiple of the scene's extent.

From one camera to the next the sphere then shifts by a pixel of the training photos or less; and
16 bits a coordinate, on the logarithmic scale of SOG, still tell the scene's centimetres apart.
"""

_LEAST_PART = 0.005


@dataclass(frozen=True)
class Backdrop:
    """Points on the sphere.

    Parameters
    ----------
    places : (B, 3)
        In metres.
    colours : uint8 (B, 3)
    """

    places: Points
    colours: Colours

    @staticmethod
    def none() -> Backdrop:
        """Return that of photos which show none."""
        return Backdrop(np.empty((0, 3)), np.empty((0, 3), np.uint8))


def backdrop(views: Sequence[TrainingView], found: Sequence[Depths | None]) -> Backdrop:
    """Return a point for each direction in which small photos look endlessly far.

    Parameters
    ----------
    views : sequence of TrainingView
        Small pictures; the points are as far apart as their pixels.
    found : sequence of Depths or None
        Of each view.

    Returns
    -------
    Backdrop
        Empty where less than 0.5 % of all pixels are endlessly far: those are mistakes.
    """
    seen = [(view, d) for view, d in zip(views, found, strict=True) if d is not None]
    far = sum(int(d.endless.sum()) for _, d in seen)
    if far == 0 or far < _LEAST_PART * sum(len(d.endless) for _, d in seen):
        return Backdrop.none()
    cameras = [view.camera for view in views]
    middle = np.mean([camera.centre for camera in cameras], axis=0)
    radius = RADIUS * scene_extent(cameras)
    directions = np.concatenate(
        [_directions(view.camera, middle, radius)[d.endless] for view, d in seen]
    )
    colours = np.concatenate([view.image.reshape(-1, 3)[d.endless] for view, d in seen])
    apart = 1.0 / min(camera.fx for camera in cameras)
    _, first = np.unique(np.floor(directions / apart), axis=0, return_index=True)
    first.sort()
    return Backdrop(middle + radius * directions[first], colours[first])


def drawn_in(splats: Splats, cameras: Sequence[Camera]) -> Splats:
    """Return the Gaussians with those outside of the sphere on it, and smaller by as much.

    Training lets faint ones drift off without end, which would stretch the range that SOG stores
    positions in, and viewers sort by. From the cameras they look as before.
    """
    middle = np.mean([camera.centre for camera in cameras], axis=0)
    off = splats.means - middle
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        nearer = RADIUS * scene_extent(cameras) / np.linalg.norm(off, axis=1)
    outside = np.flatnonzero(nearer < 1.0)
    outside = outside[np.isfinite(splats.means[outside]).all(axis=1)]
    means, log_scales = splats.means.copy(), splats.log_scales.copy()
    means[outside] = middle + off[outside] * nearer[outside, None]
    log_scales[outside] += np.log(nearer[outside, None])
    return replace(splats, means=means, log_scales=log_scales)


def _directions(camera: Camera, middle: Points, radius: float) -> Points:
    """Return where the rays of all pixels (P, 3) meet the sphere, as unit vectors from `middle`."""
    rays = depths.places(camera, np.ones(camera.width * camera.height)) - camera.centre
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    off = camera.centre - middle
    along = rays @ off
    reach = np.sqrt(along**2 - off @ off + radius**2) - along
    return np.asarray((off + reach[:, None] * rays) / radius, np.float64)
