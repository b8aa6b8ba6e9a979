"""``inspect``: what a file or folder is, whichever of ours it may be."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spaceport_app.cli import looking
from spaceport_app.cli.output import Output, bytes_of, told
from spaceport_app.cli.running import Json
from spaceport_app.errors import StageError
from spaceport_app.pipeline.messages import plain
from spaceport_app.pipeline.stage import registry
from spaceport_app.pipeline.summary import columns
from spaceport_app.project.project import Project
from spaceport_app.quantities import count, size

if TYPE_CHECKING:
    from spaceport_app.formats.model import Read
    from spaceport_app.photos.metadata import Metadata


def inspect(
    path: Annotated[Path, typer.Argument(help="A file or folder of splats, a photo or a project.")],
    json: Json = False,
) -> None:
    """Tell what a file, a bundle or a project holds."""
    output = Output(json=json)
    with told(output, path):
        if Project.exists(path):
            found: dict[str, Any] = looking.describe(Project.open(path), registry())
            found = {"kind": "project", **found}
            text = looking.lines(found)
        else:
            found = describe(path)
            text = columns(_rows(found))
        output.document(plain({"ok": True, **found}))
        for line in text:
            output.say(line)


def describe(path: Path) -> dict[str, Any]:
    """Return what a file or bundle folder holds, JSON-able.

    Raises
    ------
    StageError
        ``not_found``, ``unknown_file``, or what reading it raises.
    """
    if not path.exists():
        raise StageError("not_found", f"There is no {path}.", "Check the spelling.")
    from spaceport_app.photos.decode import PHOTO_SUFFIXES

    splats = _splats_at(path)
    if splats is not None:
        return splats
    suffix = path.suffix.lower()
    if path.is_dir():
        raise StageError(
            "unknown_file",
            f"{path} is neither a project nor a bundle.",
            "Name a folder with a project.json or a meta.json.",
        )
    if suffix in PHOTO_SUFFIXES:
        return _photo(path)
    raise StageError(
        "unknown_file",
        f"Spaceport does not know {suffix or 'such'} files.",
        "Name a .ply, a .sog, a meta.json, a photo or a project.",
    )


def _splats_at(path: Path) -> dict[str, Any] | None:
    """Return what a file of splats holds, or a .ply of anything else; None for other files."""
    from spaceport_app import formats, ply
    from spaceport_app.formats.ply import what_else
    from spaceport_app.formats.registry import recognised

    format = recognised(path)
    if format is None:
        return None
    if format.name == "PLY":
        header = ply.read_header(path)
        other = what_else(header)
        if other is not None:
            table = ply.read_vertices(path)
            about = {"kind": other, "bytes": path.stat().st_size}
            return {**about, "points": len(table), "properties": list(table.dtype.names or ())}
    # Read first: what it cannot be read for is told in the reader's words.
    found = _splats(formats.read(path))
    kind = _kind_of_bundle(path) if format.name == "SOG" else "splats"
    return {"kind": kind, "bytes": bytes_of(path), **found}


def _kind_of_bundle(path: Path) -> str:
    from spaceport_app.sogs import file
    from spaceport_app.sogs.bundle import META, parse_meta

    version = file.version_of(parse_meta(file.open_bundle(path)(META)))
    name = "bundle" if path.is_dir() or path.suffix.lower() == ".json" else "SOG file"
    return f"{name}, version {version}"


def _splats(found: Read) -> dict[str, Any]:
    from spaceport_app.cli.converting import told_of

    splats = found.splats
    means = splats.means
    low, high = (means.min(axis=0), means.max(axis=0)) if len(splats) else (None, None)
    return {
        "format": found.format,
        "gaussians": len(splats),
        "sh_degree": splats.sh_degree,
        "box_min": low,
        "box_max": high,
        "all_finite": bool(splats.finite.all()),
        **told_of(found),
    }


def _photo(path: Path) -> dict[str, Any]:
    from spaceport_app.photos import decode, metadata

    try:
        decoded = decode.decode(decode.read_bytes(path))
    except decode.UndecodableError as error:
        raise StageError(
            error.finding.code,
            f"{path.name}: {error.finding.message}",
            "Copy the photo from the camera again.",
        ) from error
    about = metadata.read(decoded.source)
    return {
        "kind": f"photo, {decoded.format}",
        "bytes": path.stat().st_size,
        "width": decoded.image.width,
        "height": decoded.image.height,
        "camera": f"{about.make} {about.model}".strip(),
        "focal_px": about.focal_px,
        "taken_at": about.taken_at,
        **_located(about),
    }


def _located(about: Metadata) -> dict[str, Any]:
    """Return place and direction of a photo, with where they are from and what else is said."""
    from spaceport_app.photos.gimbal import unsettled

    position = None
    if about.position:
        position = {
            **asdict(about.position),
            "source": about.places[0].source,
            "step_m": about.places[0].step_m,
        }
    return {
        "position": position,
        "other_positions": [asdict(place) for place in about.places[1:]],
        "relative_altitude": about.relative_altitude,
        "altitudes": [asdict(height) for height in about.heights],
        "orientation": asdict(about.orientation) if about.orientation else None,
        "findings": [
            asdict(finding)
            for finding in about.findings + unsettled(about.angles, about.orientation)
        ],
    }


def _rows(found: dict[str, Any]) -> list[tuple[str, str]]:
    from spaceport_app.photos.gps import NO_GPS

    rows = [("Kind", str(found["kind"])), ("Size", size(found["bytes"]))]
    if "gaussians" in found:
        rows.append(("Format", str(found["format"])))
        rows.append(("Gaussians", count(found["gaussians"])))
        rows.append(("Harmonics", f"degree {found['sh_degree']}"))
        if found["box_min"] is not None:
            spans = found["box_max"] - found["box_min"]
            rows.append(("Extent", " x ".join(f"{span:.2f}" for span in spans)))
        if any(found["offset"]):
            rows.append(("Relative to", ", ".join(f"{value:.15g}" for value in found["offset"])))
        rows += [("Note", note["message"]) for note in found["notes"]]
    if "points" in found:
        rows.append(("Points", count(found["points"])))
        rows.append(("Properties", ", ".join(found["properties"])))
    if "width" in found:
        rows.append(("Pixels", f"{found['width']} x {found['height']}"))
        rows.append(("Camera", found["camera"] or "not told"))
        focal, taken = found["focal_px"], found["taken_at"]
        rows.append(("Focal length", f"{focal:.0f} px" if focal else "not told"))
        rows.append(("Taken at", taken or "not told"))
        rows.append(("Position", _position(found["position"], found["relative_altitude"])))
        rows.append(("Looking", _orientation(found["orientation"])))
        rows.extend(
            ("Note", finding["message"])
            for finding in found["findings"]
            if finding["message"] != NO_GPS
        )
    return rows


def _position(position: dict[str, Any] | None, relative: float | None) -> str:
    words = ["no GPS"]
    if position is not None:
        words = [f"{position['latitude']:.6f}, {position['longitude']:.6f}"]
        if position["altitude"] is not None:
            words.append(f"altitude {position['altitude']:.1f} m")
    if relative is not None:
        words.append(f"{relative:.1f} m above take-off")
    if position is not None:
        words.append(f"from {position['source']}")
    return ", ".join(words)


def _orientation(orientation: dict[str, Any] | None) -> str:
    if orientation is None:
        return "not told"
    return (
        f"yaw {orientation['yaw']:.1f}°, pitch {orientation['pitch']:.1f}°, "
        f"roll {orientation['roll']:.1f}°"
    )
