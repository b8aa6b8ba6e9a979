"""What a bug report needs: versions, computer, logs, and no word about where photos were taken."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from spaceport_app import records
from spaceport_app.errors import StageError
from spaceport_app.pipeline import environment
from spaceport_app.pipeline import stages as rooms
from spaceport_app.project.project import Project
from spaceport_app.quantities import size

_LINES = 300
_LOG_LINES = 60
# Degrees and metres with four digits and more behind the point are good enough to find a house,
# and so are metres of a map's grid with any, and degrees with minutes.
_PLACE = re.compile(
    r"-?\d{1,9}\.\d{4,}|-?\b\d{5,8}\.\d+|\b\d{1,3}\s?(?:°|deg)[\s\d.,'\"′″]*[NSEW]?"
)
_PHOTO = re.compile(r"[\w()+~-]+\.(?:jpe?g|png|tiff?|heic|heif|dng|zip)\b", re.IGNORECASE)


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
) -> str:
    """Return `text` without what tells where somebody lives or flies.

    Coordinates become ``[number]``, names of photos ``[photo]``, the home folder ``~``.

    Parameters
    ----------
    text : str
        Any text.
    home : Path, optional
        The home folder; by default that of whoever runs this.
    photos : iterable of str
        Names of photos that a pattern may miss: with spaces, say.
    folders : mapping, optional
        Paths, and what to write instead.
    """
    for path in sorted(folders or {}, key=len, reverse=True):
        text = text.replace(path, (folders or {})[path])
    found = str(home or Path.home())
    if len(found) > 1:
        text = text.replace(found, "~")
    for name in sorted(photos, key=len, reverse=True):
        text = text.replace(name, "[photo]")
    text = _PHOTO.sub("[photo]", text)
    return _PLACE.sub("[number]", text)


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
    sections = [("Computer", _computer(found, graphics))]
    if project is not None:
        sections.append(("Project", _stages(project)))
        for log in sorted((project.folder / "logs").glob("*.log")):
            sections.append((f"Log of {log.stem}", _tail(log)))
    sections.append(("Log of the window", window_log or "empty"))
    text = "\n\n".join(f"== {head}\n{body}" for head, body in sections)
    text = f"{first}\n\n{text}" if first else text
    if project is None:
        return without_places(text)
    folders = {str(source): "[photos]" for source in project.sources if source.is_dir()}
    folders[str(project.folder.absolute())] = "[project]"
    return without_places(text, photos=_photo_names(project), folders=folders)


def _photo_names(project: Project) -> list[str]:
    """Return the names of the photos, with and without their endings."""
    try:
        names = [photo.path.name for photo in rooms.photoset(project).photos]
    except (OSError, ValueError, KeyError, StageError):
        names = []
    names += [source.name for source in project.sources if not source.is_dir()]
    names += project.document.settings.excluded
    return names + [Path(name).stem for name in names if len(Path(name).stem) > 4]


def _examined(folder: Path) -> dict[str, Any]:
    """Ask ``spaceport doctor`` in a process of its own, since it imports all heavy parts."""
    answer = subprocess.run(
        [sys.executable, "-m", "spaceport_app", "doctor", str(folder), "--json"],
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


def _computer(found: dict[str, Any], graphics: str) -> str:
    import PySide6

    if "versions" not in found:
        return "\n".join(found["troubles"])
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
        ("GPU engine", _gpu_engine(found)),
        ("OpenGL", graphics),
        ("Parts", parts),
        *(("Trouble", trouble) for trouble in found["troubles"]),
        *(("Hint", hint) for hint in found["hints"]),
    ]
    return "\n".join(f"{head:<14}{words}" for head, words in rows)


def _gpu_engine(found: dict[str, Any]) -> str:
    engine = found.get("gpu_engine")
    if not engine:
        return "not set up"
    trouble = f", not usable: {engine['trouble']}" if engine["trouble"] else ""
    return f"{engine['words']}{trouble}"


def _stages(project: Project) -> str:
    settings = project.document.settings
    rows = [f"preset {settings.preset} on {settings.device}"]
    rows += [f"changed in {stage}: {dict(o)}" for stage, o in settings.options.items()]
    for stage, record in project.document.stages.items():
        for run in (record.published, record.latest):
            if run is not None:
                words = f"{stage:<10}{run.state}, {run.seconds:.0f} s"
                words += f", peak {size(run.peak_memory_bytes)}"
                rows.append(f"{words} {run.code} {run.message}".rstrip())
    return "\n".join(rows)


def _tail(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return "\n".join(lines[-_LOG_LINES:]) or "empty"
