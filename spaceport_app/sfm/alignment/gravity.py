"""Where up is in the frame of the reconstruction, from five kinds of evidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spaceport_app.sfm.alignment.observed import Observed

Floats = npt.NDArray[np.float64]

_PLANE_SAMPLES = 400
# A plane that holds fewer points than this is no ground.
_PLANE_SHARE = 0.35
# Singular value ratio below which centres are a line, or all axes point one way.
_LINE = 0.12
_FLAT = 0.25
# Mean of unit right axes; 1 is a single heading.
_ONE_HEADING = 0.6
_STRAIGHT_DEG = 12.0


@dataclass(frozen=True)
class Up:
    """A unit vector that points up in the frame of the reconstruction.

    Parameters
    ----------
    source : str
        ``"gimbal"``, ``"straight views"``, ``"ground plane"``, ``"camera layout"``,
        ``"image rows"`` or ``"image up"``, and ``"altitudes"`` for a fit to GPS.
    direction : (3,)
        Unit vector.
    sigma_deg : float
        Trust: one standard deviation in degrees.
    weight : float
        Votes against evidence that disagrees.
    """

    source: str
    direction: Floats
    sigma_deg: float
    weight: float


def angle_deg(a: Floats, b: Floats) -> float:
    """Return the angle between two vectors in degrees, exact for small ones."""
    return float(np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b)), a @ b)))


def up_in_camera(pitch: Floats, roll: Floats) -> Floats:
    """Return the upward unit vector in camera axes (x right, y down, z forward), (N, 3).

    `pitch` 0 at the horizon, -90 straight down; `roll` clockwise about the viewing direction;
    degrees, (N,). The yaw doesn't matter.
    """
    p, r = np.radians(pitch), np.radians(roll)
    return np.stack([-np.cos(p) * np.sin(r), -np.cos(p) * np.cos(r), np.sin(p)], axis=1)


def from_gimbal(observed: Observed) -> Up | None:
    """Return the up direction of most gimbal angles, or None without any.

    The stated trust is 1 degree for the gimbal's own offset, and the scatter between photos.
    """
    known = np.isfinite(observed.angles[:, 1:]).all(1)
    if known.sum() < 3:
        return None
    ups = up_in_camera(observed.angles[known, 1], observed.angles[known, 2])
    world = np.einsum("nji,nj->ni", observed.rotations[known], ups)
    direction = _geometric_median(world)
    scatter = np.median([angle_deg(direction, each) for each in world])
    return Up("gimbal", direction, float(np.hypot(1.0, scatter)), 2.0)


def from_straight_views(observed: Observed) -> Up | None:
    """Return the mean backward axis of photos that prove to look straight down.

    Photos of differing headings whose viewing directions agree all the same can't be oblique.
    None where headings don't differ or viewing directions do.
    """
    backward, right = -observed.rotations[:, 2], observed.rotations[:, 0]
    if len(right) < 4 or np.linalg.norm(right.mean(0)) > _ONE_HEADING:
        return None
    direction = _geometric_median(backward)
    scatter = float(np.median([angle_deg(direction, each) for each in backward]))
    if scatter > _STRAIGHT_DEG:
        return None
    return Up("straight views", direction, float(np.hypot(2.0, scatter / 2)), 1.0)


def from_ground(observed: Observed, seed: int) -> Up | None:
    """Return the normal of the plane that holds most points, towards the cameras.

    Random sample consensus over three points (Fischler and Bolles 1981) with a tolerance of 2 %
    of the distance to the cameras, then least squares. None where no plane holds a third of
    the points or the cameras are not on one side of it. Ground slopes, hence 5 degrees.
    """
    points = observed.points
    if len(points) < 30:
        return None
    random = np.random.default_rng(seed)
    if len(points) > 5000:
        points = points[random.choice(len(points), 5000, replace=False)]
    middle = np.median(points, axis=0)
    reach = float(np.median(np.linalg.norm(observed.centres - middle, axis=1)))
    tolerance = 0.02 * reach
    best = np.zeros(len(points), bool)
    for _ in range(_PLANE_SAMPLES):
        a, b, c = points[random.choice(len(points), 3, replace=False)]
        normal = np.cross(b - a, c - a)
        size = np.linalg.norm(normal)
        if size < 1e-12:
            continue
        inliers = np.abs((points - a) @ (normal / size)) < tolerance
        if inliers.sum() > best.sum():
            best = inliers
    if best.mean() < _PLANE_SHARE:
        return None
    centre = points[best].mean(0)
    normal = np.linalg.svd(points[best] - centre, full_matrices=False)[2][2]
    sides = (observed.centres - centre) @ normal
    if np.median(sides) < 0:
        normal, sides = -normal, -sides
    if (sides > 0).mean() < 0.9:
        return None
    return Up("ground plane", normal, 5.0 / float(best.mean()), 0.5)


def from_layout(observed: Observed) -> Up | None:
    """Return the normal of the plane of the camera centres: flights keep their height.

    None for fewer than four cameras, a single line, or centres spread in all directions.
    """
    if len(observed.centres) < 4:
        return None
    offsets = observed.centres - np.median(observed.centres, axis=0)
    _, sizes, axes = np.linalg.svd(offsets, full_matrices=False)
    if sizes[1] < _LINE * sizes[0] or sizes[2] > _FLAT * sizes[1]:
        return None
    direction = axes[2] * np.sign(axes[2] @ _backward(observed) or 1.0)
    return Up("camera layout", direction, 4.0 + 60.0 * float(sizes[2] / sizes[1]), 0.5)


def from_image_axes(observed: Observed) -> Up | None:
    """Return the direction that is square to the right axes of all photos.

    Photos are seldom rolled, so their rows are level (Szeliski, "Image mosaicing for
    tele-reality applications", 1994, and the usual straightening of panoramas). None where all
    right axes point the same way, as on a single line.
    """
    right = observed.rotations[:, 0]
    sizes, axes = np.linalg.eigh(right.T @ right / len(right))
    if sizes[1] < _LINE or len(right) < 3:
        return None
    direction = axes[:, 0] * np.sign(axes[:, 0] @ _backward(observed) or 1.0)
    scatter = float(np.degrees(np.arcsin(np.sqrt(np.clip(sizes[0], 0.0, 1.0)))))
    return Up("image rows", direction, float(np.hypot(1.5, scatter)), 1.0)


def image_up(observed: Observed) -> Up:
    """Return the mean of image up and backward directions: rough, but always there.

    It keeps a scene from being turned upside down where little else is known.
    """
    direction = _backward(observed)
    size = float(np.linalg.norm(direction))
    unit = direction / size if size > 1e-9 else np.array([0.0, 0.0, 1.0])
    return Up("image up", unit, 45.0, 1.0)


def _backward(observed: Observed) -> Floats:
    # A photo of the horizon has up at -y, one of the ground at -z; between them lies both.
    mean: Floats = -(observed.rotations[:, 1] + observed.rotations[:, 2]).mean(0)
    nadir = -observed.rotations[:, 2].mean(0)
    # Photos from all sides of an object, or of all headings looking down, cancel in one axis.
    return mean if np.linalg.norm(mean) > 0.3 else nadir


def _geometric_median(vectors: Floats) -> Floats:
    # Weiszfeld's iteration on the sphere; one photo with wrong angles doesn't matter.
    direction = np.median(vectors, axis=0)
    for _ in range(50):
        weights = 1.0 / np.maximum(np.linalg.norm(vectors - direction, axis=1), 1e-4)
        direction = (vectors * weights[:, None]).sum(0) / weights.sum()
        direction = direction / max(float(np.linalg.norm(direction)), 1e-12)
    return direction


def evidence(observed: Observed, seed: int) -> list[Up]:
    """Return all evidence that there is, most trusted first; the last is `image_up`."""
    found = [
        from_gimbal(observed),
        from_straight_views(observed),
        from_ground(observed, seed),
        from_layout(observed),
        from_image_axes(observed),
    ]
    return [up for up in found if up is not None] + [image_up(observed)]
