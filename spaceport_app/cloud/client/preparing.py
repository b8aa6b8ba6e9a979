"""What leaves this computer for a job: chosen, made ready, digested."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from spaceport_app import atomic, resources
from spaceport_app.cloud.client import photo_copies, submission
from spaceport_app.cloud.client.failures import CloudError, Halted
from spaceport_app.cloud.client.photo_copies import Recipe
from spaceport_app.cloud.client.submission import Upload
from spaceport_app.cloud.job import MOST_BYTES, MOST_FILES, CloudFile
from spaceport_app.cloud.layout import Step
from spaceport_app.events import Progress, Report
from spaceport_app.inside import is_link
from spaceport_app.photos import decode, store
from spaceport_app.photos.model import Photo
from spaceport_app.pipeline import whole
from spaceport_app.project import layout
from spaceport_app.project.errors import ProjectError
from spaceport_app.project.project import Project
from spaceport_app.quantities import count, size

Photos: TypeAlias = Literal["scaled", "original"]

_JPEG_BYTES_A_PIXEL = 0.75
"""Of real drone photos reduced to 1600 pixels at quality 95; 0.4 over water, 1.1 over woods."""
_MARK = 32
"""Digits in the name of a reduced photo."""
_INPUTS: dict[Step, tuple[str, ...]] = {
    "3dgs": ("sfm",),
    "compression": ("sfm", "train"),
}
"""Stages whose results a step starts from, where it is the first."""


@dataclass(frozen=True)
class Leaving:
    """What leaves this computer: how many files, about how many bytes, in a plain sentence."""

    files: int
    size: float
    sentence: str


def limit(options: Mapping[str, Any]) -> int:
    """Return the larger side in pixels that features, views and training can use; 0 for all."""
    sfm, train = options["sfm"], options["train"]
    if sfm.view_size == 0:
        return 0
    # Training pictures are made from the views, so none is larger than those.
    return int(max(sfm.feature_image_size, sfm.view_size, min(train.image_size, sfm.view_size)))


def leaving(project: Project, first: Step, photos: Photos, options: Mapping[str, Any]) -> Leaving:
    """Say what would leave this computer, before anything is made ready.

    Raises
    ------
    StageError
        If the project has no photos yet, or not what the step starts from.
    """
    if first != "sfm":
        paths = _project_files(project, first)
        total = sum(path.stat().st_size for path in paths)
        pictures = "" if first == "compression" else ", among them the undistorted photos"
        return Leaving(
            len(paths),
            total,
            f"{count(len(paths))} files of the project ({size(total)}{pictures}), its name and "
            "its settings leave this computer.",
        )
    used = store.read(project.folder / "photos").used
    if photos == "original":
        total = sum(photo.size_bytes for photo in used)
        return Leaving(
            len(used),
            total,
            f"{count(len(used))} photos as they are ({size(total)}, with all that the camera "
            "wrote into them), their names, the project's name and its settings leave this "
            "computer.",
        )
    side = limit(options)
    pixels = sum(_pixels(photo, side) for photo in used)
    how = f"reduced to {count(side)} pixels" if side else "in full size"
    about = pixels * _JPEG_BYTES_A_PIXEL
    return Leaving(
        len(used),
        about,
        f"{count(len(used))} photos {how} (about {size(about)}) leave this computer, of their "
        "metadata only camera, lens, focal length, date, GPS position, height and direction, "
        "no serial numbers; besides their names, the project's name and its settings.",
    )


def _pixels(photo: Photo, side: int) -> float:
    factor = min(1.0, side / max(photo.width, photo.height)) if side else 1.0
    return photo.width * photo.height * factor**2


def prepare(
    project: Project,
    first: Step,
    photos: Photos,
    options: Mapping[str, Any],
    report: Report,
    halted: threading.Event,
) -> tuple[Upload, ...]:
    """Make ready and digest all files of a job, in order.

    Reduced photos are kept below ``.cloud/photos`` under names that follow from photo and
    recipe, so that a second call after a kill goes on.

    Raises
    ------
    StageError
        If a photo is gone or damaged, the job is too large, or the disk too small.
    Halted
        If `halted` is set.
    OSError
        If the project folder cannot be written.
    """
    if first != "sfm":
        whole.require(project, *_INPUTS[first])
        uploads = _digested(project, _project_files(project, first), report, halted)
    else:
        used = store.read(project.folder / "photos").used
        _check_names(used)
        if photos == "original":
            uploads = _originals(used, report)
        else:
            uploads = _copies(project, used, options, report, halted)
    if len(uploads) > MOST_FILES or sum(u.file.size for u in uploads) > MOST_BYTES:
        raise CloudError(
            "job_too_large",
            f"A job takes {count(MOST_FILES)} files of {size(MOST_BYTES)} at most.",
            "Make projects of parts of the flight.",
        )
    return uploads


def discard(project: Project) -> None:
    """Remove the reduced photos, once they have arrived."""
    place = submission.folder(project) / "photos"
    for path in place.glob(f"{'[0-9a-f]' * _MARK}.jpg") if place.is_dir() else ():
        path.unlink(missing_ok=True)


def _check_names(used: Sequence[Photo]) -> None:
    for photo in used:
        try:
            photo.name.encode("utf-8")
        except UnicodeEncodeError as error:
            shown = photo.name.encode("utf-8", "replace").decode("utf-8")
            raise CloudError(
                "bad_name", f"The name of the photo {shown} is no valid text.", "Rename the photo."
            ) from error


def _originals(used: Sequence[Photo], report: Report) -> tuple[Upload, ...]:
    report(Progress(_words(len(used)), len(used), len(used), 1.0))
    return tuple(
        Upload(CloudFile(photo.name, photo.size_bytes, photo.sha256), str(photo.path))
        for photo in used
    )


def _words(number: int) -> str:
    return f"Making {count(number)} photos ready for AWS"


def _copies(
    project: Project,
    used: Sequence[Photo],
    options: Mapping[str, Any],
    report: Report,
    halted: threading.Event,
) -> tuple[Upload, ...]:
    recipe = Recipe(limit(options), options["import"].maximum_megapixels)
    place = submission.folder(project) / "photos"
    place.mkdir(parents=True, exist_ok=True)
    needed = sum(_pixels(photo, recipe.limit) for photo in used) * _JPEG_BYTES_A_PIXEL
    free = resources.free_disk_bytes(place)
    there = sum(path.stat().st_size for path in place.iterdir())
    if free + there < needed / 2:
        raise ProjectError(
            "disk_too_small",
            f"The reduced photos take about {size(needed)}, and {size(free)} are free at {place}.",
            "Free some space, or send the photos as they are.",
        )
    bodies = sorted({photo.camera for photo in used})

    def one(photo: Photo) -> Upload:
        if halted.is_set():
            raise Halted
        body = 1 + bodies.index(photo.camera) if len(bodies) > 1 and "#" in photo.camera else 0
        mark = f"{photo.sha256} {recipe} {body} {photo.position} {photo_copies.VERSION}"
        path = place / f"{hashlib.sha256(mark.encode()).hexdigest()[:_MARK]}.jpg"
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            data = _copy(photo, recipe, body)
            atomic.write_bytes(path, data)
        digest = hashlib.sha256(data).hexdigest()
        inside = path.relative_to(project.folder).as_posix()
        return Upload(CloudFile(photo.name, len(data), digest), inside)

    uploads: list[Upload] = []
    pool = ThreadPoolExecutor(min(4, resources.cores()), "copies")
    try:
        for upload in pool.map(one, used):
            uploads.append(upload)
            done = len(uploads)
            report(Progress(_words(len(used)), done, len(used), done / len(used)))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return tuple(uploads)


def _copy(photo: Photo, recipe: Recipe, body: int) -> bytes:
    try:
        return photo_copies.make(photo, recipe, body)
    except decode.UndecodableError as error:
        raise CloudError(
            "photo_unreadable",
            f"{photo.name}: {error.finding.message}",
            "Put it back, or take it out, and submit again.",
        ) from error


def _project_files(project: Project, first: Step) -> tuple[Path, ...]:
    found: list[Path] = []
    for stage in _INPUTS[first]:
        if project.published(stage) is None:
            raise CloudError(
                "stage_missing",
                f"The project has no result of the {stage} stage to start from.",
                "Run the stages before it here, or have them done on AWS too.",
            )
        found.extend(whole.files(project, stage))
    edits = project.folder / layout.EDITS
    if first == "compression" and edits.is_file() and not is_link(edits):
        found.append(edits)
    return tuple(found)


def _digested(
    project: Project, paths: Sequence[Path], report: Report, halted: threading.Event
) -> tuple[Upload, ...]:
    words = "Checking the files for AWS"
    total = max(1, sum(path.stat().st_size for path in paths))
    done = 0
    uploads: list[Upload] = []
    for path in paths:
        if halted.is_set():
            raise Halted
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            length = file.tell()
        name = path.relative_to(project.folder).as_posix()
        uploads.append(Upload(CloudFile(name, length, digest), name))
        done += length
        report(Progress(words, done, total, min(1.0, done / total)))
    return tuple(uploads)
