"""A coarse depth for every pixel of small photos: from the points around it, then by looking.

Each pixel first gets the depth of a plane through the triangulated points around it. Then depths
before and behind that one are tried, and the one at which the neighbouring photos look most alike
is taken: plane sweeping (Collins 1996) with normalised cross-correlation, which no difference of
exposure disturbs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates
from scipy.spatial import KDTree

from spaceport_app import resources
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.contract import TrainingView
from spaceport_app.splats.training import sweep

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

_FEWEST_POINTS = 8
_MARGIN = 0.5
_PLANE = 32
_FINEST = 1e-6
# Beyond the last points a plane may lead into the sky: how far it is followed, in inverse depths
# of the pixel's own points and of all.
_FARTHER, _FARTHEST, _NEARER = 0.5, 0.7, 1.1

_TRIED = np.arange(-13, 14) * 0.03
"""Logarithms of the factors by which depths are tried, away from the plane's."""

# What is endlessly far stays where it is in every photo. What is higher than the camera and
# alike at no depth (clear sky) counts as that, and what is alike there and not nearer by, unless
# it is far below the horizon, as a sine.
_ENDLESS = 1e4
_CLEARLY = 0.02
_LOWEST = -0.5

_COMPARED = 4

_ALIKE = 0.6
_FLAT = 1e-5
_NEIGHBOURS = 8
_USUAL_BASE = 0.35
_SHARED = 20
_TOLERANCE = 0.03


@dataclass(frozen=True)
class Depths:
    """The depth along the viewing axis of each pixel of a view, and what others say of it.

    Parameters
    ----------
    metres : (height * width,)
    agreeing : (height * width,)
        Neighbouring views whose own depth is the same there, within 3 %.
    contradicting : (height * width,)
        Neighbouring views that see something behind, right through this pixel's point.
    endless : (height * width,)
        Whether it shows sky, or what is as good as endlessly far; its depth is then a large one.
    """

    metres: Floats
    agreeing: Counts
    contradicting: Counts
    endless: Mask


def estimate(
    xyz: Floats,
    views: Sequence[TrainingView],
    told: Callable[[int, int], None] = lambda done, total: None,
    *,
    upright: bool = False,
) -> list[Depths | None]:
    """Return the coarse depths of each view; None for one with too few points around.

    Parameters
    ----------
    xyz : (N, 3)
        Triangulated points in metres.
    views : sequence of TrainingView
        Small pictures: the work goes with their pixels.
    told : callable
        Called with the number of views that are done, and of all.
    upright : bool
        Whether the third axis points up; without that nothing is told to be endlessly far.
    """
    with ThreadPoolExecutor(resources.cores(), "depths") as threads:
        return _estimate(xyz, views, threads, told, upright)


def _estimate(
    xyz: Floats,
    views: Sequence[TrainingView],
    threads: ThreadPoolExecutor,
    told: Callable[[int, int], None],
    upright: bool,
) -> list[Depths | None]:
    planes = list(threads.map(lambda view: _from_points(xyz, view.camera), views))
    near = [[j for j in others if planes[j] is not None] for others in _neighbours(xyz, views)]
    greys = [view.image.mean(axis=2) / 255.0 for view in views]

    def seen(i: int) -> Depths | None:
        plane = planes[i]
        if plane is None:
            return None
        others = [(views[j].camera, greys[j]) for j in near[i][:_COMPARED]]
        return _swept(views[i].camera, greys[i], plane, others, upright)

    found: list[Depths | None] = []
    for depths in threads.map(seen, range(len(views))):
        found.append(depths)
        told(len(found), len(views))
    return [
        None
        if depths is None
        else _compared(views[i].camera, depths, [(views[j].camera, found[j]) for j in near[i]])
        for i, depths in enumerate(found)
    ]


