"""The stage that packs trained Gaussians into a bundle and measures what was lost."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spaceport_app import atomic
from spaceport_app.events import JsonValue, Progress, Report, part
from spaceport_app.sogs import version2
from spaceport_app.sogs.axes import to_viewer, to_world
from spaceport_app.sogs.file import read, write_folder, writing
from spaceport_app.sogs.measure import measure
from spaceport_app.sogs.options import CompressOptions
from spaceport_app.splats import measured
from spaceport_app.splats.evaluation import ViewQuality, evaluate, mean
from spaceport_app.splats.file import read_ply
from spaceport_app.splats.measured import Measured
from spaceport_app.splats.model import Splats

if TYPE_CHECKING:
    from spaceport_app.sfm.model import Reconstruction

_ENCODE_SHARE = 0.6


@dataclass(frozen=True)
class CompressInputs:
    """What the stage reads and where it writes.

    Parameters
    ----------
    splats : Path
        The trained ``splats.ply`` in the world frame; training's ``quality.json`` beside it,
        where there is one, says at which size held-out photos were compared.
    output : Path
        An existing, empty folder.
    reconstruction : Reconstruction or None
        Its views are rendered again from the decoded bundle.
    held_out : tuple of str
        Names of the views to render; none renders nothing.
    """

    splats: Path
    output: Path
    reconstruction: Reconstruction | None
    held_out: tuple[str, ...]


def run(inputs: CompressInputs, options: CompressOptions, report: Report) -> dict[str, JsonValue]:
    """Write ``bundle/`` (SOG version 2) and ``quality.json``; return the measured report.

    Every number comes from the bundle as read back from the disk.

    Raises
    ------
    StageError
        ``disk_full``, ``not_writable``, ``not_finite``, ``no_gaussians``,
        ``too_many_gaussians``, or what reading the .ply raises.
    """
    began = time.perf_counter()
    training = measured.read(inputs.splats.parent)
    splats = to_viewer(read_ply(inputs.splats))
    share = _ENCODE_SHARE if inputs.reconstruction and inputs.held_out else 0.95
    bundle = version2.encode(
        splats, options, part(report, 0.0, share), antialiased=training.look.antialiased
    )
    folder = inputs.output / "bundle"
    write_folder(folder, bundle.files)
    seconds = time.perf_counter() - began
    decoded = read(folder)
    result = measure(splats, decoded, bundle, inputs.splats.stat().st_size)
    result["order"] = options.order
    result["encode_seconds"] = seconds
    views: list[JsonValue] = []
    if inputs.reconstruction is not None and inputs.held_out:
        found = _render(decoded, inputs.reconstruction, inputs.held_out, training, report, share)
        result.update(_held_out(found, training))
        views = [{"name": v.name, "psnr_db": v.psnr_db, "ssim": v.ssim} for v in found]
    path = inputs.output / "quality.json"
    with writing(path):
        atomic.write_json(path, {**result, "views": views})
    report(Progress("Measuring the finished bundle", 1, 1, 1.0))
    return result


def _render(
    decoded: Splats,
    reconstruction: Reconstruction,
    names: tuple[str, ...],
    training: Measured,
    report: Report,
    start: float,
) -> tuple[ViewQuality, ...]:
    from spaceport_app.splats.engines import choose

    engine = choose.make("auto")
    engine.load(to_world(decoded))
    found: list[ViewQuality] = []
    size, look = training.image_size, training.look
    for done, name in enumerate(names, start=1):
        found += evaluate(engine, reconstruction.views, (name,), image_size=size, look=look)
        fraction = start + (1.0 - start) * done / len(names)
        report(Progress("Rendering held-out views from the bundle", done, len(names), fraction))
    return tuple(found)


def _held_out(views: tuple[ViewQuality, ...], training: Measured) -> dict[str, JsonValue]:
    averages = mean(views)
    if averages is None:
        return {}
    found: dict[str, JsonValue] = {
        "held_out_views": len(views),
        "held_out_psnr_db": averages[0],
        "held_out_ssim": averages[1],
    }
    if training.psnr_db is not None:
        found["held_out_psnr_change_db"] = averages[0] - training.psnr_db
    return found
