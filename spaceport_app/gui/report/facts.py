"""The facts of a project's report, gathered once for the tab and the file; no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from spaceport_app import inside
from spaceport_app.errors import StageError
from spaceport_app.pipeline import reports as told
from spaceport_app.pipeline import summary
from spaceport_app.pipeline.stage import registry
from spaceport_app.project import layout
from spaceport_app.project.project import Project
from spaceport_app.quantities import count, duration, size
from spaceport_app.splats import measured

Row = tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """A held-out photo beside the splat from the same camera."""

    name: str
    photo: Path
    render: Path
    psnr_db: float
    ssim: float


@dataclass(frozen=True)
class Section:
    """A heading, sentences below it, and a table: its first row names the columns."""

    heading: str
    sentences: tuple[str, ...] = ()
    table: tuple[Row, ...] = ()
    pairs: tuple[Pair, ...] = ()


@dataclass(frozen=True)
class Report:
    """All that is told of a project."""

    title: str
    lead: str
    sections: tuple[Section, ...]


def gather(project: Project) -> Report:
    """Read what the stages have measured. Runs in any thread."""
    stages = registry()
    found: dict[str, Any] = summary.of_project(project, stages)
    reports: dict[str, Mapping[str, Any]] = {
        name: stage["report"] for name, stage in found["stages"].items()
    }
    sections = [
        _photos(reports),
        _positions(reports),
        _splats(reports, _pairs(project)),
        _bundle(reports),
        _files(project, told.exported(reports)),
        _work(found["stages"]),
    ]
    return Report(
        project.document.name,
        _lead(reports, found["stages"]),
        tuple(section for section in sections if section is not None),
    )


def _lead(reports: Mapping[str, Mapping[str, Any]], stages: Mapping[str, Any]) -> str:
    if not reports:
        return "Nothing has been done yet. Press Start, and the report grows with each stage."
    seconds = sum(stage["seconds"] for stage in stages.values())
    imported, sfm = told.imported(reports), told.placed(reports)
    words = f"{imported.photos or 0} photos"
    if sfm.registered is not None and sfm.photos is not None:
        words = f"{sfm.registered} of {sfm.photos} photos found their place"
    train, compress = told.trained(reports), told.compressed(reports)
    if train.gaussians is not None:
        words += f" and became {count(train.gaussians)} Gaussians"
    if compress.bytes is not None:
        words += f" in {size(compress.bytes)}"
    return f"{words}, in {duration(seconds)}."


def _photos(reports: Mapping[str, Mapping[str, Any]]) -> Section | None:
    if not reports.get("import"):
        return None
    found = told.imported(reports)
    rows: list[Row] = []
    if found.used is not None:
        rows.append(("Photos used", f"{found.used} of {found.photos or found.used}"))
    if found.megapixels:
        rows.append(("Pixels", f"{found.megapixels:.0f} megapixels in all"))
    rows += [("Camera", f"{camera.name}, {camera.photos} photos") for camera in found.cameras]
    rows.append(("With GPS", f"{found.gps_photos} photos"))
    if found.area_hectares:
        rows.append(("Area flown over", f"{found.area_hectares:.2f} hectares"))
    low, high = found.relative_altitude_min_m, found.relative_altitude_max_m
    if low is not None and high is not None:
        rows.append(("Height above take-off", f"{low:.0f} to {high:.0f} m"))
    sentences = [f"{item.name} was left out: {item.message}" for item in found.left_out]
    return Section("Photos", tuple(sentences), tuple(rows))


def _positions(reports: Mapping[str, Mapping[str, Any]]) -> Section | None:
    if not reports.get("sfm"):
        return None
    found = told.placed(reports)
    rows: list[Row] = []
    if found.registered is not None:
        rows.append(("Photos placed", f"{found.registered} of {found.photos or found.registered}"))
    rows += summary.figures("sfm", reports)
    for camera in found.cameras.values():
        rows.append(("Focal length", f"{camera.focal_px:.1f} px, {camera.name}"))
    sentences = [found.reason] if found.reason else []
    sentences += [f"{name} was left out: {why}" for name, why in found.left_out.items()]
    return Section("Camera positions", tuple(sentences), tuple(rows))


def _splats(reports: Mapping[str, Mapping[str, Any]], pairs: tuple[Pair, ...]) -> Section | None:
    if not reports.get("train"):
        return None
    found = told.trained(reports)
    engine = {"cpu": "this computer's processor", "cuda": "the NVIDIA card", "": "unknown"}
    rows: list[Row] = [
        ("Gaussians", count(found.gaussians or 0)),
        ("Steps", count(found.iterations or 0)),
        ("Engine", engine.get(found.engine, found.engine)),
        ("Largest side of a picture", f"{found.image_size_px or 0} px"),
    ]
    sentence = "No photo was held out, so the quality was not measured."
    alike = summary.alike(found.psnr_db, found.ssim)
    if alike:
        rows.append(("Mean over held-out photos", alike))
        sentence = (
            f"{len(pairs) or 'Some'} photos were never trained with. The splat is compared with "
            "them below: the photo on the left, the splat from the same camera on the right."
        )
    return Section("Splat", (sentence,), tuple(rows), pairs)


def _bundle(reports: Mapping[str, Mapping[str, Any]]) -> Section | None:
    rows = summary.figures("compress", reports)
    if not rows:
        return None
    sentence = "Measured on the bundle after it was decoded again."
    return Section("Compressed for the web", (sentence,), tuple(rows))


def _files(project: Project, found: told.Exported) -> Section | None:
    if not found.file_bytes:
        return None
    rows: list[Row] = [(name, size(number)) for name, number in found.file_bytes.items()]
    # The page is handed on: names of folders above the project are nobody else's business.
    sentence = f"In {layout.EXPORT}, in the project folder {project.folder.name}."
    return Section("Exported files", (sentence,), tuple(rows))


def _work(stages: Mapping[str, Any]) -> Section | None:
    if not stages:
        return None
    rows: list[Row] = [("Stage", "Time", "Peak memory", "Finished")]
    for stage in stages.values():
        rows.append(
            (
                str(stage["label"]),
                duration(stage["seconds"]),
                size(stage["peak_memory_bytes"]),
                _when(stage["finished"]),
            )
        )
    return Section("Time and memory", (), tuple(rows))


def _pairs(project: Project) -> tuple[Pair, ...]:
    if project.published("train") is None:
        return ()
    folder = project.folder / layout.SPLATS
    try:
        pairs = [
            Pair(
                view.name,
                inside.path(folder, view.photo),
                inside.path(folder, view.render),
                view.psnr_db,
                view.ssim,
            )
            for view in measured.read(folder).pictures
        ]
    except (StageError, inside.OutsideError):
        return ()
    return tuple(pair for pair in pairs if pair.photo.is_file() and pair.render.is_file())


def _when(text: str) -> str:
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return text