def places(camera: Camera, depths: Floats) -> Floats:
    """Return the world points (P, 3) of all pixels of a picture at these depths (P,)."""
    at = _pixels(camera)
    rays = np.column_stack(
        [(at[:, 0] - camera.cx) / camera.fx, (at[:, 1] - camera.cy) / camera.fy, np.ones(len(at))]
    )
    rotation, shift = camera.view_matrix[:3, :3], camera.view_matrix[:3, 3]
    return np.asarray((rays * depths[:, None] - shift) @ rotation, np.float64)


def _pixels(camera: Camera) -> Floats:
    v, u = np.mgrid[0 : camera.height, 0 : camera.width] + 0.5
    return np.column_stack([u.ravel(), v.ravel()])


def _from_points(xyz: Floats, camera: Camera) -> Floats | None:
    """Return the depth at each pixel, (P,), from those of the points around it.

    On a plane the inverse of the depth is linear in the pixel, however obliquely it is seen. So
    each pixel takes the value at its place of a plane laid through the inverse depths of its
    nearest points; the mean of the nearest would put what lies beyond the last points, towards
    the horizon, as near as these.
    """
    pixels, depths = camera.project(xyz)
    # Points just beside the picture tell of the pixels at its edge.
    about = camera.frames(pixels, (_MARGIN * camera.width, _MARGIN * camera.height))
    pixels, depths = pixels[about], depths[about]
    if len(depths) < _FEWEST_POINTS:
        return None
    blocks, block = _blocks(camera)
    _, found = KDTree(pixels).query(blocks, k=min(_PLANE, len(depths)))
    near = np.asarray(found, np.int64)
    nearness = 1.0 / depths
    height = sweep.fitted_planes(_pixels(camera), pixels, nearness, near, block)
    around = nearness[near]
    farthest = np.maximum(_FARTHER * around.min(axis=1), _FARTHEST * nearness.min())[block]
    nearest = (_NEARER * around.max(axis=1))[block]
    return np.asarray(1.0 / np.clip(height, farthest, nearest), np.float64)


def _blocks(camera: Camera) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return the centres of blocks of 2 by 2 pixels, and the block of each pixel.

    The pixels of a block share their nearest points: finding these takes longer than the planes.
    """
    high, wide = (camera.height + 1) // 2, (camera.width + 1) // 2
    y, x = np.mgrid[0:high, 0:wide]
    v, u = np.mgrid[0 : camera.height, 0 : camera.width] // 2
    return np.column_stack([2.0 * x.ravel() + 1.0, 2.0 * y.ravel() + 1.0]), (v * wide + u).ravel()


def _neighbours(xyz: Floats, views: Sequence[TrainingView]) -> list[list[int]]:
    """Return for each view others that see much of the same from a little elsewhere."""
    framed = np.array([v.camera.frames(v.camera.project(xyz)[0]) for v in views], np.float64)
    centres = np.array([view.camera.centre for view in views])
    middle = np.median(xyz, axis=0)
    found = []
    for i, centre in enumerate(centres):
        shared = framed @ framed[i]
        base = np.linalg.norm(centres - centre, axis=1) / np.linalg.norm(centre - middle)
        usual = np.log(np.maximum(base, _FINEST) / _USUAL_BASE) / np.log(2.0)
        score = shared * np.exp(-(usual**2))
        score[i] = 0.0
        best = np.argsort(-score)[:_NEIGHBOURS]
        found.append([int(j) for j in best if score[j] > 0.0 and shared[j] >= _SHARED])
    return found


def _swept(
    camera: Camera,
    grey: Floats,
    plane: Floats,
    others: Sequence[tuple[Camera, Floats]],
    upright: bool,
) -> Depths:
    """Return the depths at which the others look most like `grey`; the plane's where none does."""
    none = np.zeros(len(plane), np.intp)
    if not others:
        return Depths(plane, none, none, none > 0)
    # Two pictures that differ from the same grey by little lose no digits in their variances.
    level = grey.mean()
    sizes = np.array([(other.width, other.height) for other, _ in others])
    pictures = np.zeros((len(others), sizes[:, 1].max(), sizes[:, 0].max()), np.float32)
    for room, (_, picture) in zip(pictures, others, strict=True):
        room[: picture.shape[0], : picture.shape[1]] = picture - level
    scores, asked = sweep.likenesses(
        (grey - level).astype(np.float32),
        plane.reshape(grey.shape).astype(np.float32),
        np.append(np.exp(_TRIED), _ENDLESS).astype(np.float32),
        np.stack([_lines(camera, other) for other, _ in others]),
        pictures,
        sizes,
        _FLAT,
    )
    scores, endlessly = scores[:-1], scores[-1]
    k = np.clip(scores.argmax(axis=0), 1, len(_TRIED) - 2)[None]
    before, at, after = (np.take_along_axis(scores, k + d, axis=0)[0] for d in (-1, 0, 1))
    bend = 2.0 * (before - 2.0 * at + after)
    between = np.clip((before - after) / np.minimum(bend, -_FINEST), -0.5, 0.5)
    found = np.exp(_TRIED[k[0]] + between * (_TRIED[1] - _TRIED[0]))
    sure = (asked > 0) & (at > _ALIKE)
    endless = np.zeros(grey.shape, np.bool_)
    if upright:
        rays = places(camera, np.ones(grey.size)) - camera.centre
        rise = (rays[:, 2] / np.linalg.norm(rays, axis=1)).reshape(grey.shape)
        farther = (endlessly > _ALIKE) & (endlessly > at + _CLEARLY)
        endless = ((rise > 0.0) & ~sure) | ((rise > _LOWEST) & farther)
    factors = np.where(endless, _ENDLESS, np.where(sure, found, 1.0)).ravel()
    return Depths(np.asarray(plane * factors, np.float64), none, none, endless.ravel())


