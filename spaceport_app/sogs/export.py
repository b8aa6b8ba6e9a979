"""The stage that writes the files a person takes away."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from spaceport_app import atomic, inside, portable, records
from spaceport_app.errors import StageError
from spaceport_app.events import JsonValue, Progress, Report, part
from spaceport_app.sfm.store import read_georeference
from spaceport_app.sogs import file
from spaceport_app.sogs.axes import to_viewer, viewer_from_world
from spaceport_app.sogs.bundle import META, count_of, parse_meta
from spaceport_app.sogs.options import CompressOptions, ExportOptions
from spaceport_app.splats.edits import file as edit_file
from spaceport_app.splats.edits.apply import apply
from spaceport_app.splats.file import read_ply, write_ply
from spaceport_app.splats.model import Splats

_ENDINGS = {"sog": ".sog", "sog-folder": "-sog", "sogs": "-sogs", "ply": ".ply"}
# Systems allow 255; endings and the names of unfinished files need some.
_LONGEST_NAME_BYTES = 180


@dataclass(frozen=True)
class ExportInputs:
    """What the stage reads and where it writes.

    Parameters
    ----------
    splats : Path
        The trained ``splats.ply`` in the world frame.
    bundle : Path
        The bundle of the compress stage, in the axes of viewers.
    georeference : Path or None
        ``georeference.json`` of the sfm stage.
    name : str
        Name of the files, without ending; what a file cannot be called is replaced.
    output : Path
        An existing folder.
    compress : CompressOptions
        How the project packs a bundle, for the formats that are encoded again.
    edits : Path or None
        The edits that the bundle was made with, so that all formats hold the same Gaussians;
        None, or no such file, for none.
    """

    splats: Path
    bundle: Path
    georeference: Path | None
    name: str
    output: Path
    compress: CompressOptions = field(default_factory=CompressOptions)
    edits: Path | None = None


def run(inputs: ExportInputs, options: ExportOptions, report: Report) -> dict[str, JsonValue]:
    """Write the chosen formats and ``NAME.georeference.json``; return their sizes.

    In the axes of viewers, .sog and its folder hold the very textures of the bundle, once they
    have been decoded without fault. In the axes of the world, and for the older SOGS, the trained
    Gaussians are encoded again, with harmonics up to the bundle's degree.

    Raises
    ------
    StageError
        ``unknown_format``, ``linked_result``, ``disk_full``, ``not_writable``, or what reading
        the inputs raises.
    """
    began = time.perf_counter()
    try:
        formats = options.chosen()
    except ValueError as error:
        raise StageError("unknown_format", str(error), "Correct the formats.") from error
    _check_links(inputs)
    name = file_name(inputs.name)
    result: dict[str, JsonValue] = {"formats": list(formats), "orientation": options.orientation}
    sizes: dict[str, JsonValue] = {}
    same = options.orientation == "viewer" and not {"sog", "sog-folder"}.isdisjoint(formats)
    files = file.checked_files(file.open_bundle(inputs.bundle)) if same else {}
    for number, format in enumerate(formats):
        path = inputs.output / f"{name}{_ENDINGS[format]}"
        done = number + 1
        within = part(report, number / len(formats), done / len(formats))
        _write(path, format, inputs, options, files, within)
        sizes[path.name] = _size(path)
        report(Progress("Writing the exported files", done, len(formats), done / len(formats)))
    path = inputs.output / f"{name}.georeference.json"
    _write_georeference(path, inputs.georeference, options)
    sizes[path.name] = _size(path)
    result["file_bytes"] = sizes
    result["seconds"] = time.perf_counter() - began
    return result


def _check_links(inputs: ExportInputs) -> None:
    """Refuse what a project of somebody else points to instead of holding it."""
    for path in (inputs.splats, inputs.bundle, inputs.georeference, inputs.edits):
        if path is not None and inside.is_link(path):
            raise StageError(
                "linked_result",
                f"{path.name} of the project is a link to somewhere else.",
                "Put what it leads to in its place, or run the stage that makes it again.",
            )


def _write(
    path: Path,
    format: str,
    inputs: ExportInputs,
    options: ExportOptions,
    files: Mapping[str, bytes],
    report: Report,
) -> None:
    upright = options.orientation == "viewer"
    if format == "ply":
        with file.writing(path):
            write_ply(path, _splats(inputs, upright))
        return
    if format != "sogs" and upright:
        write = file.write_sog if format == "sog" else file.write_folder
        write(path, files)
        return
    load = file.open_bundle(inputs.bundle)
    harmonics = parse_meta(load(META)).get("shN")
    degree = 0
    if isinstance(harmonics, dict):
        degree = count_of(harmonics.get("bands", 3), "shN bands", 3)
    file.write(
        path,
        _splats(inputs, upright),
        format,
        replace(inputs.compress, sh_degree=degree),
        report,
        antialiased=file.is_antialiased(load),
    )


def _splats(inputs: ExportInputs, upright: bool) -> Splats:
    splats = read_ply(inputs.splats)
    if inputs.edits is not None:
        splats = apply(splats, edit_file.read(inputs.edits).history.present)
    return to_viewer(splats) if upright else splats


def _write_georeference(path: Path, source: Path | None, options: ExportOptions) -> None:
    """Write where the exported coordinates lie: the sfm stage's file and the way back to it."""
    data: dict[str, Any] = {"frame": "arbitrary", "origin": None, "world_to_ecef": None}
    world_to_ecef = None
    if source is not None:
        world_to_ecef = read_georeference(source).world_to_ecef
        data = records.parse(inside.read_regular(source, records.MOST_BYTES, follow=False))
    file_to_world = np.eye(4)
    if options.orientation == "viewer":
        file_to_world[:3, :3] = viewer_from_world().T
    data["file_axes"] = (
        "x west, y down, z south" if options.orientation == "viewer" else "x east, y north, z up"
    )
    data["file_to_world"] = (file_to_world + 0.0).tolist()
    if world_to_ecef is not None:
        data["file_to_ecef"] = (world_to_ecef @ file_to_world).tolist()
    with file.writing(path):
        atomic.write_json(path, data)


def file_name(name: str) -> str:
    """Return `name` as every system takes it for a file, with room for endings.

    A project may be called what no Windows file can be: after hours of training that is no
    reason to write nothing.
    """
    name = name.strip(" .")
    return portable.name(name, _LONGEST_NAME_BYTES) if name else "splats"


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(entry.stat().st_size for entry in path.iterdir())
    return path.stat().st_size
