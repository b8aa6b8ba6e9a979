"""What a stage is: one entry that names its function, options, inputs and folder."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from spaceport_app import resources
from spaceport_app.errors import StageError
from spaceport_app.events import JsonValue
from spaceport_app.pipeline import watchdog
from spaceport_app.pipeline.estimate import Estimator
from spaceport_app.pipeline.identity import of_folder
from spaceport_app.project.project import Project
from spaceport_app.quantities import size

REGISTRY = "spaceport_app.pipeline.stages:STAGES"
REGISTRY_VARIABLE = "SPACEPORT_STAGES"


@dataclass(frozen=True)
class Place:
    """Where a stage reads and writes: the project, its own folders, its options.

    Parameters
    ----------
    project : Project
        Results of earlier stages are read from it.
    output : Path
        Empty folder that is published when the stage ends well.
    scratch : Path
        Folder that survives a kill.
    options : mapping
        Options of every stage by stage name.
    began : float
        ``time.monotonic()`` when the run began that this stage is part of.
    """

    project: Project
    output: Path
    scratch: Path
    options: Mapping[str, Any]
    began: float


def _no_facts(project: Project) -> JsonValue:
    return None


def _replaceable(project: Project) -> str:
    return ""


def _nothing(project: Project) -> None:
    return None


@dataclass(frozen=True)
class Stage:
    """One stage of the way from photos to a bundle.

    Parameters
    ----------
    name : str
        Name on the command line and in ``project.json``.
    label : str
        What a person reads, sentence case: ``"Finding camera positions"``.
    folder : str
        Published folder inside the project.
    function : str
        ``module:function`` of ``run(inputs, options, report)``, imported only in the child.
    options : str
        ``module:class`` of the options dataclass; its module imports nothing heavy.
    inputs : callable
        Makes the inputs dataclass from a `Place`; imports its room when called.
    reads : tuple of str
        Earlier stages whose results it reads.
    weight : float
        Share of the whole bar, relative to the other stages.
    version : int
        Number of the algorithm: another number makes old results outdated.
    facts : callable
        What else the result depends on, JSON-able: the photos of the import stage.
    identity : callable
        Identity of a published folder, for the fingerprints of later stages.
    neutral : frozenset of str
        Options that change speed but not the result, and so are no part of the fingerprint.
    estimate : callable or None
        What it will take, from a `Workload` and the options of all stages.
    irreplaceable : callable
        Returns why the published result could not be made again, or an empty text.
    saves : bool
        It ends soon with its work saved when it is asked to (see `spaceport_app.stopping`).
    check : callable
        Called before the stage starts; raises StageError if, say, a photo is gone.
    renders : bool
        It works with an engine: with the GPU engine of this user where one is set up.
    silence_s : float
        Longest time that it may say nothing new while it neither computes nor reads.
    address_space_bytes : int
        Limit of a process (``ulimit -v``) with which it surely cannot work.
    """

    name: str
    label: str
    folder: str
    function: str
    options: str
    inputs: Callable[[Place], Any]
    reads: tuple[str, ...] = ()
    weight: float = 1.0
    version: int = 1
    facts: Callable[[Project], JsonValue] = _no_facts
    identity: Callable[[Path], str] = of_folder
    neutral: frozenset[str] = frozenset()
    estimate: Estimator | None = None
    irreplaceable: Callable[[Project], str] = _replaceable
    check: Callable[[Project], None] = _nothing
    saves: bool = False
    renders: bool = False
    silence_s: float = watchdog.IDLE_S
    address_space_bytes: int = 0

    def options_class(self) -> type[Any]:
        """Import the options dataclass."""
        found: type[Any] = load(self.options)
        return found


def check_limits(stage: Stage) -> None:
    """Make sure that the shell's limits let a stage work at all.

    Native libraries that get no memory abort, or ask again for ever.

    Raises
    ------
    StageError
        ``not_enough_memory``.
    """
    allowed = resources.address_space_bytes()
    if allowed <= stage.address_space_bytes:
        raise StageError(
            "not_enough_memory",
            f"The {stage.name} stage needs more than {size(stage.address_space_bytes)} of memory "
            f"for one program, and this shell allows {size(allowed)} (ulimit -v).",
            "Raise the limit, or start Spaceport from another shell, and run again.",
        )


Registry: TypeAlias = tuple[Stage, ...]


def load(name: str) -> Any:
    """Import ``module:attribute``."""
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)


def registry_name() -> str:
    """Name of the registry in use: the environment's, so that others can add stages, or ours."""
    return os.environ.get(REGISTRY_VARIABLE, REGISTRY)


def registry() -> Registry:
    """Return the stages in the order in which they run."""
    stages: Registry = load(registry_name())
    return stages


def find(stages: Registry, name: str) -> Stage:
    """Return the stage called `name`.

    Raises
    ------
    StageError
        ``unknown_stage``.
    """
    for stage in stages:
        if stage.name == name:
            return stage
    names = ", ".join(stage.name for stage in stages)
    raise StageError(
        "unknown_stage", f"There is no stage called {name}.", f"Name one of these: {names}."
    )


def following(stages: Registry, name: str) -> Registry:
    """Return the stages that read, directly or not, what the stage `name` makes."""
    touched = {name}
    for stage in stages:
        if touched.intersection(stage.reads):
            touched.add(stage.name)
    return tuple(stage for stage in stages if stage.name in touched and stage.name != name)
