"""What came out of a project: the figures of all stages in one place, as data and as lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from spaceport_app.events import JsonValue
from spaceport_app.pipeline import fingerprint
from spaceport_app.pipeline.reports import (
    Compressed,
    Imported,
    Placed,
    Trained,
    compressed,
    imported,
    placed,
    trained,
)
from spaceport_app.pipeline.settings import resolve
from spaceport_app.pipeline.stage import Registry
from spaceport_app.project import reach
from spaceport_app.project.project import Project
from spaceport_app.quantities import count, duration, size

_MOST_NAMES = 8


def of_project(project: Project, stages: Registry) -> dict[str, JsonValue]:
    """Return the measured reports of all published stages with their time and memory."""
    found: dict[str, Any] = {}
    for stage in stages:
        run = project.published(stage.name)
        if run is not None:
            found[stage.name] = {
                "label": stage.label,
                "finished": run.finished,
                "seconds": run.seconds,
                "peak_memory_bytes": run.peak_memory_bytes,
                "resumed": run.resumed,
                "report": dict(run.report),
            }
    files = [
        str(path.absolute())
        for path in sorted((project.folder / "export").glob("*"), key=_splats_first)
        if project.published("export") is not None
    ]
    return {"files": [*files], "stages": found}


def _splats_first(path: Path) -> tuple[bool, str]:
    return path.suffix == ".json", path.name


def outdated(project: Project, stages: Registry) -> list[str]:
    """Return the names of published stages whose result no longer fits what comes before."""
    if reach.unasked(project):
        # Whether photos have changed is seen where they lie, and nobody has agreed to look there.
        return []
    settings = project.document.settings
    later: list[str] = []
    for stage in stages:
        if project.published(stage.name) is None:
            continue
        holds = fingerprint.holds(stage, resolve(stage, settings), project)
        if not holds or set(stage.reads).intersection(later):
            later.append(stage.name)
    return later


def lines(found: Mapping[str, Any]) -> list[str]:
    """Return the report for a person."""
    stages = found["stages"]
    reports = {name: stage["report"] for name, stage in stages.items()}
    rows: list[tuple[str, str]] = []
    for name in ("import", "sfm", "train", "compress"):
        rows += figures(name, reports)
    rows += [("File", path) for path in found["files"]]
    text = columns(rows)
    text += ["", f"{'Stage':<28}{'Time':>12}{'Peak memory':>14}"]
    for stage in stages.values():
        again = "  (went on after a stop)" if stage["resumed"] else ""
        text.append(
            f"{stage['label']:<28}{duration(stage['seconds']):>12}"
            f"{size(stage['peak_memory_bytes']):>14}{again}"
        )
    total = sum(stage["seconds"] for stage in stages.values())
    peak = max((stage["peak_memory_bytes"] for stage in stages.values()), default=0)
    text.append(f"{'Together':<28}{duration(total):>12}{size(peak):>14}")
    return text


def figures(stage: str, reports: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return what one stage measured as pairs of a heading and words; empty if it told nothing.

    Parameters
    ----------
    stage : str
        Name of the stage.
    reports : mapping
        Reports of the published stages by name; some figures need those of an earlier stage.
    """
    if not reports.get(stage):
        return []
    if stage == "import":
        return _photos(imported(reports), placed(reports))
    if stage == "sfm":
        return _positions(placed(reports))
    if stage == "train":
        return _splats(trained(reports))
    if stage == "compress":
        in_metres = placed(reports).horizontal_rmse_m is not None
        return _bundle(compressed(reports), in_metres)
    return []


def alike(psnr_db: float | None, ssim: float | None) -> str:
    """Return how alike two pictures are, in words; empty where that was not measured."""
    if psnr_db is None:
        return ""
    return f"PSNR {psnr_db:.2f} dB" + ("" if ssim is None else f", SSIM {ssim:.3f}")


