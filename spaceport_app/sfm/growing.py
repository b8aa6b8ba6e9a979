"""The model while it is being made, on disk for whoever wants to watch: cameras and points.

Each snapshot is a folder as the stage's own, without pictures, roughly in the world frame: what
is known of each photo's place gives the similarity, as it does for the finished model.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pycolmap

from spaceport_app import removing
from spaceport_app.errors import StageError
from spaceport_app.events import Report, Snapshot
from spaceport_app.photos.model import Origin, Photo
from spaceport_app.sfm import cloud, georeference, store
from spaceport_app.sfm.alignment import choose
from spaceport_app.sfm.alignment.similarity import Similarity
from spaceport_app.sfm.model import Cloud, Reconstruction, View

_log = logging.getLogger(__name__)

_PREFIX = "growing-"
_KEPT = 2
_MOST_SHARE = 0.05
"""Of the mapper's time, spent in snapshots that are not the first of their kind."""
_MOST_POINTS = 30_000
_COLOURED_PHOTOS = 12
_FEWEST_CAMERAS = 3


class Growing:
    """Writes down a growing model; the model itself keeps its frame.

    Parameters
    ----------
    scratch : Path
        Existing folder; the last two snapshots stay in it, so that one can be read in peace.
    images : Path
        The working copies, by the names that the model knows.
    photo_of : dict
        Name of the working copy to its photo.
    origin : Origin or None
        Of the world frame.
    seed : int
        Of the robust fit.
    report : callable
        Takes events.
    """

    def __init__(
        self,
        scratch: Path,
        images: Path,
        photo_of: dict[str, Photo],
        origin: Origin | None,
        seed: int,
        report: Report,
    ) -> None:
        self._scratch = scratch
        self._images = images
        self._photo_of = photo_of
        self._origin = origin
        self._seed = seed
        self._report = report
        self._number = 0
        self._next = 0.0
        self.seconds = 0.0
        """Spent in snapshots so far."""
        for old in self._folders():
            removing.try_to_remove(old)

    def show(self, model: pycolmap.Reconstruction, *, always: bool = False) -> None:
        """Write a snapshot of `model`, unless there was one a short while ago.

        What cannot be written or aligned is no reason to stop: it is only logged.
        """
        began = time.monotonic()
        if model.num_reg_images() < _FEWEST_CAMERAS or (began < self._next and not always):
            return
        try:
            folder = self._write(model)
        except (OSError, StageError, ValueError, ArithmeticError, RuntimeError) as error:
            _log.warning("the growing model cannot be shown: %s", error)
            folder = None
        now = time.monotonic()
        self.seconds += now - began
        self._next = now + (now - began) / _MOST_SHARE
        if folder is not None:
            self._report(Snapshot(folder, model.num_reg_images(), len(self._photo_of)))

    def _write(self, model: pycolmap.Reconstruction) -> Path:
        self._colour(model)
        observed = georeference.observe(model, self._photo_of, self._origin)
        alignment = choose.align(observed, self._seed)
        origin = self._origin if alignment.residuals is not None else None
        partial = self._scratch / f".{_PREFIX}partial"
        removing.try_to_remove(partial)
        partial.mkdir()
        views = self._views(model, alignment.similarity, partial / store.VIEWS)
        points = _points(model, alignment.similarity)
        placed = georeference.build(observed, alignment, origin)
        store.write(partial, Reconstruction(views, points, placed, {}))
        self._number += 1
        folder = self._scratch / f"{_PREFIX}{self._number:05d}"
        removing.try_to_remove(folder)
        partial.rename(folder)
        for old in self._folders()[:-_KEPT]:
            removing.try_to_remove(old)
        return folder

    def _folders(self) -> list[Path]:
        return sorted(self._scratch.glob(f"{_PREFIX}*"))

    def _colour(self, model: pycolmap.Reconstruction) -> None:
        """Give colours to the points of some photos; the mapper does so for all when it ends.

        A point keeps its colour from then on, so that later snapshots find it coloured.
        """
        if any(point.color.any() for point in model.points3D.values()):
            return
        ids: Sequence[int] = sorted(model.reg_image_ids())
        for image_id in ids[:: max(1, len(ids) // _COLOURED_PHOTOS)]:
            model.extract_colors_for_image(image_id, self._images)

    def _views(
        self, model: pycolmap.Reconstruction, similarity: Similarity, pictures: Path
    ) -> tuple[View, ...]:
        views = []
        for image_id in model.reg_image_ids():
            image = model.image(image_id)
            camera = model.camera(image.camera_id)
            rotation = image.cam_from_world().matrix()[:, :3] @ similarity.rotation.T
            centre = similarity.apply(np.asarray(image.projection_center())[None])[0]
            matrix = np.eye(4)
            matrix[:3, :3] = rotation
            matrix[:3, 3] = -rotation @ centre
            name = self._photo_of[image.name].name
            views.append(
                View(
                    name,
                    pictures / name,
                    camera.width,
                    camera.height,
                    camera.focal_length_x,
                    camera.focal_length_y,
                    camera.principal_point_x,
                    camera.principal_point_y,
                    matrix,
                )
            )
        return tuple(sorted(views, key=lambda view: view.name))


def _points(model: pycolmap.Reconstruction, similarity: Similarity) -> Cloud:
    """Return the points that their neighbours confirm, thinned out where there are very many."""
    ids = sorted(model.point3D_ids())
    points = [model.point3D(i) for i in ids[:: -(-len(ids) // _MOST_POINTS) or 1]]
    xyz: npt.NDArray[np.float64] = np.array([p.xyz for p in points], np.float64).reshape(-1, 3)
    found = Cloud(
        similarity.apply(xyz),
        np.array([p.color for p in points], np.uint8).reshape(-1, 3),
        np.array([p.error for p in points], np.float32),
        np.array([p.track.length() for p in points], np.int32),
    )
    return cloud.take(found, cloud.confirmed(found.xyz))
