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
from typing import TypeVar

import numpy as np
import pycolmap

from spaceport_app.sfm.place import BUILDING
from spaceport_app.sfm.working_copies import WorkingCopy

Key = TypeVar("Key")

_log = logging.getLogger(__name__)
_POLL_SECONDS = 0.3
# How many missing keys are passed over before the rest counts as not begun.
_AHEAD = 50
# Fewer photos don't hold four distortion parameters against noise.
_OPENCV_FROM_PHOTOS = 30
# In larger sides of the photo, between drones (0.65 to 0.8) and lenses of 50 mm (1.4). From 0.8
# as from 1.2, for a true 0.69, mapping ended within 0.1 % of the same focal length.
_FOCAL_GUESS = 0.85


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
    building = path.with_name(BUILDING)
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


@contextmanager
def watching(
    path: Path,
    exists: Callable[[pycolmap.Database, Key], bool],
    keys: Sequence[Key],
    changed: Callable[[int], None],
) -> Iterator[None]:
    """Call `changed` with the number of `keys` in the database while the body fills it.

    Keys are expected to come in roughly their order. The calls come from a thread of its own,
    and one more from the caller's thread at the end.

    The database is read by pycolmap too: Python has an SQLite of its own, and two of them on one
    file in one process drop each other's locks (sqlite.org/howtocorrupt.html, section 2.2),
    which ends in a bus error in the middle of a checkpoint.
    """
    pending = list(keys)
    stop = threading.Event()

    def poll(database: pycolmap.Database, ahead: int) -> None:
        missing, kept = 0, []
        for position, key in enumerate(pending):
            if missing >= ahead:
                kept += pending[position:]
                break
            if not exists(database, key):
                missing += 1
                kept.append(key)
        if len(kept) < len(pending):
            pending[:] = kept
            changed(len(keys) - len(pending))

    def watch(database: pycolmap.Database) -> None:
        while not stop.wait(_POLL_SECONDS):
            poll(database, _AHEAD)

    # Opened while nobody writes; afterwards only the thread uses it until it has ended.
    with closing(pycolmap.Database.open(path)) as database:
        thread = threading.Thread(target=watch, args=(database,), name="watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
        poll(database, len(pending) + 1)
