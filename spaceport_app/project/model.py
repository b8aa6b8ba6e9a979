"""What a project remembers: where its photos lie, its settings and what each stage did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from spaceport_app.events import JsonValue
from spaceport_app.project import reach

State: TypeAlias = Literal["running", "publishing", "finished", "failed", "cancelled", "crashed"]


@dataclass(frozen=True)
class Settings:
    """What a person chose.

    Parameters
    ----------
    preset : str
        Name of the preset that every other value comes from.
    device : str
        ``"cpu"`` or ``"cuda"``: the column of the preset, fixed when the project is made so
        that a project moved to another machine is not trained anew behind its owner's back.
    options : mapping
        Stage name to the options that differ from the preset, by field name.
    excluded : frozenset of str
        Names of photos to leave out.
    """

    preset: str = "standard"
    device: str = "cpu"
    options: Mapping[str, Mapping[str, JsonValue]] = field(default_factory=dict)
    excluded: frozenset[str] = frozenset()


def plainly(path: Path) -> Path:
    """Return `path` as an absolute path without ``..``; links keep their names without it.

    A path through a folder that is left again would break when that folder goes.
    """
    return path.resolve() if ".." in path.parts else path.absolute()


@dataclass(frozen=True)
class Source:
    """A folder, zip or photo that was given, by absolute path and as seen from the project.

    The relative path finds the photos again when both were moved together.
    """

    path: Path
    relative: str = ""

    @staticmethod
    def of(path: Path, project: Path) -> Source:
        """Return the source at `path` as a project at `project` remembers it."""
        absolute = plainly(path)
        try:
            relative = absolute.relative_to(plainly(project).parent).as_posix()
        except ValueError:
            relative = ""
        return Source(absolute, relative)

    def find(self, project: Path, *, agreed: bool = True) -> Path:
        """Return where the source lies now; the absolute path where neither exists.

        Where nobody has agreed to look at the absolute path, that is not touched.
        """
        if agreed and (not self.relative or self.path.exists()):
            return self.path
        return reach.beside(project, self.relative, agreed=agreed) or self.path


@dataclass(frozen=True)
class StageRun:
    """One run of one stage.

    Parameters
    ----------
    fingerprint : str
        Of inputs, options and algorithm; equal fingerprints need no second run.
    state : str
        ``running``, ``publishing``, ``finished``, ``failed``, ``cancelled`` or ``crashed``.
    started, finished : str
        ISO 8601 with offset; `finished` is empty while it runs.
    seconds : float
        Wall time of the last process of this run.
    peak_memory_bytes : int
        Largest resident memory of its process with its children.
    output : str
        Identity of what it published; the fingerprints of later stages hold it.
    report : mapping
        Measured results of the stage.
    files : mapping
        Bytes of every file that it published, by path inside the stage's folder.
    digests : mapping
        SHA-256 of each of these files, in hex; empty for results of older versions.
    code, message, remedy : str
        Why it did not finish; empty otherwise.
    token : str
        Name of this run in the environment of its processes, by which leftovers are known.
    resumed : bool
        It went on from what an earlier, stopped run had left.
    """

    fingerprint: str
    state: State
    started: str
    finished: str = ""
    seconds: float = 0.0
    peak_memory_bytes: int = 0
    output: str = ""
    report: Mapping[str, JsonValue] = field(default_factory=dict)
    files: Mapping[str, int] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    code: str = ""
    message: str = ""
    remedy: str = ""
    token: str = ""
    resumed: bool = False


@dataclass(frozen=True)
class StageRecord:
    """What is known of one stage.

    Parameters
    ----------
    folder : str
        Name of the published folder inside the project.
    published : StageRun or None
        The run whose result lies in `folder`.
    latest : StageRun or None
        A later run that is under way or did not end well.
    """

    folder: str
    published: StageRun | None = None
    latest: StageRun | None = None


@dataclass(frozen=True)
class Document:
    """The content of ``project.json``."""

    name: str
    created: str
    sources: tuple[Source, ...] = ()
    settings: Settings = Settings()
    stages: Mapping[str, StageRecord] = field(default_factory=dict)
