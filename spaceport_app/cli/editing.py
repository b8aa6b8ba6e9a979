"""``edit``: crop box and floaters of a project, made, taken back and listed."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from spaceport_app.cli.output import Output, told, usage
from spaceport_app.cli.running import Json, ProjectFolder
from spaceport_app.errors import StageError
from spaceport_app.pipeline import editing, summary
from spaceport_app.pipeline.stage import registry
from spaceport_app.project import layout
from spaceport_app.project.project import Project
from spaceport_app.quantities import count

if TYPE_CHECKING:
    from spaceport_app.splats.edits.box import CropBox
    from spaceport_app.splats.edits.history import History
    from spaceport_app.splats.edits.model import Edits

_AXES = "x0,y0,z0,x1,y1,z1"


def edit(
    project: ProjectFolder,
    crop: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            metavar=_AXES,
            help="Keep only what is in the box between these two corners, metres east, north "
            "and up, or 'none'.",
            show_default=False,
        ),
    ] = None,
    turn: Annotated[
        float, typer.Option(help="Turn the box about its middle, degrees counter-clockwise.")
    ] = 0.0,
    remove_floaters: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(
            metavar="STRENGTH",
            help="Remove what hangs in the air, strength 1 to 100, 50 as usual; 0 keeps it.",
            show_default=False,
        ),
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take the last edit back.")] = False,
    redo: Annotated[bool, typer.Option("--redo", help="Make it again.")] = False,
    clear: Annotated[bool, typer.Option("--clear", help="Take all edits back.")] = False,
    show: Annotated[bool, typer.Option("--list", help="Only tell which edits are made.")] = False,
    json: Json = False,
) -> None:
    """Crop the splat of a project and remove floaters, without touching what was trained.

    The edits are kept in edits.json; the next run or export packs what they leave.
    """
    output = Output(json=json)
    with told(output, project):
        changes = crop is not None or remove_floaters is not None
        if sum((changes, undo, redo, clear, show)) > 1:
            raise usage(
                "--crop and --remove-floaters, --undo, --redo, --clear and --list exclude "
                "each other."
            )
        if turn and crop in (None, "none"):
            raise usage("--turn needs the box of --crop.")
        opened = Project.open(project)
        kept: Path | None = None
        if changes or undo or redo or clear:
            after = _cleared(opened) if clear else None
            if after is None:
                before = editing.read(opened).history
                after = _after(before, crop, turn, remove_floaters, undo)
            kept = editing.save(opened, after)
        found = describe(opened)
        if kept is not None:
            found["kept"] = str(kept.absolute())
        output.document({"ok": True, **found})
        for line in _lines(found, opened):
            output.say(line)


def describe(project: Project) -> dict[str, Any]:
    """Return the edits of a project and what they leave, JSON-able.

    Raises
    ------
    StageError
        If the edits or the splats cannot be read.
    """
    from spaceport_app.splats.edits import file

    standing = editing.read(project)
    history = standing.history
    found: dict[str, Any] = {
        "project": str(project.folder.absolute()),
        "edits": file.to_json(history.present),
        "steps": [step.words for step in history.steps],
        "position": history.position,
        "set_aside": standing.set_aside,
        "outdated": summary.outdated(project, registry()),
    }
    path = project.folder / layout.SPLATS / "splats.ply"
    if project.published("train") is not None:
        from spaceport_app.splats.edits.apply import kept
        from spaceport_app.splats.file import read_ply

        splats = read_ply(path)
        found["gaussians"] = len(splats)
        found["kept_gaussians"] = int(kept(splats, history.present).sum())
    return found


def _cleared(project: Project) -> History:
    from spaceport_app.splats.edits import words
    from spaceport_app.splats.edits.history import History
    from spaceport_app.splats.edits.model import NONE

    try:
        before = editing.read(project).history
    except StageError:
        return History()
    present = before.present
    return before.done(words.of_change(present, NONE), NONE) if present else before


def _after(
    before: History, crop: str | None, turn: float, strength: int | None, undo: bool
) -> History:
    from dataclasses import replace

    from spaceport_app.splats.edits import words

    if crop is None and strength is None:
        after = before.undone() if undo else before.redone()
        if after == before:
            raise StageError(
                "nothing_to_undo" if undo else "nothing_to_redo",
                f"There is no edit to {'take back' if undo else 'make again'}.",
                "See spaceport edit PROJECT --list.",
            )
        return after
    wanted: list[Edits] = []
    present = before.present
    if crop is not None:
        present = replace(present, crop=None if crop == "none" else _box(crop, turn))
        wanted.append(present)
    if strength is not None:
        try:
            present = replace(present, floaters=strength or None)
        except ValueError as error:
            raise usage(f"{str(error)[0].upper()}{str(error)[1:]}.") from error
        wanted.append(present)
    after = before
    for edits in wanted:
        if edits != after.present:
            after = after.done(words.of_change(after.present, edits), edits)
    return after


def _box(text: str, turn: float) -> CropBox:
    from spaceport_app.splats.edits.box import CropBox

    try:
        x0, y0, z0, x1, y1, z1 = (float(part) for part in text.split(","))
        return CropBox.between((x0, y0, z0), (x1, y1, z1), turn)
    except ValueError as error:
        raise usage(
            f"{text} is no box.",
            f"Write six numbers {_AXES}, each of the last three larger than its first one.",
        ) from error


def _lines(found: dict[str, Any], project: Project) -> list[str]:
    from spaceport_app.splats.edits import file, words

    text = words.of_edits(file.from_json(found["edits"]))
    lines = [f"{head:<18}{said}" for head, said in text] or ["Nothing is edited."]
    if found["set_aside"]:
        lines.append(found["set_aside"])
    if "gaussians" in found:
        of_all = f"{count(found['kept_gaussians'])} of {count(found['gaussians'])} Gaussians"
        lines.append(f"{'Stay':<18}{of_all}")
    for number, step in enumerate(found["steps"], 1):
        back = "  (taken back)" if number > found["position"] else ""
        lines.append(f"{f'Step {number}':<18}{step}{back}")
    if "kept" in found:
        lines.append(f"The file before is kept as {found['kept']}.")
    later = found["outdated"]
    if later:
        go_on = shlex.join(["spaceport", "run", "-o", str(project.folder)])
        lines.append(f"Now outdated: {', '.join(later)}. To bring up to date: {go_on}")
    return lines
