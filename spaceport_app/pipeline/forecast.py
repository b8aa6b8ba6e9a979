"""Before the start: how long it will take, and whether memory and disk suffice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spaceport_app import resources, unzip
from spaceport_app.errors import StageError
from spaceport_app.events import Notice
from spaceport_app.pipeline import fingerprint, machine
from spaceport_app.pipeline.estimate import Estimate, Workload
from spaceport_app.pipeline.reports import Imported, imported
from spaceport_app.pipeline.settings import resolve_all
from spaceport_app.pipeline.stage import Registry
from spaceport_app.project import reach
from spaceport_app.project.errors import ProjectError
from spaceport_app.project.project import Project
from spaceport_app.quantities import size
from spaceport_app.sfm import place
from spaceport_app.unzip import ZipError

_USUAL_SIZE = (4000.0, 3000.0)


@dataclass(frozen=True)
class Forecast:
    """What the stages that are still to do will take together.

    `memory_bytes` is that of the hungriest stage, `disk_bytes` the sum, `notices` what a
    person should know before the start.
    """

    stages: Mapping[str, Estimate]
    seconds: float
    memory_bytes: float
    disk_bytes: float
    notices: tuple[Notice, ...]


def of_project(project: Project, stages: Registry) -> Forecast | None:
    """Estimate the stages that are missing or outdated.

    Returns
    -------
    Forecast or None
        None where nothing is to do, or no stage that is to do has an estimate.

    Raises
    ------
    ProjectError
        ``disk_too_small`` if less than half of what it takes is free, ``path_too_long`` if the
        folder lies too deep: to start would be to fail late.
    """
    options = resolve_all(stages, project.document.settings)
    todo = _todo(project, stages, options)
    if not any(stage.estimate for stage in todo):
        return None
    if any(stage.name == "sfm" for stage in todo):
        try:
            place.check(project.scratch("sfm"), project.folder)
        except StageError as error:
            raise ProjectError(error.code, error.message, error.remedy) from error
    work = workload(project)
    found = {
        stage.name: stage.estimate(work, options) for stage in todo if stage.estimate is not None
    }
    seconds = sum(one.seconds for one in found.values())
    memory = max(one.memory_bytes for one in found.values())
    disk = sum(one.disk_bytes for one in found.values())
    free_memory = resources.free_memory_bytes()
    free_disk = resources.free_disk_bytes(project.folder)
    if free_disk < disk / 2:
        raise ProjectError(
            "disk_too_small",
            f"This will take about {size(disk)} of disk, and {size(free_disk)} "
            f"are free at {project.folder}.",
            "Free some space, or choose another disk with -o.",
        )
    notices = []
    if free_disk < 1.2 * disk:
        notices.append(
            Notice(
                "little_disk",
                f"This may take {size(disk)} of disk, and {size(free_disk)} are free.",
            )
        )
    if free_memory < memory:
        notices.append(
            Notice(
                "little_memory",
                f"This may take {size(memory)} of memory, and {size(free_memory)} are "
                "free. Close other programs, or choose a lower preset.",
            )
        )
    if project.document.settings.device == "cuda" and machine.device() != "cuda":
        notices.append(
            Notice(
                "no_cuda",
                "The project was set up for an NVIDIA card, and none can be used here. "
                "With --device cpu it takes the values for this computer.",
            )
        )
    return Forecast(found, seconds, memory, disk, tuple(notices))


def workload(project: Project) -> Workload:
    """Return what there is to do: from the import's report, else from the files' names.

    Before the import, the first readable photo stands for all.
    """
    device = project.document.settings.device
    run = project.published("import")
    told = imported({"import": run.report}) if run is not None else Imported()
    if told.used and told.megapixels:
        photos = told.used
        pixels = told.megapixels * 1e6 / photos
        height = (pixels * 0.75) ** 0.5
        return Workload(photos, pixels / height, height, resources.cores(), device)
    reach.require(project)
    count, usual = _photo_files(project.sources)
    return Workload(count, *usual, resources.cores(), device)


def _todo(project: Project, stages: Registry, options: Mapping[str, Any]) -> Registry:
    names: list[str] = []
    for stage in stages:
        if set(stage.reads).intersection(names) or not fingerprint.holds(
            stage, options[stage.name], project
        ):
            names.append(stage.name)
    return tuple(stage for stage in stages if stage.name in names)


def _photo_files(sources: tuple[Path, ...]) -> tuple[int, tuple[float, float]]:
    from spaceport_app.photos.decode import PHOTO_SUFFIXES

    count = 0
    usual: tuple[float, float] | None = None
    for source in sources:
        if source.suffix.lower() == ".zip" and source.is_file():
            try:
                with unzip.opened(source) as file:
                    names = file.namelist()
            except (OSError, ValueError, ZipError):
                continue
            count += sum(Path(name).suffix.lower() in PHOTO_SUFFIXES for name in names)
            continue
        files = source.rglob("*") if source.is_dir() else (source,)
        for path in files:
            if path.suffix.lower() in PHOTO_SUFFIXES and path.is_file():
                count += 1
                usual = usual or _size(path)
    return count, usual or _USUAL_SIZE


def _size(path: Path) -> tuple[float, float] | None:
    from spaceport_app.photos import decode

    try:
        return decode.size_of(path)
    except decode.UndecodableError:
        return None
