"""``project.json``: read, checked, written in one step."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta

from spaceport_app import __version__, atomic, inside, records
from spaceport_app.project import layout
from spaceport_app.project.errors import ProjectError
from spaceport_app.project.migrations import SCHEMA, migrate
from spaceport_app.project.model import Document, Settings, Source, StageRecord, StageRun, plainly

FILE = "project.json"
SUFFIX = ".spaceport"
_LONGEST_PATHS = {"linux": 4096, "darwin": 1024}


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
        data = inside.read_regular(path, records.MOST_BYTES)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ProjectError(
            "no_project",
            f"{folder} is no Spaceport project: it has no {FILE}.",
            "Name a folder made by 'spaceport run', usually ending in .spaceport.",
        ) from error
    except ValueError as error:
        raise _damaged(path, str(error)) from error
    except OSError as error:
        raise ProjectError(
            "no_permission",
            f"{path} cannot be read ({error.strerror}).",
            "Check the permissions of the folder and try again.",
        ) from error
    try:
        raw = records.parse(data)
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


def stage_record(raw: Any) -> StageRecord:
    """Return the record of one stage from plain values, as ``project.json`` holds them.

    Raises
    ------
    ValueError
        If it is none.
    """
    return _stage_record(records.convert(raw, _Record))


def settings(raw: Any) -> Settings:
    """Return settings from plain values, as ``project.json`` holds them.

    Raises
    ------
    ValueError
        If they are none.
    """
    return _settings(records.convert(raw, _Settings))


# How each value has to be in the file.
_Stage = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]
_Word = Annotated[str, Meta(max_length=200, pattern=r"^[ -~]*\Z")]
_Path = Annotated[str, Meta(max_length=32_767, pattern=r"^[^\0]*\Z")]
_Count = Annotated[int, Meta(ge=0)]
_Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
_TAKEN = frozenset({*layout.RESULTS.values(), layout.LOGS})


@dataclass(frozen=True)
class _Source:
    path: _Path
    relative: _Path

    def __post_init__(self) -> None:
        if not self.path or not (_is_possible(self.path) and _is_possible(self.relative)):
            raise ValueError("a path is none that this system has")


@dataclass(frozen=True)
class _Settings:
    preset: _Word
    device: Literal["cpu", "cuda"]
    options: dict[_Word, dict[str, Any]]
    excluded: frozenset[str]


@dataclass(frozen=True)
class _Run(StageRun):
    fingerprint: _Word
    started: _Word
    finished: _Word = ""
    seconds: Annotated[float, Meta(ge=0.0, le=1e10)] = 0.0
    peak_memory_bytes: _Count = 0
    output: _Word = ""
    report: dict[str, Any] = field(default_factory=dict)
    files: dict[str, _Count] = field(default_factory=dict)
    digests: dict[str, _Digest] = field(default_factory=dict)
    code: _Word = ""
    token: _Word = ""

    def __post_init__(self) -> None:
        for name in self.files:
            inside.plain_parts(name)


@dataclass(frozen=True)
class _Record:
    folder: _Stage
    published: _Run | None = None
    latest: _Run | None = None


@dataclass(frozen=True)
class _Document:
    name: str
    created: _Word
    sources: tuple[_Source, ...]
    settings: _Settings
    stages: dict[_Stage, _Record]

    def __post_init__(self) -> None:
        folders = [record.folder for record in self.stages.values()]
        if len(set(folders)) < len(folders):
            raise ValueError("two stages have the same folder")
        for stage, record in self.stages.items():
            ours = layout.RESULTS.get(stage, record.folder)
            of_another = stage not in layout.RESULTS and record.folder in _TAKEN
            if record.folder != ours or of_another:
                raise ValueError(f"the stage {stage} has the folder {record.folder}")


def _parse(raw: dict[str, Any]) -> Document:
    found = records.convert(raw, _Document)
    return Document(
        name=found.name,
        created=found.created,
        sources=tuple(Source(Path(one.path), one.relative) for one in found.sources),
        settings=_settings(found.settings),
        stages={name: _stage_record(record) for name, record in found.stages.items()},
    )


def _settings(found: _Settings) -> Settings:
    return Settings(found.preset, found.device, found.options, found.excluded)


def _stage_record(found: _Record) -> StageRecord:
    return StageRecord(found.folder, _stage_run(found.published), _stage_run(found.latest))


def _stage_run(found: _Run | None) -> StageRun | None:
    if found is None:
        return None
    return StageRun(**{one.name: getattr(found, one.name) for one in fields(StageRun)})


def _is_possible(path: str) -> bool:
    """Whether this system can be asked for such a path: others are too long for it."""
    longest = _LONGEST_PATHS.get(sys.platform, 32_767)
    return len(os.fsencode(path)) < longest and all(map(inside.is_possible, Path(path).parts))


def _reason(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)


def _damaged(path: Path, why: str) -> ProjectError:
    return ProjectError(
        "project_damaged",
        f"{path} is damaged ({why}); it was left as it is.",
        "Mend it, or name the photos again with 'spaceport run PHOTOS -o "
        f"{path.parent}', which keeps the damaged file under another name and starts over.",
    )
