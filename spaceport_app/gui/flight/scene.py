"""What the flight view shows, as arrays in the world frame: no Qt, no VTK."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from spaceport_app.photos.model import Origin, Photo, PhotoSet
from spaceport_app.sfm.model import Cloud, Reconstruction

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_USUAL_FIELD = (0.65, 0.49)
"""Half width and height at unit distance of the usual drone camera (24 mm equivalent, 4:3)."""


@dataclass(frozen=True)
class Scene:
    """Cameras, track and cloud of one flight; N cameras in name order.

    Parameters
    ----------
    names : tuple of str
        Photo names.
    centres : float64 (N, 3)
        Camera positions, metres where `metric`.
    rotations : float64 (N, 3, 3)
        Camera to world, columns right, down and forward; NaN where the direction is unknown.
    fields : float64 (N, 2)
        Half width and half height of the picture at unit distance.
    left_out : bool (N,)
        Photos that structure from motion left out, at their GPS position.
    track : int (M,)
        Rows of the cameras in the order of their times.
    heights : float64 (N,)
        Metres above `base`.
    cloud : Cloud or None
    base : float
        z that heights count from.
    base_name : str
        What that is: ``"take-off"``, ``"the ground"`` or ``"the lowest photo"``.
    ground : float
        z of the ground grid.
    metric : bool
        False where there was no GPS and the unit of length is arbitrary.
    unseen : int
        Photos that have no place here, neither from structure from motion nor from GPS.
    """

    names: tuple[str, ...]
    centres: Floats
    rotations: Floats
    fields: Floats
    left_out: Bools
    track: npt.NDArray[np.intp]
    heights: Floats
    cloud: Cloud | None
    base: float
    base_name: str
    ground: float
    metric: bool
    unseen: int

    def prepare(self) -> None:
        """Work out what drawing needs, where it holds nothing up: it imports SciPy."""
        _ = self.frustum_length, self.shuffled_cloud, self.bounds()

    @cached_property
    def shuffled_cloud(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
        """The cloud's points, (N, 3), and colours, (N, 3); any first part shows the whole."""
        if self.cloud is None:
            return np.empty((0, 3), np.float32), np.empty((0, 3), np.uint8)
        order = np.random.default_rng(0).permutation(len(self.cloud.xyz))
        return self.cloud.xyz[order].astype(np.float32), self.cloud.rgb[order]

    @cached_property
    def frustum_length(self) -> float:
        """Length of a drawn camera: a good part of the way to its neighbour."""
        if len(self.centres) < 2:
            return 3.0
        from scipy.spatial import cKDTree

        distances = np.asarray(cKDTree(self.centres).query(self.centres, k=2)[0])
        extent = float(np.linalg.norm(np.ptp(self.centres, axis=0)))
        nearest = float(np.median(distances[:, 1]))
        return float(np.clip(0.55 * nearest, 0.015 * extent, 0.06 * extent)) or 3.0

    def row(self, name: str) -> int | None:
        """Return the row of a photo, or None where it has no place."""
        return self.names.index(name) if name in self.names else None

    def corners(self, length: float, rows: slice = slice(None)) -> Floats:
        """Return the far corners of cameras' frusta, clockwise from top left, (N, 4, 3)."""
        signs = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
        fields = self.fields[rows]
        local = np.ones((len(fields), 4, 3))
        local[:, :, :2] = signs[None] * fields[:, None]
        directions: Floats = np.einsum("nij,nkj->nki", self.rotations[rows], local)
        return self.centres[rows][:, None] + length * directions

    def bounds(self) -> tuple[Floats, Floats]:
        """Return the lowest and highest corner of cameras and of the bulk of the cloud."""
        return self._bounds

    @cached_property
    def _bounds(self) -> tuple[Floats, Floats]:
        points = [self.centres]
        if self.cloud is not None and len(self.cloud.xyz):
            # Single points far away must not make the flight small.
            points.append(np.asarray(np.percentile(self.cloud.xyz, [3.0, 97.0], axis=0)))
        every = np.concatenate(points)
        low, high = every.min(axis=0), every.max(axis=0)
        low[2] = min(low[2], self.ground)
        return low, high


