"""What a bug report needs: versions, computer, logs, and no word about where photos were taken."""

from __future__ import annotations

import contextlib
import getpass
import itertools
import logging
import os
import platform
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from spaceport_app import records
from spaceport_app.errors import StageError
from spaceport_app.gui import withheld
from spaceport_app.pipeline import environment
from spaceport_app.pipeline import stages as rooms
from spaceport_app.project.project import Project
from spaceport_app.quantities import size

_LINES = 300
_LOG_LINES = 60
_LOG_BYTES = 1 << 18
# Folders beside the project that are looked at, so that their names are left out.
_MOST_BESIDE = 1000
# Names of folders that tell of nobody.
_USUAL = frozenset({"home", "users", "media", "photos", "images", "pictures", "documents", "tmp"})


class RecentLog(logging.Handler):
    """Keeps the last lines that the window logged."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._kept: deque[str] = deque(maxlen=_LINES)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self._kept.append(self.format(record))

    def text(self) -> str:
        """Return the lines kept."""
        return "\n".join(self._kept)


def without_places(
    text: str,
    home: Path | None = None,
    photos: Iterable[str] = (),
    folders: Mapping[str, str] | None = None,
    names: Iterable[str] = (),
) -> str:
    """Return `text` without what tells where somebody lives or flies, or who it is.

    Words that Spaceport does not use itself become ``[name]`` or ``[code]``, numbers
    ``[number]`` unless they count something, names of photos ``[photo]``, paths ``[path]``.

    Parameters
    ----------
    text : str
        Any text.
    home : Path, optional
        The home folder; by default that of whoever runs this.
    photos : iterable of str
        Names of photos, that may be words of Spaceport's own.
    folders : mapping, optional
        Paths, and what to write instead.
    names : iterable of str
        Other names that are somebody's.
    """
    home = home or Path.home()
    replaced = {name: "[name]" for name in (*names, *home.parts[1:])}
    replaced |= {name: "[photo]" for name in photos}
    for usual in (name for name in [*replaced] if name.lower() in _USUAL):
        del replaced[usual]
    return withheld.reduced(text, replaced, folders)


def collect(project: Project | None, window_log: str, graphics: str, first: str = "") -> str:
    """Return all that a bug report needs, as plain text.

    Parameters
    ----------
    project : Project or None
        The open project, whose stages and logs are told.
    window_log : str
        Lines that the window itself logged.
    graphics : str
        The OpenGL that draws the views, as its driver names it.
    first : str
        What stands before all else: a traceback, say.
    """
    found = _examined(project.folder if project is not None else Path.home())
    names = _people()
    photos: list[str] = []
    folders: dict[str, str] = {}
    if project is not None:
        photos = _photo_names(project)
        names += _places(project)
        folders = {str(source): "[photos]" for source in project.sources}
        folders[str(project.folder.absolute())] = "[project]"

    def told(text: str) -> str:
        return without_places(text, photos=photos, folders=folders, names=names)

    sections = [("Computer", _computer(found, graphics, told))]
    if project is not None:
        sections.append(("Project", _stages(project, told)))
        for stage in rooms.STAGES:
            log = project.log(stage.name)
            if log.is_file() and not log.is_symlink():
                sections.append((f"Log of {stage.name}", told(_tail(log))))
    sections.append(("Log of the window", told(window_log) or "empty"))
    text = "\n\n".join(f"== {head}\n{body}" for head, body in sections)
    return f"{told(first)}\n\n{text}" if first else text


def _people() -> list[str]:
    """Return the names of the user and of the computer."""
    names = [platform.node(), platform.node().partition(".")[0]]
    with contextlib.suppress(OSError, KeyError, ImportError):
        names.append(getpass.getuser())
    return names


def _places(project: Project) -> list[str]:
    """Return the names of folders around the project and its photos, and what is in them."""
    names: set[str] = {project.document.name, project.folder.name}
    for path in (project.folder.absolute(), *project.sources):
        names.update(path.parts[1:])
    with contextlib.suppress(OSError):
        beside = project.folder.absolute().parent.iterdir()
        names.update(path.name for path in itertools.islice(beside, _MOST_BESIDE))
    return [word for name in names for word in (name, *withheld.words_of([name]))]


def _photo_names(project: Project) -> list[str]:
    """Return the names of the photos, with and without their endings."""
    try:
        found = rooms.photoset(project)
        names = [photo.path.name for photo in found.photos] + [photo.name for photo in found.photos]
        names += [photo.name for photo in found.left_out]
    except (OSError, ValueError, KeyError, StageError):
        names = []
    names += [source.name for source in project.sources if source.suffix]
    names += project.document.settings.excluded
    return names + [Path(name).stem for name in names if len(Path(name).stem) > 2]


def _examined(folder: Path) -> dict[str, Any]:
    """Ask ``spaceport doctor`` in a process of its own, since it imports all heavy parts."""
    answer = subprocess.run(
        [sys.executable, "-P", "-m", "spaceport_app", "doctor", str(folder), "--json"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=120,
        env=environment.for_child(os.environ),
        check=False,
    )
    try:
        found = records.decode(answer.stdout.splitlines()[-1], dict[str, Any])
    except (ValueError, IndexError):
        found = {}
    if "versions" not in found:
        trouble = answer.stderr.strip() or f"exit status {answer.returncode}"
        return {"troubles": [f"The computer could not be examined: {trouble}"]}
    return found


def _computer(found: dict[str, Any], graphics: str, told: Callable[[str], str]) -> str:
    import PySide6

    if "versions" not in found:
        return told("\n".join(found["troubles"]))
    versions = {**found["versions"], "PySide6": PySide6.__version__}
    parts = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    cards = "; ".join(f"{g['name']}, {size(g['memory_bytes'])}" for g in found["gpus"]) or "none"
    engines = "; ".join(e["description"] for e in found["engines"] if e["usable"]) or "none"
    rows = [
        ("Spaceport", f"{found['spaceport']} on Python {found['python']}"),
        ("System", found["system"]),
        ("Processor", f"{found['processor']}, {found['cores']} cores"),
        ("Memory", f"{size(found['free_memory_bytes'])} of {size(found['memory_bytes'])} free"),
        ("Disk", f"{size(found['free_disk_bytes'])} free"),
        ("NVIDIA cards", cards),
        ("Engines", engines),
        ("GPU engine", _gpu_engine(found, told)),
        ("OpenGL", graphics),
        ("Parts", parts),
        *(("Trouble", told(trouble)) for trouble in found["troubles"]),
        *(("Hint", told(hint)) for hint in found["hints"]),
    ]
    return "\n".join(f"{head:<14}{words}" for head, words in rows)


def _gpu_engine(found: dict[str, Any], told: Callable[[str], str]) -> str:
    engine = found.get("gpu_engine")
    if not engine:
        return "not set up"
    trouble = f", not usable: {told(engine['trouble'])}" if engine["trouble"] else ""
    return f"{engine['words']}{trouble}"


def _stages(project: Project, told: Callable[[str], str]) -> str:
    settings = project.document.settings
    rows = [f"preset {told(settings.preset)} on {told(settings.device)}"]
    for stage in rooms.STAGES:
        changed = settings.options.get(stage.name, {})
        if changed:
            words = ", ".join(f"{told(name)} {_option(v, told)}" for name, v in changed.items())
            rows.append(f"changed in {stage.name}: {words}")
    for stage in rooms.STAGES:
        record = project.record(stage.name)
        for run in (record.published, record.latest) if record is not None else ():
            if run is not None:
                words = f"{stage.name:<10}{told(run.state)}, {run.seconds:.0f} s"
                words += f", peak {size(run.peak_memory_bytes)}"
                rows.append(f"{words} {told(run.code)} {told(run.message)}".rstrip())
    return "\n".join(rows)


def _option(value: object, told: Callable[[str], str]) -> str:
    return str(value) if isinstance(value, bool | int | float) else told(str(value))


def _tail(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _LOG_BYTES))
            lines = file.read(_LOG_BYTES).decode("utf-8", "replace").splitlines()
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return "\n".join(lines[-_LOG_LINES:]) or "empty"
