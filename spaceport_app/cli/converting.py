"""``convert``, ``compare`` and ``export``: splats from one format to another."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from spaceport_app.cli import running
from spaceport_app.cli.output import Output, bytes_of, told, usage
from spaceport_app.cli.running import Json, ProjectFolder, Quiet
from spaceport_app.errors import StageError
from spaceport_app.events import ignore
from spaceport_app.pipeline import editing, whole
from spaceport_app.pipeline.messages import plain
from spaceport_app.pipeline.settings import resolve, with_options
from spaceport_app.pipeline.stage import find, registry
from spaceport_app.pipeline.summary import columns
from spaceport_app.project import layout
from spaceport_app.project.project import Project
from spaceport_app.quantities import count, size
from spaceport_app.sogs.options import FORMATS
from spaceport_app.splats import edits

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from spaceport_app.formats.model import Read
    from spaceport_app.splats.model import Splats

FormatOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--format",
        help=" | ".join(FORMATS) + "; by default what the ending says, a folder being sog-folder.",
        show_default=False,
    ),
]
TurnOption = Annotated[
    str,
    typer.Option(
        help="keep | viewer | world: turn the (first) splats from east, north, up to the axes "
        "of web viewers, or back."
    ),
]

_NOT_WRITTEN = (
    *(".compressed.ply", ".spz", ".splat", ".ksplat", ".glb", ".gltf", ".las", ".laz", ".lcc"),
    *(".ssog", ".html"),
)
"""Endings of formats of splats that others write: no file of ours may be called so."""
_ONE_OF_TWO = "Leave --format away, or choose another ending."
_AXES = {"viewer": "x west, y down, z south", "world": "x east, y north, z up"}


def convert(
    source: Annotated[
        Path,
        typer.Argument(
            help="A .ply of any dialect, a compressed .ply, .sog, .spz, .splat, SOG folder or "
            "meta.json."
        ),
    ],
    target: Annotated[Path, typer.Argument(help="A .ply or .sog file, or a folder.")],
    format: FormatOption = None,
    order: Annotated[str, typer.Option(help="hilbert | morton | plas")] = "hilbert",
    turn: TurnOption = "keep",
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Convert splats of any program to .ply, .sog, or SOG folders of both versions."""
    output = Output(json=json, quiet=quiet)
    with told(output, target):
        wanted = _format(target, format)
        _check_place(target, wanted)
        found = turned(read(source), turn)
        splats = found.splats
        _write(target, found, wanted, order)
        beside = _tell_place(target, found, turn)
        before, after = bytes_of(source), bytes_of(target)
        document = {
            "ok": True,
            "file": str(target.absolute()),
            "format": wanted,
            "gaussians": len(splats),
            "sh_degree": splats.sh_degree,
            "bytes": after,
            "source_bytes": before,
            "source_format": found.format,
            **told_of(found),
            "georeference": str(beside.absolute()) if beside else None,
        }
        output.document(plain(document))
        output.say(f"{target}: {_gaussians(len(splats))}, {size(after)} (was {size(before)}).")
        for note in found.notes:
            output.say(note.message)


def compare(
    reference: Annotated[Path, typer.Argument(help="The splats to measure against.")],
    other: Annotated[Path, typer.Argument(help="The splats to measure.")],
    turn: TurnOption = "keep",
    json: Json = False,
) -> None:
    """Measure how far two files of splats differ, Gaussian by Gaussian.

    A project's splats.ply has world axes, its exports those of viewers: to compare them,
    turn the first with --turn viewer.
    """
    output = Output(json=json)
    with told(output, other):
        from spaceport_app.splats import compare as measuring

        try:
            one, two = turned(read(reference), turn), read(other)
            first, second = one.splats, _in_frame_of(one, two)
            difference = asdict(measuring.compare(first, second))
        except ValueError as error:
            raise StageError("no_gaussians", str(error), "Name files with Gaussians.") from error
        difference |= {"sh_degree": second.sh_degree, "reference_sh_degree": first.sh_degree}
        notes = {"reference_notes": told_of(one)["notes"], "notes": told_of(two)["notes"]}
        output.document(plain({"ok": True, **difference, **notes}))
        for line in _lines(difference):
            output.say(line)
        for path, found in ((reference, one), (other, two)):
            for note in found.notes:
                output.say(f"{path.name}: {note.message}")


