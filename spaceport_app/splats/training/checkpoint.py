"""States of training on disk, to go on from after a crash, a kill or a power cut."""

from __future__ import annotations

import json
import logging
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import numpy as np
from msgspec import Meta
from numpy.lib.format import read_array_header_1_0, read_array_header_2_0, read_magic

from spaceport_app import atomic, inside, records, removing
from spaceport_app.events import JsonValue
from spaceport_app.splats.engines.contract import EngineState

_log = logging.getLogger(__name__)

_PREFIX = "checkpoint-"
_ENGINE = "engine."
_RECORD = "record"
_KEPT = 2


@dataclass(frozen=True)
class _Head:
    fingerprint: str
    iteration: Annotated[int, Meta(ge=0, le=10**9)]
    record: dict[str, Any]


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
        self.damaged = 0
        """How many were found damaged and deleted."""

    def save(self, checkpoint: Checkpoint) -> Path:
        """Write a checkpoint in one step and drop all but the newest two.

        Raises
        ------
        OSError
            If the folder cannot be written or the disk is full; older checkpoints stay.
        """
        path = self._path(checkpoint.iteration)
        head = {
            "fingerprint": self._fingerprint,
            "iteration": checkpoint.iteration,
            "record": checkpoint.record,
        }
        arrays = {_ENGINE + name: array for name, array in checkpoint.engine.arrays.items()}
        text = np.frombuffer(
            json.dumps(atomic.without_odd_numbers(head), allow_nan=False).encode("ascii"), np.uint8
        )
        with atomic.replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **{_RECORD: text}, **arrays)
        for old in self._paths()[_KEPT:]:
            old.unlink(missing_ok=True)
        return path

    def latest(self) -> Checkpoint | None:
        """Return the newest checkpoint of this run that is whole, or None.

        Damaged ones and those of another fingerprint on the way to it are deleted: with their
        higher numbers they would outlive the checkpoints that are yet to come.

        Raises
        ------
        MemoryError
            If one that is whole does not fit into memory; it stays.
        """
        for path in self._paths():
            try:
                checkpoint = self._read(path)
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
                self._drop(path, error)
                continue
            if checkpoint is not None:
                return checkpoint
            removing.remove(path)
        return None

    def drop(self, checkpoint: Checkpoint, error: Exception) -> None:
        """Delete a checkpoint that could not be gone on from."""
        self._drop(self._path(checkpoint.iteration), error)

    def _drop(self, path: Path, error: Exception) -> None:
        _log.warning("checkpoint %s is damaged and skipped: %s", path.name, error)
        self.damaged += 1
        removing.remove(path)

    def clear(self) -> None:
        """Delete the checkpoints and what a killed process left half written."""
        for path in [*self._paths(), *self._folder.glob(f".{_PREFIX}*.partial")]:
            path.unlink(missing_ok=True)

    def _paths(self) -> list[Path]:
        """Return the checkpoint files, newest first."""
        return sorted(self._folder.glob(f"{_PREFIX}*.npz"), reverse=True)

    def _path(self, iteration: int) -> Path:
        return self._folder / f"{_PREFIX}{iteration:08d}.npz"

    def _read(self, path: Path) -> Checkpoint | None:
        with inside.open_regular(path, follow=False) as opened:
            _check(opened)
            opened.seek(0)
            with np.load(opened, allow_pickle=False) as file:
                head = records.decode(file[_RECORD].tobytes(), _Head)
                if head.fingerprint != self._fingerprint:
                    return None
                if path != self._path(head.iteration):
                    raise ValueError("it is of another step than its name says")
                arrays = {
                    name.removeprefix(_ENGINE): file[name]
                    for name in file.files
                    if name.startswith(_ENGINE)
                }
        return Checkpoint(head.iteration, EngineState(arrays), head.record)


def _check(file: BinaryIO) -> None:
    """Compare what the headers of an .npz promise with the bytes that are there.

    NumPy takes the memory that a header asks for before it looks for them.

    Raises
    ------
    ValueError
        If it is none, or any array has not as many bytes as its header says.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
            if f"{_RECORD}.npy" not in archive.namelist():
                raise ValueError("it holds no record")
            for info in infos:
                _check_array(archive, info)
    except (OSError, ValueError):
        raise
    except Exception as error:
        # zipfile and NumPy stumble in many ways over bytes that are no archive and no header.
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _check_array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
        raise ValueError(f"{info.filename} is packed")
    with archive.open(info) as member:
        version = read_magic(member)
        read = read_array_header_1_0 if version == (1, 0) else read_array_header_2_0
        shape, _, dtype = read(member)
        size = math.prod(shape) * dtype.itemsize
        if dtype.kind not in "biuf" or min(shape, default=0) < 0:
            raise ValueError(f"{info.filename} holds no numbers")
        if size != info.file_size - member.tell():
            raise ValueError(f"{info.filename} has not the bytes that it promises")
