"""Pictures as a pinhole camera without distortion would have taken them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pycolmap
from PIL import Image

from spaceport_app import atomic, inside, pictures
from spaceport_app.errors import StageError
from spaceport_app.photos.sizes import fitted
from spaceport_app.sfm import working_copies
from spaceport_app.sfm.model import View
from spaceport_app.sfm.working_copies import WorkingCopy

_log = logging.getLogger(__name__)

# About 50 dB to the undistorted pixels at a seventh of the bytes of PNG.
_JPEG_QUALITY = 98


def write_views(
    model: pycolmap.Reconstruction,
    copies: Sequence[WorkingCopy],
    images: Path,
    folder: Path,
    view_size: int,
    threads: int,
    progress: Callable[[int, int], None],
) -> tuple[View, ...]:
    """Write one undistorted picture a registered photo and return the views in name order.

    Parameters
    ----------
    model : pycolmap.Reconstruction
        In the world frame.
    images : Path
        Folder of the working copies.
    folder : Path
        Existing folder for the pictures.
    view_size : int
        Larger side in pixels, 0 for that of the working copies.
    """
    by_name = {copy.name: copy for copy in copies}
    registered = [model.image(i) for i in model.reg_image_ids()]
    jobs = sorted(
        ((by_name[image.name], image) for image in registered), key=lambda job: job[0].photo.name
    )
    # Poses are read here: the threads below only see plain arrays and their own cameras.
    plain = [
        (copy, image.cam_from_world().matrix(), model.camera(image.camera_id))
        for copy, image in jobs
    ]
    views: list[View] = []
    progress(0, len(plain))
    with ThreadPoolExecutor(max_workers=threads) as pool:
        results = pool.map(
            lambda job: _write_view(job[0], job[1], job[2], images, folder, view_size), plain
        )
        for done, view in enumerate(results, start=1):
            views.append(view)
            progress(done, len(plain))
    return tuple(views)


def _pixels(copy: WorkingCopy, images: Path) -> npt.NDArray[np.uint8]:
    try:
        return _read(copy, images)
    except (OSError, ValueError) as error:
        if inside.is_of_system(error):
            raise
        # Its ends are looked at before, its middle only now.
        _log.warning("the working copy %s is damaged and made anew: %s", copy.name, error)
    if reason := working_copies.make_anew(copy, images):
        raise StageError(
            "photo_changed",
            f"The photo {copy.photo.name} cannot be read any more. {reason}",
            "Put it back as it was, or read the photos anew with the import stage.",
        )
    return _read(copy, images)


def _read(copy: WorkingCopy, images: Path) -> npt.NDArray[np.uint8]:
    with pictures.opened(images / copy.name, (copy.width, copy.height)) as opened:
        return np.array(opened, np.uint8)


def _write_view(
    copy: WorkingCopy,
    pose: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    camera: pycolmap.Camera,
    images: Path,
    folder: Path,
    view_size: int,
) -> View:
    bitmap = pycolmap.Bitmap.from_array(_pixels(copy, images))
    options = pycolmap.UndistortCameraOptions()
    straight, pinhole = pycolmap.undistort_image(options, bitmap, camera)
    picture = Image.fromarray(np.ascontiguousarray(straight.to_array()))
    width, height = fitted(picture.width, picture.height, view_size)
    if (width, height) != picture.size:
        # Undistorted first, reduced afterwards, by the triangle filter over the whole area of a
        # pixel, as COLMAP's own undistorter does. A sharper filter leaves detail that Gaussians
        # seen through the engines' low-pass of 0.3 px cannot show, which only adds noise.
        picture = picture.resize((width, height), Image.Resampling.BILINEAR)
    sx, sy = width / pinhole.width, height / pinhole.height
    path = folder / f"{copy.stem}.jpg"
    with atomic.replacing(path) as temporary:
        picture.save(temporary, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    matrix = np.eye(4)
    matrix[:3] = pose
    return View(
        name=copy.photo.name,
        image=path,
        width=width,
        height=height,
        fx=float(pinhole.focal_length_x * sx),
        fy=float(pinhole.focal_length_y * sy),
        cx=float(pinhole.principal_point_x * sx),
        cy=float(pinhole.principal_point_y * sy),
        view_matrix=matrix,
    )
