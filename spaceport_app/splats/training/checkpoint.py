"""States of training on disk, to go on from after a crash, a kill or a power cut."""

from __future__ import annotations

import json
import logging
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spaceport_app import atomic
from spaceport_app.events import JsonValue
from spaceport_app.splats.engines.contract import EngineState

_log = logging.getLogger(__name__)

_PREFIX = "checkpoint-"
_ENGINE = "engine."
_RECORD = "record"
_KEPT = 2


@dataclass(frozen=True)
class Checkpoint:
    """All that training needs to go on.

    Random numbers and the order of the views follow from the seed and the number of the step,
    so the number of finished steps in the record stands for them.

    Parameters
    ----------
    iteration : int
        Steps that are done.
    engine : EngineState
        Parameters, moments and statistics.
    record : dict
        What the trainer itself knows, JSON-able.
    """

    iteration: int
    engine: EngineState
    record: dict[str, JsonValue]


class Checkpoints:
    """The checkpoints of one run in one folder: the last two, so that one is always whole.

    Parameters
    ----------
    folder : Path
        Existing folder; only files that this class wrote are touched.
    fingerprint : str
        Of what the run depends on; checkpoints of another fingerprint are not used.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._folder = folder
        self._fingerprint = fingerprint

    def save(self, checkpoint: Checkpoint) -> Path:
        """Write a checkpoint in one step and drop all but the newest two.

        Raises
        ------
        OSError
            If the folder cannot be written or the disk is full; older checkpoints stay.
        """
        path = self._folder / f"{_PREFIX}{checkpoint.iteration:08d}.npz"
        head = {
            "fingerprint": self._fingerprint,
            "iteration": checkpoint.iteration,
            "record": checkpoint.record,
        }
        arrays = {_ENGINE + name: array for name, array in checkpoint.engine.arrays.items()}
        text = np.frombuffer(json.dumps(head).encode("utf-8"), np.uint8)
        with atomic.replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **{_RECORD: text}, **arrays)
        for old in self._paths()[_KEPT:]:
            old.unlink(missing_ok=True)
        return path

    def latest(self) -> Checkpoint | None:
        """Return the newest checkpoint of this run that is whole, or None.

        Damaged ones and those of another fingerprint on the way to it are deleted: with their
        higher numbers they would outlive the checkpoints that are yet to come.
        """
        for path in self._paths():
            try:
                checkpoint = self._read(path)
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
                _log.warning("checkpoint %s is damaged and skipped: %s", path.name, error)
                checkpoint = None
            if checkpoint is not None:
                return checkpoint
            path.unlink(missing_ok=True)
        return None

    def clear(self) -> None:
        """Delete the checkpoints and what a killed process left half written."""
        for path in [*self._paths(), *self._folder.glob(f".{_PREFIX}*.partial")]:
            path.unlink(missing_ok=True)

    def _paths(self) -> list[Path]:
        """Return the checkpoint files, newest first."""
        return sorted(self._folder.glob(f"{_PREFIX}*.npz"), reverse=True)

    def _read(self, path: Path) -> Checkpoint | None:
        with np.load(path, allow_pickle=False) as file:
            head = json.loads(bytes(file[_RECORD]).decode("utf-8"))
            if head["fingerprint"] != self._fingerprint:
                return None
            arrays = {
                name.removeprefix(_ENGINE): file[name]
                for name in file.files
                if name.startswith(_ENGINE)
            }
        return Checkpoint(head["iteration"], EngineState(arrays), head["record"])
