"""What came out of a project: the figures of all stages in one place, as data and as lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from spaceport_app.events import JsonValue
from spaceport_app.pipeline import fingerprint
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
    if stage == "import":
        return _photos(reports.get("import", {}), reports.get("sfm", {}))
    if stage == "sfm":
        return _positions(reports.get("sfm", {}))
    if stage == "train":
        return _splats(reports.get("train", {}))
    if stage == "compress":
        in_metres = reports.get("sfm", {}).get("horizontal_rmse_m") is not None
        return _bundle(reports.get("compress", {}), in_metres)
    return []


def _photos(imported: Mapping[str, Any], sfm: Mapping[str, Any]) -> list[tuple[str, str]]:
    if not imported:
        return []
    used = sfm.get("registered", imported.get("used", 0))
    rows = [("Photos", f"{used} of {imported.get('photos', used)} used")]
    left = [(str(item["name"]), str(item["message"])) for item in imported.get("left_out", [])]
    left += [(str(name), str(reason)) for name, reason in sfm.get("left_out", {}).items()]
    rows += [("Left out", f"{name}: {reason}") for name, reason in left[:_MOST_NAMES]]
    if len(left) > _MOST_NAMES:
        rows.append(("Left out", f"and {len(left) - _MOST_NAMES} more; --json lists all"))
    return rows


def _positions(sfm: Mapping[str, Any]) -> list[tuple[str, str]]:
    if not sfm:
        return []
    rows = []
    horizontal, vertical = sfm.get("horizontal_rmse_m"), sfm.get("vertical_rmse_m")
    if horizontal is None:
        rows.append(("Residual to GPS", f"none: {sfm.get('reason', '')}"))
    else:
        up = "" if vertical is None else f", {vertical:.2f} m vertical"
        rows.append(("Residual to GPS", f"{horizontal:.2f} m horizontal{up}"))
    if "points" in sfm:
        error = sfm.get("reprojection_error_px")
        more = "" if error is None else f", reprojection error {error:.2f} px"
        rows.append(("Points", f"{count(sfm['points'])}{more}"))
    return rows


def _splats(train: Mapping[str, Any]) -> list[tuple[str, str]]:
    if not train:
        return []
    rows = [("Gaussians", count(train.get("gaussians", 0)))]
    if train.get("psnr_db") is None:
        rows.append(("Held-out photos", "none, so the quality was not measured"))
    else:
        held = train.get("held_out")
        number = len(held) if isinstance(held, list) else held
        photos = "1 photo" if number == 1 else f"{number} photos"
        views = f" over {photos} never trained with" if number else ""
        rows.append(
            ("Held-out photos", f"PSNR {train['psnr_db']:.2f} dB, SSIM {train['ssim']:.3f}{views}")
        )
    return rows


def _bundle(compress: Mapping[str, Any], in_metres: bool) -> list[tuple[str, str]]:
    if not compress:
        return []
    ratio = f"{compress['ratio']:.1f} times smaller than the .ply"
    rows = [("Bundle", f"{size(compress['bytes'])}, {ratio}")]
    distance = compress["position_rms_m"]
    # Without GPS the size of the scene is arbitrary, and so is its unit.
    apart = f"{distance * 1000:.1f} mm" if in_metres else f"{distance:.2g} units"
    rows.append(
        (
            "Decoded again",
            f"positions {apart}, "
            f"rotations {compress['rotation_rms_degrees']:.2f}°, "
            f"opacities {compress['opacity_rms']:.4f} (root mean square)",
        )
    )
    rows += _edited(compress)
    if compress.get("held_out_psnr_db") is not None:
        rows.append(
            (
                "",
                f"PSNR {compress['held_out_psnr_db']:.2f} dB, "
                f"SSIM {compress['held_out_ssim']:.3f} on the held-out photos",
            )
        )
    return rows


def _edited(compress: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what edits took away, and how alike the bundle is to what they left."""
    edited = compress.get("edited")
    if not isinstance(edited, Mapping):
        return []
    how = []
    if edited.get("crop") is not None:
        how.append("cropped")
    if edited.get("floaters") is not None:
        how.append(f"floaters removed with strength {edited['floaters']}")
    away = compress.get("edited_away", 0)
    gone = "1 Gaussian" if away == 1 else f"{count(away)} Gaussians"
    rows = [("Edited", f"{' and '.join(how)}: {gone} taken away")]
    if compress.get("edited_psnr_db") is not None:
        rows.append(
            (
                "",
                f"PSNR {compress['edited_psnr_db']:.2f} dB, "
                f"SSIM {compress['edited_ssim']:.3f} against the edited splat",
            )
        )
    if edited.get("crop") is not None:
        rows.append(("", "not compared with photos: they show what the crop took away"))
    return rows


def columns(rows: Iterable[tuple[str, str]]) -> list[str]:
    """Return heads and their words as lines in two columns."""
    return [f"{head:<18}{words}" for head, words in rows]
