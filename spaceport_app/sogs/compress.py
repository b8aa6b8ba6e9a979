"""The stage that packs trained Gaussians into a bundle and measures what was lost."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spaceport_app import atomic
from spaceport_app.errors import StageError
from spaceport_app.events import JsonValue, Progress, Report, part
from spaceport_app.sogs import version2
from spaceport_app.sogs.axes import to_viewer, to_world
from spaceport_app.sogs.file import read, write_folder, writing
from spaceport_app.sogs.measure import measure
from spaceport_app.sogs.options import CompressOptions
from spaceport_app.sogs.seen import Seen, against_edited, against_photos
from spaceport_app.splats import measured
from spaceport_app.splats.edits import FILE
from spaceport_app.splats.edits.apply import apply
from spaceport_app.splats.edits.file import EditFile, to_json, write
from spaceport_app.splats.edits.history import History
from spaceport_app.splats.edits.model import NONE, Edits
from spaceport_app.splats.evaluation import ViewQuality, mean
from spaceport_app.splats.file import bytes_a_gaussian, read_ply
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
    edits : Edits
        What is taken away of the splats first.
    """

    splats: Path
    output: Path
    reconstruction: Reconstruction | None
    held_out: tuple[str, ...]
    edits: Edits = NONE


def run(inputs: CompressInputs, options: CompressOptions, report: Report) -> dict[str, JsonValue]:
    """Write ``bundle/`` (SOG version 2) and ``quality.json``; return the measured report.

    Every number comes from the bundle as read back from the disk. With edits, ``edits.json``
    tells which, and the decoded bundle is compared with what they left, from the cameras of the
    held-out photos; with the photos themselves only where no crop box takes away what they show.

    Raises
    ------
    StageError
        ``disk_full``, ``not_writable``, ``not_finite``, ``no_gaussians``, ``nothing_left``,
        ``too_many_gaussians``, or what reading the .ply raises.
    """
    began = time.perf_counter()
    training = measured.read(inputs.splats.parent)
    trained = read_ply(inputs.splats)
    edited = _edited(trained, inputs.edits)
    splats = to_viewer(edited)
    share = _ENCODE_SHARE if inputs.reconstruction and inputs.held_out else 0.95
    bundle = version2.encode(
        splats, options, part(report, 0.0, share), antialiased=training.look.antialiased
    )
    folder = inputs.output / "bundle"
    write_folder(folder, bundle.files)
    seconds = time.perf_counter() - began
    decoded = read(folder)
    removed = len(trained) - len(edited)
    ply_bytes = inputs.splats.stat().st_size - removed * bytes_a_gaussian(trained)
    result = measure(splats, decoded, bundle, ply_bytes)
    result["order"] = options.order
    result["encode_seconds"] = seconds
    views: list[JsonValue] = []
    if inputs.edits:
        result["edited"] = to_json(inputs.edits)
        result["edited_away"] = removed
        with writing(inputs.output / FILE):
            write(inputs.output / FILE, EditFile(History(inputs.edits)))
    if inputs.reconstruction is not None and inputs.held_out:
        seen = Seen(inputs.reconstruction, inputs.held_out, training.image_size, training.look)
        within = part(report, share, 1.0)
        if inputs.edits:
            within = part(report, share, 0.5 * (share + 1.0))
            result.update(against_edited(edited, to_world(decoded), seen, within))
            within = part(report, 0.5 * (share + 1.0), 1.0)
        found = () if inputs.edits.crop else against_photos(to_world(decoded), seen, within)
        result.update(_held_out(found, training, inputs.edits))
        views = [{"name": v.name, "psnr_db": v.psnr_db, "ssim": v.ssim} for v in found]
    path = inputs.output / "quality.json"
    with writing(path):
        atomic.write_json(path, {**result, "views": views})
    report(Progress("Measuring the finished bundle", 1, 1, 1.0))
    return result


def _edited(splats: Splats, edits: Edits) -> Splats:
    edited = apply(splats, edits)
    if len(edited) == 0 and len(splats) > 0:
        raise StageError(
            "nothing_left",
            "The edits take away every Gaussian.",
            "Make the crop box larger, or take edits back.",
        )
    return edited


def _held_out(
    views: tuple[ViewQuality, ...], training: Measured, edits: Edits
) -> dict[str, JsonValue]:
    averages = mean(views)
    if averages is None:
        return {}
    found: dict[str, JsonValue] = {
        "held_out_views": len(views),
        "held_out_psnr_db": averages[0],
        "held_out_ssim": averages[1],
    }
    # What edits change is no loss of packing.
    if training.psnr_db is not None and not edits:
        found["held_out_psnr_change_db"] = averages[0] - training.psnr_db
    return found
