"""``run``, ``stage`` and ``export``: stages of a project, watched, with a report at the end."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from spaceport_app.cli import flags as stage_flags
from spaceport_app.cli import live
from spaceport_app.cli.output import FAILED, STOPPED, Output, told, usage
from spaceport_app.cli.signals import on_stop
from spaceport_app.errors import StageError
from spaceport_app.events import JsonValue
from spaceport_app.pipeline import forecast, machine, presets, summary
from spaceport_app.pipeline.outcome import Outcome
from spaceport_app.pipeline.runner import Runner
from spaceport_app.pipeline.settings import with_options
from spaceport_app.pipeline.stage import Registry, find, registry
from spaceport_app.project import reach
from spaceport_app.project.errors import ProjectError
from spaceport_app.project.model import Settings, plainly
from spaceport_app.project.project import SUFFIX, Project
from spaceport_app.quantities import duration, size

Json = Annotated[bool, typer.Option("--json", help="Write JSON to standard output, for scripts.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show errors only.")]
Trust = Annotated[
    bool,
    typer.Option(
        "--trust-sources",
        help="Look for the photos of a project where it says they lie, whoever made it.",
    ),
]
ProjectFolder = Annotated[Path, typer.Argument(help="A project folder.", show_default=False)]

# Optional[...] instead of ... | None: the first Pythons we support read these hints at run time.
Photos = Annotated[
    Optional[list[Path]],  # noqa: UP045
    typer.Argument(
        help="Folders, zips and photos; not needed for a project that exists.", show_default=False
    ),
]
ProjectOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        "-o",
        "--project",
        help="The project folder; by default named after the photos, in the current folder.",
        show_default=False,
    ),
]
PresetOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        help=f"{' | '.join(presets.NAMES)}; given for a project that exists, it replaces the "
        "options set before. [default: standard]",
        show_default=False,
    ),
]
DeviceOption = Annotated[
    str, typer.Option(help="auto | cpu | cuda: which values of the preset to take.")
]


def run(
    photos: Photos = None,
    project: ProjectOption = None,
    preset: PresetOption = None,
    minutes: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(
            min=1.0,
            help="Finish in about so many minutes: steps, picture size and number of Gaussians "
            "follow from how fast this computer is. Takes the preset timed if none is given.",
            show_default=False,
        ),
    ] = None,
    device: DeviceOption = "auto",
    leave_out: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(help="Name of a photo to leave out; may be repeated.", show_default=False),
    ] = None,
    replace_photos: Annotated[
        bool, typer.Option("--replace-photos", help="Give an existing project other photos.")
    ] = False,
    trust_sources: Trust = False,
    quiet: Quiet = False,
    json: Json = False,
    **flags: Any,
) -> None:
    """Turn photos into a splat for the web, or go on with a project.

    Only what is missing or outdated is done; a run that was stopped goes on where it was.
    """
    output = Output(json=json, quiet=quiet)
    stages = registry()
    sources = tuple(photos or ())
    if project is None and len(sources) == 1 and Project.exists(sources[0]):
        project, sources = sources[0], ()
    if project is None and not sources:
        with told(output):
            raise usage("Name photos, or a project with -o.")
    folder = project if project is not None else _usual_folder(sources[0])
    if minutes is not None:
        preset = preset or presets.TIMED
        flags["train_finish_in_min"] = minutes
    with told(output, folder):
        opened = _prepare(
            folder,
            sources,
            preset,
            device,
            leave_out or [],
            replace_photos,
            stages,
            flags,
            trust_sources,
        )
        work(output, opened, stages)


def stage(
    name: Annotated[str, typer.Argument(help="import, sfm, train, compress or export.")],
    project: ProjectFolder,
    trust_sources: Trust = False,
    quiet: Quiet = False,
    json: Json = False,
    **flags: Any,
) -> None:
    """Run one stage again, even if its result still holds."""
    output = Output(json=json, quiet=quiet)
    stages = registry()
    with told(output, project):
        try:
            find(stages, name)
        except StageError as error:
            raise usage(error.message, error.remedy) from error
        opened = Project.open(project)
        look_there(opened, trust_sources)
        changed = stage_flags.chosen(flags, stages)
        if changed:
            with opened.locked():
                opened.change(settings=with_options(stages, opened.document.settings, changed))
        work(output, opened, stages, only=name)


def _usual_folder(first: Path) -> Path:
    whole = plainly(first)
    name = whole.name if first.is_dir() else whole.parent.name
    if first.suffix.lower() == ".zip":
        name = first.stem
    return Path(f"{name or 'photos'}{SUFFIX}")


def look_there(project: Project, trust: bool, sources: tuple[Path, ...] = ()) -> None:
    """Make sure that somebody agreed to where the photos of a project lie.

    Who names the sources of a project on the command line has agreed to them.

    Raises
    ------
    ProjectError
        ``photos_elsewhere``.
    """
    places = reach.unasked(project)
    given = {plainly(source) for source in sources}
    reach.agree(project, places if trust else (place for place in places if place in given))
    if sources and not trust:
        return
    reach.require(project)


def _prepare(
    folder: Path,
    sources: tuple[Path, ...],
    preset: str | None,
    device: str,
    leave_out: list[str],
    replace_photos: bool,
    stages: Registry,
    flags: Mapping[str, Any],
    trust_sources: bool,
) -> Project:
    """Open or make the project and save what the command line says about it."""
    if device not in ("auto", *presets.DEVICES):
        raise usage(f"There is no device called {device}.", "Name auto, cpu or cuda.")
    if preset is not None:
        presets.find(preset)
    for source in sources:
        if not source.exists():
            raise usage(f"There is no {source}.", "Check the spelling of the photos' folder.")
    changed = stage_flags.chosen(flags, stages)
    opened = _open(folder, sources)
    if opened is None:
        used = machine.device() if device == "auto" else device
        settings = Settings(preset or "standard", used, {}, frozenset(leave_out))
        settings = with_options(stages, settings, changed)
        return Project.create(folder, sources, settings)
    look_there(opened, trust_sources, sources)
    settings = opened.document.settings
    if preset is not None:
        settings = replace(settings, preset=preset, options={})
    if device != "auto":
        settings = replace(settings, device=device)
    if leave_out:
        settings = replace(settings, excluded=frozenset(leave_out))
    settings = with_options(stages, settings, changed)
    other = bool(sources) and not _same(sources, opened)
    if other and not replace_photos:
        raise usage(
            f"{folder} was made from other photos ({_names(opened.sources)}).",
            "Name another project with -o, or add --replace-photos.",
        )
    if settings != opened.document.settings or other:
        with opened.locked():
            opened.change(settings=settings, sources=sources if other else None)
    reach.require(opened)
    return opened


def _same(sources: tuple[Path, ...], project: Project) -> bool:
    if reach.unasked(project):
        return False
    given = tuple(source.resolve() for source in sources)
    return given == tuple(source.resolve() for source in project.sources)


def _open(folder: Path, sources: tuple[Path, ...]) -> Project | None:
    if not Project.exists(folder):
        if sources:
            return None
        return Project.open(folder)
    try:
        return Project.open(folder)
    except ProjectError as error:
        if error.code == "project_damaged" and sources:
            return None
        raise


def _names(paths: tuple[Path, ...]) -> str:
    return ", ".join(str(path) for path in paths[:3]) + (" and more" if len(paths) > 3 else "")


def work(output: Output, project: Project, stages: Registry, only: str | None = None) -> None:
    """Run stages with their progress shown, then tell how it went.

    Raises
    ------
    typer.Exit
        With the exit code, unless all went well.
    """
    shown = stages if only is None else (find(stages, only),)
    if only is None:
        _foretell(output, project, stages)
    listener = live.listener(output, shown)
    runner = Runner(project, listener, stages)
    stopped = threading.Event()

    def stop() -> None:
        """Have the work saved first; a second Ctrl-C does not wait for that."""
        if stopped.is_set():
            runner.cancel()
            return
        stopped.set()
        listener.stopping = True
        runner.stop()

    with on_stop(stop), listener:
        outcomes = runner.run(only=only)
    _finish(output, project, stages, outcomes, stopped.is_set(), only)


def _foretell(output: Output, project: Project, stages: Registry) -> None:
    expected = forecast.of_project(project, stages)
    if expected is None:
        return
    output.document(
        {
            "event": "estimate",
            "seconds": round(expected.seconds),
            "memory_bytes": round(expected.memory_bytes),
            "disk_bytes": round(expected.disk_bytes),
            "stages": {name: round(one.seconds) for name, one in expected.stages.items()},
            "warnings": [notice.message for notice in expected.notices],
        }
    )
    output.say(
        f"Estimate: {duration(expected.seconds)}, {size(expected.memory_bytes)} of memory, "
        f"{size(expected.disk_bytes)} of disk."
    )
    for notice in expected.notices:
        output.say(f"Note: {notice.message}")


def _finish(
    output: Output,
    project: Project,
    stages: Registry,
    outcomes: tuple[Outcome, ...],
    stopped: bool,
    only: str | None,
) -> None:
    go_on = shlex.join(["spaceport", "run", "-o", str(project.folder)])
    bad = next((outcome for outcome in outcomes if not outcome.good), None)
    found = summary.of_project(project, stages)
    document: dict[str, JsonValue] = {
        "event": "report",
        "ok": bad is None and not stopped,
        "project": str(project.folder.absolute()),
        "ran": {outcome.stage: outcome.kind for outcome in outcomes},
        "report": found,
    }
    if stopped or (bad is not None and bad.kind == "cancelled"):
        at = f" at {bad.where}" if bad is not None and bad.where else ""
        output.document({**document, "go_on": go_on})
        output.warn(f"Stopped{at}. To go on: {go_on}")
        raise typer.Exit(STOPPED)
    if bad is not None:
        error: dict[str, JsonValue] = {
            "stage": bad.stage,
            "code": bad.code,
            "message": bad.message,
            "remedy": bad.remedy,
        }
        output.document({**document, "error": error, "go_on": go_on})
        output.warn(f"Error in stage {bad.stage}: {bad.message} {bad.remedy}")
        output.warn(f"{'What is done is kept. ' if found['stages'] else ''}To go on: {go_on}")
        raise typer.Exit(FAILED)
    output.document(document)
    output.say()
    for line in summary.lines(found):
        output.say(line)
    if only is not None and (later := summary.outdated(project, stages)):
        output.say()
        output.say(f"Now outdated: {', '.join(later)}. To bring up to date: {go_on}")