def build(
    photos: PhotoSet | None, found: Reconstruction | None, *, growing: bool = False
) -> Scene | None:
    """Return the scene of what is known, or None where no photo has a place.

    Cameras stand where structure from motion put them; the photos that it left out, and all of
    them before it ran, stand where GPS says. While `found` is `growing` none is left out.
    """
    listed = photos.used if photos is not None else ()
    known = {photo.name: photo for photo in listed}
    views = {view.name: view for view in found.views} if found is not None else {}
    origin = _origin(photos, found)
    names = sorted({*views, *known})
    places = _gps([known.get(name) for name in names], origin)
    centres = np.full((len(names), 3), np.nan)
    rotations = np.full((len(names), 3, 3), np.nan)
    fields = np.tile(np.array(_USUAL_FIELD), (len(names), 1))
    for row, name in enumerate(names):
        view = views.get(name)
        if view is not None:
            rotations[row] = view.view_matrix[:3, :3].T
            centres[row] = -rotations[row] @ view.view_matrix[:3, 3]
            fields[row] = view.width / 2 / view.fx, view.height / 2 / view.fy
            continue
        photo = known[name]
        centres[row] = places[row]
        if photo.orientation is not None:
            angles = photo.orientation
            rotations[row] = rotation(angles.yaw, angles.pitch, angles.roll)
        if photo.focal_px:
            fields[row] = photo.width / 2 / photo.focal_px, photo.height / 2 / photo.focal_px
    seen = np.isfinite(centres).all(axis=1)
    if not seen.any():
        return None
    rows = np.flatnonzero(seen)
    shown = [names[row] for row in rows]
    centres = centres[rows]
    cloud = found.cloud if found is not None and len(found.cloud.xyz) else None
    metric = found is None or found.georeference.origin is not None
    base, base_name = _base([known.get(name) for name in shown], centres, cloud, metric)
    return Scene(
        names=tuple(shown),
        centres=centres,
        rotations=rotations[rows],
        fields=fields[rows],
        left_out=np.array(
            [found is not None and not growing and name not in views for name in shown]
        ),
        track=_track([known.get(name) for name in shown]),
        heights=centres[:, 2] - base,
        cloud=cloud,
        base=base,
        base_name=base_name,
        ground=_ground(cloud, base),
        metric=metric,
        unseen=len(names) - len(shown),
    )


def rotation(yaw: float, pitch: float, roll: float) -> Floats:
    """Return camera to world for a direction in degrees, columns right, down, forward, (3, 3).

    `yaw` clockwise from north, `pitch` 0 at the horizon and -90 straight down, `roll` clockwise
    about the viewing direction; the world is east, north, up.
    """
    y, p, r = np.radians([yaw, pitch, roll])
    forward = np.array([np.sin(y) * np.cos(p), np.cos(y) * np.cos(p), np.sin(p)])
    level = np.array([np.cos(y), -np.sin(y), 0.0])
    below = np.cross(forward, level)
    right = np.cos(r) * level + np.sin(r) * below
    return np.stack([right, np.cross(forward, right), forward], axis=1)


def _origin(photos: PhotoSet | None, found: Reconstruction | None) -> Origin | None:
    if found is not None:
        place = found.georeference.origin
        return Origin(*place) if place is not None else None
    return photos.origin if photos is not None else None


def _gps(photos: list[Photo | None], origin: Origin | None) -> Floats:
    """Return the GPS positions in the world frame, (N, 3), NaN where there is none."""
    places = np.full((len(photos), 3), np.nan)
    rows = [i for i, photo in enumerate(photos) if photo is not None and photo.position is not None]
    if origin is None or not rows:
        return places
    from spaceport_app.photos.frame import LocalFrame

    positions = [photo.position for photo in photos if photo is not None and photo.position]
    places[rows] = LocalFrame(origin).to_enu(
        [position.latitude for position in positions],
        [position.longitude for position in positions],
        [origin.height if p.altitude is None else p.altitude for p in positions],
    )
    return places


def _base(
    photos: list[Photo | None], centres: Floats, cloud: Cloud | None, metric: bool
) -> tuple[float, str]:
    """Return the z that heights count from, and its name.

    Take-off is where the drone's own heights above it agree best with the camera positions.
    """
    offsets = [
        centre[2] - photo.position.relative_altitude
        for photo, centre in zip(photos, centres, strict=True)
        if photo is not None
        and photo.position is not None
        and photo.position.relative_altitude is not None
    ]
    if metric and offsets:
        return float(np.median(offsets)), "take-off"
    if cloud is not None:
        return float(np.percentile(cloud.xyz[:, 2], 5.0)), "the ground"
    return float(centres[:, 2].min()), "the lowest photo"


def _ground(cloud: Cloud | None, base: float) -> float:
    """Return the z of the grid: below nearly all of the cloud, or at the base of heights."""
    return base if cloud is None else float(np.percentile(cloud.xyz[:, 2], 2.0))


def _track(photos: list[Photo | None]) -> npt.NDArray[np.intp]:
    """Return the rows of the photos that have a time, in its order; ties in name order."""
    times = [(photo.taken_at, row) for row, photo in enumerate(photos) if photo and photo.taken_at]
    return np.array([row for _, row in sorted(times)], np.intp)