def export(
    project: ProjectFolder,
    format: Annotated[
        str, typer.Option("--format", help=f"{' | '.join(FORMATS)}; several joined by commas.")
    ] = "sog",
    target: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "-o", "--output", help="Write here instead of the project.", show_default=False
        ),
    ] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Write the result of a project in another format, beside those it has already."""
    output = Output(json=json, quiet=quiet)
    with told(output, project):
        opened = Project.open(project)
        if editing.outdated(opened):
            running.work(Output(json=json, quiet=True), opened, registry(), only="compress")
        if target is None:
            _add_format(opened, format)
            running.work(output, opened, registry(), only="export")
            return
        written = _export_to(opened, format, target)
        output.document({"ok": True, "file": str(written.absolute()), "bytes": bytes_of(written)})
        output.say(f"{written}: {size(bytes_of(written))}.")


def read(path: Path) -> Read:
    """Read splats of any program.

    Raises
    ------
    StageError
        What `formats.read` raises.
    """
    from spaceport_app import formats

    return formats.read(path)


def told_of(found: Read) -> dict[str, Any]:
    """Return what is to be said of splats that were read, JSON-able."""
    return {
        "in_file": found.held,
        "offset": found.offset.tolist(),
        "unused": list(found.unused),
        "antialiased": found.antialiased,
        "notes": [asdict(note) for note in found.notes],
    }


def turned(found: Read, turn: str) -> Read:
    """Return splats with other axes: ``keep``, to ``viewer`` or to ``world``."""
    from spaceport_app.sogs import axes

    if turn == "keep":
        return found
    if turn not in ("viewer", "world"):
        raise usage(f"Splats cannot be turned to {turn}.", "Name keep, viewer or world.")
    change = axes.to_viewer if turn == "viewer" else axes.to_world
    offset = _to_source(turn).T @ found.offset
    return replace(found, splats=change(found.splats), offset=offset + 0.0)


def _to_source(turn: str) -> npt.NDArray[np.float64]:
    """Return the rotation from the axes that splats were turned to, back to those they had."""
    import numpy as np

    from spaceport_app.sogs import axes

    if turn == "keep":
        return np.eye(3)
    return axes.viewer_from_world().T if turn == "viewer" else axes.viewer_from_world()


def _in_frame_of(reference: Read, other: Read) -> Splats:
    """Return the splats of `other` relative to what was taken off those of `reference`."""
    import numpy as np

    change = other.offset - reference.offset
    if not change.any():
        return other.splats
    return replace(other.splats, means=(other.splats.means + change).astype(np.float32))


def _tell_place(target: Path, found: Read, turn: str) -> Path | None:
    """Write beside the target what was taken off its positions, if anything was."""
    from spaceport_app.formats import place

    if not found.offset.any():
        return None
    axes = {"keep": "those of the file that was converted"}.get(turn, _AXES.get(turn, ""))
    return place.write(target, found.offset, _to_source(turn), axes)


def _format(target: Path, wanted: str | None) -> str:
    if wanted is not None and wanted not in FORMATS:
        raise usage(f"There is no format called {wanted}.", f"Name one: {', '.join(FORMATS)}.")
    name, ending = target.name.lower(), target.suffix.lower()
    unwritten = next((one for one in _NOT_WRITTEN if name.endswith(one)), None)
    if unwritten is not None:
        raise usage(
            f"Spaceport does not write {unwritten} files.", "Name a .ply or .sog file, or a folder."
        )
    named = ending[1:] if ending in (".ply", ".sog") else None
    if wanted is None:
        if named is None and ending:
            raise usage(
                f"The ending {ending} names no format.",
                "Name a .ply or .sog file, or use --format.",
            )
        return named or "sog-folder"
    if named is not None and named != wanted:
        raise usage(f"{target.name} is called as {named}, and {wanted} was asked for.", _ONE_OF_TWO)
    return wanted


def _check_place(target: Path, wanted: str) -> None:
    """Refuse, before anything is read, a place where nothing can be written."""
    if not target.absolute().parent.is_dir():
        raise StageError(
            "no_folder", f"There is no folder {target.parent}.", "Make it, or choose another one."
        )
    if wanted in ("ply", "sog") and target.is_dir():
        raise StageError(
            "not_a_file",
            f"{target} is a folder, and a .{wanted} is one file.",
            "Choose another name, or another format.",
        )


def _write(target: Path, found: Read, wanted: str, order: str) -> None:
    splats = found.splats
    if wanted == "ply":
        from spaceport_app.formats.ply import comments
        from spaceport_app.splats.file import write_ply

        write_ply(target, splats, comments(found.offset, found.antialiased))
        return
    from spaceport_app.options import validate
    from spaceport_app.sogs import file
    from spaceport_app.sogs.options import CompressOptions

    options = CompressOptions(order=order)
    try:
        validate(options)
    except ValueError as error:
        raise usage(str(error)) from error
    file.write(target, splats, wanted, options, antialiased=found.antialiased, offset=found.offset)


def _add_format(project: Project, format: str) -> None:
    stages = registry()
    stage = find(stages, "export")
    now = str(resolve(stage, project.document.settings).formats)
    words = [word.strip() for word in f"{now},{format}".split(",")]
    formats = ",".join(dict.fromkeys(word for word in words if word))
    _check(format)
    with project.locked():
        changed: dict[str, Any] = {"export": {"formats": formats}}
        project.change(settings=with_options(stages, project.document.settings, changed))


def _check(format: str) -> None:
    for word in format.split(","):
        if word.strip() not in FORMATS:
            raise usage(
                f"There is no format called {word.strip()}.", f"Name one: {', '.join(FORMATS)}."
            )


def _export_to(project: Project, format: str, target: Path) -> Path:
    """Write one format of a project to a place of the person's choice."""
    from spaceport_app.sogs import export as exporting
    from spaceport_app.sogs.options import ExportOptions

    _check(format)
    if "," in format:
        raise usage("Only one format fits into one file.", "Leave -o away, or name one format.")
    whole.require(project, "train", "compress")
    orientation = resolve(find(registry(), "export"), project.document.settings).orientation
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".spaceport-", dir=target.parent) as folder:
        inputs = exporting.ExportInputs(
            project.folder / layout.SPLATS / "splats.ply",
            project.folder / layout.BUNDLE / "bundle",
            None,
            "export",
            Path(folder),
            edits=project.folder / layout.BUNDLE / edits.FILE,
        )
        exporting.run(inputs, ExportOptions(formats=format, orientation=orientation), ignore)
        made = next(path for path in Path(folder).iterdir() if not path.name.endswith(".json"))
        if made.is_dir() and target.exists():
            raise StageError(
                "exists", f"{target} exists already.", "Choose another name for the folder."
            )
        made.replace(target)
    return target


