"""The facts of a project's report, gathered once for the tab and the file; no Qt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from spaceport_app.pipeline import summary
from spaceport_app.pipeline.stage import registry
from spaceport_app.project import layout
from spaceport_app.project.project import Project
from spaceport_app.quantities import count, duration, size

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
        _photos(reports.get("import", {})),
        _positions(reports),
        _splats(reports.get("train", {}), _pairs(project)),
        _bundle(reports),
        _files(project, reports.get("export", {})),
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
    imported, sfm = reports.get("import", {}), reports.get("sfm", {})
    words = f"{imported.get('photos', 0)} photos"
    if sfm:
        words = f"{sfm['registered']} of {sfm['photos']} photos found their place"
    train, compress = reports.get("train", {}), reports.get("compress", {})
    if train:
        words += f" and became {count(train.get('gaussians', 0))} Gaussians"
    if compress:
        words += f" in {size(compress['bytes'])}"
    return f"{words}, in {duration(seconds)}."


def _photos(found: Mapping[str, Any]) -> Section | None:
    if not found:
        return None
    rows: list[Row] = [("Photos used", f"{found['used']} of {found['photos']}")]
    if found.get("megapixels"):
        rows.append(("Pixels", f"{found['megapixels']:.0f} megapixels in all"))
    for camera in found.get("cameras", []):
        rows.append(("Camera", f"{camera['name']}, {camera['photos']} photos"))
    rows.append(("With GPS", f"{found.get('gps_photos', 0)} photos"))
    if found.get("area_hectares"):
        rows.append(("Area flown over", f"{found['area_hectares']:.2f} hectares"))
    low, high = found.get("relative_altitude_min_m"), found.get("relative_altitude_max_m")
    if low is not None and high is not None:
        rows.append(("Height above take-off", f"{low:.0f} to {high:.0f} m"))
    sentences = [f"{item['name']} was left out: {item['message']}" for item in found["left_out"]]
    return Section("Photos", tuple(sentences), tuple(rows))


def _positions(reports: Mapping[str, Mapping[str, Any]]) -> Section | None:
    found = reports.get("sfm")
    if not found:
        return None
    rows: list[Row] = [
        ("Photos placed", f"{found['registered']} of {found['photos']}"),
        *summary.figures("sfm", reports),
    ]
    for camera in found.get("cameras", {}).values():
        rows.append(("Focal length", f"{camera['focal_px']:.1f} px, {camera['name']}"))
    sentences = [str(found["reason"])] if found.get("reason") else []
    sentences += [f"{name} was left out: {why}" for name, why in found["left_out"].items()]
    return Section("Camera positions", tuple(sentences), tuple(rows))


def _splats(found: Mapping[str, Any], pairs: tuple[Pair, ...]) -> Section | None:
    if not found:
        return None
    engine = {"cpu": "this computer's processor", "cuda": "the NVIDIA card"}
    rows: list[Row] = [
        ("Gaussians", count(found.get("gaussians", 0))),
        ("Steps", count(found.get("iterations", 0))),
        ("Engine", engine.get(str(found.get("engine")), str(found.get("engine")))),
        ("Largest side of a picture", f"{found.get('image_size_px', 0)} px"),
    ]
    sentence = "No photo was held out, so the quality was not measured."
    if found.get("psnr_db") is not None:
        rows.append(("Mean over held-out photos", _quality(found["psnr_db"], found["ssim"])))
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


def _files(project: Project, found: Mapping[str, Any]) -> Section | None:
    sizes = found.get("file_bytes")
    if not isinstance(sizes, dict) or not sizes:
        return None
    rows: list[Row] = [(str(name), size(float(number))) for name, number in sizes.items()]
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
        quality = json.loads((folder / "quality.json").read_text(encoding="utf-8"))
        pairs = [
            Pair(
                view["name"],
                folder / view["photo"],
                folder / view["render"],
                float(view["psnr_db"]),
                float(view["ssim"]),
            )
            for view in quality["views"]
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return ()
    return tuple(pair for pair in pairs if pair.photo.is_file() and pair.render.is_file())


def _quality(psnr_db: float, ssim: float) -> str:
    return f"PSNR {psnr_db:.2f} dB, SSIM {ssim:.3f}"


def _when(text: str) -> str:
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return text
