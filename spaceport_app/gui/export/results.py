"""What an export has made, measured: files, sizes, errors of the decoded bundle; no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spaceport_app import inside
from spaceport_app.pipeline import reports, summary
from spaceport_app.project import layout
from spaceport_app.project.project import Project
from spaceport_app.quantities import size


@dataclass(frozen=True)
class Made:
    """One file or folder of an export."""

    path: Path
    bytes: int


@dataclass(frozen=True)
class Results:
    """All files of the last export, the main one first, and what was measured.

    `figures` are pairs of a heading and words.
    """

    files: tuple[Made, ...]
    figures: tuple[tuple[str, str], ...]


def of(project: Project) -> Results | None:
    """Return what the last export has made; None if there is none on disk."""
    run = project.published("export")
    if run is None:
        return None
    folder = project.folder / layout.EXPORT
    sizes = reports.exported({"export": run.report}).file_bytes
    files = [
        Made(place, number)
        for name, number in sizes.items()
        if (place := _place(folder, name)) is not None
    ]
    if not files:
        return None
    files.sort(key=lambda made: made.path.suffix == ".json")
    told: dict[str, Mapping[str, Any]] = {}
    for name in ("import", "sfm", "train", "compress"):
        published = project.published(name)
        told[name] = published.report if published is not None else {}
    rows = [(made.path.name, size(made.bytes)) for made in files]
    packed = any(made.path.suffix != ".ply" for made in files if made.path.suffix != ".json")
    if packed:
        rows += summary.figures("compress", told)
    return Results(tuple(files), tuple(rows))


def _place(folder: Path, name: str) -> Path | None:
    """Return where an exported file lies; None if it is not there, or not a name for one."""
    try:
        place = inside.path(folder, name)
        return place if place.exists() else None
    except (OSError, ValueError):
        return None


def to_look_at(project: Project) -> Path | None:
    """Return what the browser's viewer can show: an exported .sog, or the bundle."""
    found = of(project)
    run = project.published("export")
    upright = run is not None and reports.exported({"export": run.report}).orientation == "viewer"
    for made in found.files if found is not None and upright else ():
        if made.path.suffix == ".sog":
            return made.path
    bundle = _place(project.folder / layout.BUNDLE, "bundle")
    return bundle if bundle is not None and (bundle / "meta.json").is_file() else None
