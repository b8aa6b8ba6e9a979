"""The COLMAP database: written by us so that cameras and ids are ours, polled while it fills.

With cameras, rigs, frames and images in place before the first feature, an interrupted
extraction goes on without a second camera for the same drone, and mixed sizes lose no photo.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pycolmap

from spaceport_app.sfm.working_copies import WorkingCopy

_log = logging.getLogger(__name__)
_POLL_SECONDS = 0.3
# Fewer photos don't hold four distortion parameters against noise.
_OPENCV_FROM_PHOTOS = 30
_FOCAL_GUESS = 1.0


def prepare(path: Path, copies: Sequence[WorkingCopy], camera_model: str) -> None:
    """Create the database with one camera a group and one image a copy, or keep a fitting one.

    A database that does not hold exactly these images, or is damaged, is made anew.
    Image ids are the positions in `copies`, from 1; camera ids are the group numbers.
    """
    if path.exists() and not _fits(path, copies):
        _log.warning("The database does not fit the photos and is made anew")
        remove(path)
    if path.exists():
        return
    building = path.with_name("building-" + path.name)
    remove(building)
    with closing(pycolmap.Database.open(building)) as database:
        for group in sorted({copy.group for copy in copies}):
            members = [copy for copy in copies if copy.group == group]
            camera = prior_camera(group, members, camera_model)
            database.write_camera(camera, use_camera_id=True)
            rig = pycolmap.Rig()
            rig.rig_id = group
            rig.add_ref_sensor(camera.sensor_id)
            database.write_rig(rig, use_rig_id=True)
        for number, copy in enumerate(copies, start=1):
            image = pycolmap.Image()
            image.image_id = number
            image.name = copy.name
            image.camera_id = copy.group
            database.write_image(image, use_image_id=True)
            frame = pycolmap.Frame()
            frame.frame_id = number
            frame.rig_id = copy.group
            frame.add_data_id(image.data_id)
            frame.finalize_data_ids()
            database.write_frame(frame, use_frame_id=True)
    building.replace(path)


def remove(path: Path) -> None:
    """Delete a database and the files that SQLite keeps beside it."""
    for ending in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def prior_camera(group: int, members: Sequence[WorkingCopy], camera_model: str) -> pycolmap.Camera:
    """Return the first guess of a group's camera, in pixels of its working copies."""
    first = members[0]
    if camera_model == "auto":
        camera_model = "OPENCV" if len(members) >= _OPENCV_FROM_PHOTOS else "SIMPLE_RADIAL"
    known = [
        copy.photo.focal_px * copy.width / copy.photo.width
        for copy in members
        if copy.photo.focal_px
    ]
    focal = float(np.median(known)) if known else _FOCAL_GUESS * max(first.width, first.height)
    camera = pycolmap.Camera.create_from_model_name(
        group, camera_model, focal, first.width, first.height
    )
    camera.has_prior_focal_length = bool(known)
    return camera


def _fits(path: Path, copies: Sequence[WorkingCopy]) -> bool:
    try:
        with closing(sqlite3.connect(f"file:{path.as_posix()}?mode=ro", uri=True)) as connection:
            check = connection.execute("pragma quick_check(1)").fetchone()[0]
            rows = connection.execute("select image_id, name, camera_id from images").fetchall()
            sizes = dict(
                (camera, (width, height))
                for camera, width, height in connection.execute(
                    "select camera_id, width, height from cameras"
                )
            )
    except sqlite3.Error:
        return False
    wanted = [(number, copy.name, copy.group) for number, copy in enumerate(copies, start=1)]
    return (
        check == "ok"
        and sorted(rows) == wanted
        and sizes == {copy.group: (copy.width, copy.height) for copy in copies}
    )


def count_rows(path: Path, table: str) -> int:
    """Return how many rows `table` has now, without disturbing a writer."""
    with closing(sqlite3.connect(f"file:{path.as_posix()}?mode=ro", uri=True)) as connection:
        connection.execute("pragma busy_timeout = 200")
        (count,) = connection.execute(f"select count(*) from {table}").fetchone()
        return int(count)


@contextmanager
def watching(path: Path, table: str, changed: Callable[[int], None]) -> Iterator[None]:
    """Call `changed` with the number of rows of `table` while the body runs, and at its end.

    The calls come from a thread of its own: native code fills the table meanwhile.
    """
    stop = threading.Event()

    def poll() -> None:
        last = -1
        while not stop.wait(_POLL_SECONDS):
            try:
                count = count_rows(path, table)
            except sqlite3.Error:
                continue
            if count != last:
                last = count
                changed(count)

    thread = threading.Thread(target=poll, name=f"watch-{table}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    changed(count_rows(path, table))
