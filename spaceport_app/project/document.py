"""``project.json``: read, checked, written in one step."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from spaceport_app import __version__, atomic
from spaceport_app.project.errors import ProjectError
from spaceport_app.project.migrations import SCHEMA, migrate
from spaceport_app.project.model import Document, Settings, Source, StageRecord, StageRun, plainly

FILE = "project.json"
SUFFIX = ".spaceport"


def name_of(folder: Path) -> str:
    """Return the name of the project in `folder`: the folder's, also after it was renamed."""
    name = plainly(folder).name
    return name.removesuffix(SUFFIX) or name


def read(folder: Path) -> Document:
    """Read ``project.json`` of a project folder; an older schema is migrated in memory.

    Raises
    ------
    ProjectError
        ``no_project``, ``project_damaged``, ``project_newer`` or ``no_permission``.
    """
    path = folder / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ProjectError(
            "no_project",
            f"{folder} is no Spaceport project: it has no {FILE}.",
            "Name a folder made by 'spaceport run', usually ending in .spaceport.",
        ) from error
    except UnicodeDecodeError as error:
        raise _damaged(path, "it is not text") from error
    except OSError as error:
        raise ProjectError(
            "no_permission",
            f"{path} cannot be read ({error.strerror}).",
            "Check the permissions of the folder and try again.",
        ) from error
    try:
        raw = json.loads(text)
        if not isinstance(raw, dict):
            raise ValueError("it is no object")
        return replace(_parse(migrate(raw, str(folder))), name=name_of(folder))
    except ProjectError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(path, _reason(error)) from error


def write(folder: Path, document: Document) -> None:
    """Write ``project.json`` in one step.

    Raises
    ------
    OSError
        If the disk is full or the folder cannot be written; the old file is then kept.
    """
    raw: dict[str, Any] = {
        "schema": SCHEMA,
        "spaceport": __version__,
        "name": document.name,
        "created": document.created,
        "sources": [
            {"path": str(source.path), "relative": source.relative} for source in document.sources
        ],
        "settings": {
            "preset": document.settings.preset,
            "device": document.settings.device,
            "options": {stage: dict(o) for stage, o in document.settings.options.items() if o},
            "excluded": sorted(document.settings.excluded),
        },
        "stages": {name: asdict(record) for name, record in document.stages.items()},
    }
    atomic.write_json(folder / FILE, raw)
    atomic.sync_folder(folder)


def keep_damaged(folder: Path) -> Path:
    """Move a damaged ``project.json`` aside and return where it lies now."""
    path = folder / FILE
    for number in range(1, 1000):
        kept = folder / f"project.damaged-{number}.json"
        if not kept.exists():
            break
    path.rename(kept)
    return kept


def is_kept_damaged(name: str) -> bool:
    """Whether `keep_damaged` gives a file this name."""
    number = name.removeprefix("project.damaged-").removesuffix(".json")
    return number.isdecimal() and name == f"project.damaged-{number}.json"


def _parse(raw: dict[str, Any]) -> Document:
    settings = raw["settings"]
    return Document(
        name=str(raw["name"]),
        created=str(raw["created"]),
        sources=tuple(Source(Path(s["path"]), str(s["relative"])) for s in raw["sources"]),
        settings=Settings(
            preset=str(settings["preset"]),
            device=str(settings["device"]),
            options={str(k): dict(v) for k, v in settings["options"].items()},
            excluded=frozenset(str(name) for name in settings["excluded"]),
        ),
        stages={str(name): _record(record) for name, record in raw["stages"].items()},
    )


def _record(raw: dict[str, Any]) -> StageRecord:
    folder = str(raw["folder"])
    if Path(folder).name != folder:
        raise ValueError(f"a stage folder leads out of the project: {folder}")
    published, latest = raw["published"], raw["latest"]
    return StageRecord(
        folder,
        StageRun(**published) if published else None,
        StageRun(**latest) if latest else None,
    )


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}: {error.msg}"
    if isinstance(error, KeyError):
        return f"{error} is missing"
    return str(error)


def _damaged(path: Path, why: str) -> ProjectError:
    return ProjectError(
        "project_damaged",
        f"{path} is damaged ({why}); it was left as it is.",
        "Mend it, or name the photos again with 'spaceport run PHOTOS -o "
        f"{path.parent}', which keeps the damaged file under another name and starts over.",
    )