def _photos(imported: Imported, sfm: Placed) -> list[tuple[str, str]]:
    used = imported.used if sfm.registered is None else sfm.registered
    rows = []
    if used is not None:
        given = used if imported.photos is None else imported.photos
        rows.append(("Photos", f"{used} of {given} used"))
    left = [(item.name, item.message) for item in imported.left_out]
    left += sfm.left_out.items()
    rows += [("Left out", f"{name}: {reason}") for name, reason in left[:_MOST_NAMES]]
    if len(left) > _MOST_NAMES:
        rows.append(("Left out", f"and {len(left) - _MOST_NAMES} more; --json lists all"))
    return rows


def _positions(sfm: Placed) -> list[tuple[str, str]]:
    rows = []
    if sfm.horizontal_rmse_m is None:
        rows.append(("Residual to GPS", f"none: {sfm.reason}"))
    else:
        up = "" if sfm.vertical_rmse_m is None else f", {sfm.vertical_rmse_m:.2f} m vertical"
        rows.append(("Residual to GPS", f"{sfm.horizontal_rmse_m:.2f} m horizontal{up}"))
    if sfm.points is not None:
        error = sfm.reprojection_error_px
        more = "" if error is None else f", reprojection error {error:.2f} px"
        rows.append(("Points", f"{count(sfm.points)}{more}"))
    return rows


def _splats(train: Trained) -> list[tuple[str, str]]:
    rows = [] if train.gaussians is None else [("Gaussians", count(train.gaussians))]
    if train.psnr_db is None:
        rows.append(("Held-out photos", "none, so the quality was not measured"))
    else:
        number = train.held_out_photos
        photos = "1 photo" if number == 1 else f"{number} photos"
        views = f" over {photos} never trained with" if number else ""
        rows.append(("Held-out photos", f"{alike(train.psnr_db, train.ssim)}{views}"))
    return rows


def _bundle(compress: Compressed, in_metres: bool) -> list[tuple[str, str]]:
    rows = []
    if compress.bytes is not None:
        ratio = compress.ratio
        smaller = "" if ratio is None else f", {ratio:.1f} times smaller than the .ply"
        rows.append(("Bundle", f"{size(compress.bytes)}{smaller}"))
    errors = []
    if compress.position_rms_m is not None:
        distance = compress.position_rms_m
        # Without GPS the size of the scene is arbitrary, and so is its unit.
        apart = f"{distance * 1000:.1f} mm" if in_metres else f"{distance:.2g} units"
        errors.append(f"positions {apart}")
    if compress.rotation_rms_degrees is not None:
        errors.append(f"rotations {compress.rotation_rms_degrees:.2f}°")
    if compress.opacity_rms is not None:
        errors.append(f"opacities {compress.opacity_rms:.4f}")
    if errors:
        rows.append(("Decoded again", f"{', '.join(errors)} (root mean square)"))
    rows += _edited(compress)
    held_out = alike(compress.held_out_psnr_db, compress.held_out_ssim)
    if held_out:
        rows.append(("", f"{held_out} on the held-out photos"))
    return rows


def _edited(compress: Compressed) -> list[tuple[str, str]]:
    """Return what edits took away, and how alike the bundle is to what they left."""
    edited = compress.edited
    if edited is None:
        return []
    how = []
    if edited.crop is not None:
        how.append("cropped")
    if edited.floaters is not None:
        how.append(f"floaters removed with strength {edited.floaters}")
    away = compress.edited_away
    gone = "1 Gaussian" if away == 1 else f"{count(away)} Gaussians"
    rows = [("Edited", f"{' and '.join(how)}: {gone} taken away")]
    same = alike(compress.edited_psnr_db, compress.edited_ssim)
    if same:
        rows.append(("", f"{same} against the edited splat"))
    if edited.crop is not None:
        rows.append(("", "not compared with photos: they show what the crop took away"))
    return rows


def columns(rows: Iterable[tuple[str, str]]) -> list[str]:
    """Return heads and their words as lines in two columns."""
    return [f"{head:<18}{words}" for head, words in rows]
