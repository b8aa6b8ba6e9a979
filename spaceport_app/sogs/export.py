"""The stage that writes the files a person takes away."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from spaceport_app import atomic, inside, records
from spaceport_app.errors import StageError
from spaceport_app.events import JsonValue, Progress, Report, part
from spaceport_app.sfm.store import read_georeference
from spaceport_app.sogs import file
from spaceport_app.sogs.axes import to_viewer, viewer_from_world
from spaceport_app.sogs.bundle import META, parse_meta
from spaceport_app.sogs.options import CompressOptions, ExportOptions
from spaceport_app.sogs.textures import bad_bundle
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

    In the axes of viewers, .sog and its folder hold the very textures of the bundle. In the
    axes of the world, and for the older SOGS, the trained Gaussians are encoded again, with
    harmonics up to the bundle's degree.

    Raises
    ------
    StageError
        ``unknown_format``, ``disk_full``, ``not_writable``, or what reading the
        inputs raises.
    """
    began = time.perf_counter()
    try:
        formats = options.chosen()
    except ValueError as error:
        raise StageError("unknown_format", str(error), "Correct the formats.") from error
    name = file_name(inputs.name)
    result: dict[str, JsonValue] = {"formats": list(formats), "orientation": options.orientation}
    sizes: dict[str, JsonValue] = {}
    for number, format in enumerate(formats):
        path = inputs.output / f"{name}{_ENDINGS[format]}"
        done = number + 1
        within = part(report, number / len(formats), done / len(formats))
        _write(path, format, inputs, options, within)
        sizes[path.name] = _size(path)
        report(Progress("Writing the exported files", done, len(formats), done / len(formats)))
    path = inputs.output / f"{name}.georeference.json"
    _write_georeference(path, inputs.georeference, options)
    sizes[path.name] = _size(path)
    result["file_bytes"] = sizes
    result["seconds"] = time.perf_counter() - began
    return result


def _write(
    path: Path, format: str, inputs: ExportInputs, options: ExportOptions, report: Report
) -> None:
    upright = options.orientation == "viewer"
    if format == "ply":
        with file.writing(path):
            write_ply(path, _splats(inputs, upright))
        return
    if format != "sogs" and upright:
        files = _bundle_files(inputs.bundle)
        write = file.write_sog if format == "sog" else file.write_folder
        write(path, files)
        return
    load = file.open_bundle(inputs.bundle)
    harmonics = parse_meta(load(META)).get("shN")
    degree = harmonics.get("bands", 3) if isinstance(harmonics, dict) else 0
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


def _bundle_files(folder: Path) -> dict[str, bytes]:
    """Return the files that a bundle's meta.json names, and that file itself."""
    load = file.open_bundle(folder)
    files = {META: load(META)}
    for about in parse_meta(files[META]).values():
        for name in about.get("files", []) if isinstance(about, dict) else []:
            files[name] = load(name)
    if len(files) == 1:
        raise bad_bundle(f"{META} names no textures")
    return files


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
    name = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", name).strip(" .")
    while len(os.fsencode(name)) > _LONGEST_NAME_BYTES:
        name = name[:-1].rstrip(" .")
    return name or "splats"


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(entry.stat().st_size for entry in path.iterdir())
    return path.stat().st_size