def _lines(camera: Camera, other: Camera) -> npt.NDArray[np.float32]:
    """Return what a pixel's depth is multiplied by, and what is added to it, in another picture.

    The sum, (2, 3, height, width) along its first axis, is a homogeneous pixel.
    """
    rays = places(camera, np.ones(camera.width * camera.height)) - camera.centre
    intrinsics = np.array([[other.fx, 0.0, other.cx], [0.0, other.fy, other.cy], [0.0, 0.0, 1.0]])
    matrix = intrinsics @ other.view_matrix[:3]
    ahead = rays @ matrix[:, :3].T
    origin = matrix[:, :3] @ camera.centre + matrix[:, 3]
    lines = np.stack([ahead.T, np.repeat(origin[:, None], len(rays), axis=1)])
    return lines.reshape(2, 3, camera.height, camera.width).astype(np.float32)


def _sampled(image: Floats, pixels: Floats) -> Floats:
    """Return an image's values at pixels (P, 2); the edge's beyond it and where they are NaN."""
    at = np.nan_to_num(pixels.T[::-1]) - 0.5
    return np.asarray(map_coordinates(image, at, order=1, mode="nearest"), np.float64)


def _compared(
    camera: Camera, depths: Depths, others: Sequence[tuple[Camera, Depths | None]]
) -> Depths:
    """Count which others agree with these depths and which contradict them."""
    points = places(camera, depths.metres)
    agreeing = np.zeros(len(points), np.intp)
    contradicting = np.zeros(len(points), np.intp)
    for other, theirs in others:
        assert theirs is not None
        pixels, here = other.project(points)
        framed = other.frames(pixels, (-0.5, -0.5))
        there = _sampled(theirs.metres.reshape(other.height, other.width), pixels)
        with np.errstate(invalid="ignore"):
            agreeing += framed & (np.abs(here / there - 1.0) < _TOLERANCE)
            contradicting += framed & (here / there < 1.0 - _TOLERANCE)
    return replace(depths, agreeing=agreeing, contradicting=contradicting)