def _gaussians(number: int) -> str:
    return "1 Gaussian" if number == 1 else f"{count(number)} Gaussians"


def _nearest(d: dict[str, Any]) -> str:
    shared = d["shared_partners"]
    return f"nearest neighbours, {count(shared)} share one" if shared else "nearest neighbours"


def _lines(difference: dict[str, Any]) -> list[str]:
    d = difference
    rows = [
        ("Gaussians", f"{count(d['gaussians'])} against {count(d['reference_gaussians'])}"),
        ("Paired by", "their order" if d["matched"] == "order" else _nearest(d)),
        ("Positions", f"RMS {d['position_rms_m']:.3g} ({d['position_rms_relative']:.2g} relative)"),
        ("Rotations", f"RMS {d['rotation_rms_degrees']:.3f}°"),
        ("Scales", f"RMS {d['log_scale_rms']:.2g} of the logarithm"),
        ("Opacities", f"RMS {d['opacity_rms']:.2g}, largest {d['opacity_max']:.2g}"),
        ("Colours", f"RMS {d['dc_rms']:.2g}, largest {d['dc_max']:.2g}"),
    ]
    if d["sh_rms"] is not None:
        ratio = "" if d["sh_snr_db"] is None else f", {d['sh_snr_db']:.1f} dB"
        rows.append(("Harmonics", f"RMS {d['sh_rms']:.2g}{ratio}"))
    if d["sh_degree"] != d["reference_sh_degree"]:
        words = f"degree {d['sh_degree']} against {d['reference_sh_degree']}"
        rows.append(("", f"{words}; only those of the reference are compared"))
    return columns(rows)
