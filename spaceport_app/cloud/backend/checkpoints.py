"""What a stage keeps in its scratch folder, kept where the next machine finds it too.

SageMaker copies its checkpoint folder to S3 as it changes, and back to the machine that takes
over after a spot interruption.
"""

from __future__ import annotations

import logging
import shutil
import threading
from dataclasses import replace
from pathlib import Path

from spaceport_app.project import document
from spaceport_app.project.errors import ProjectError

INTERVAL_S = 5.0
_SCRATCH = "scratch"
_SKIPPED = "snapshot"

_log = logging.getLogger(__name__)


class Mirror:
    """Keeps the folder `kept` like a stage's scratch folder while the stage works.

    Parameters
    ----------
    project : Path
        The project folder; its ``project.json`` is kept too: it tells what the scratch is of.
    scratch, kept : Path
        From where to where.
    interval_s : float
        Seconds between two looks.
    """

    def __init__(
        self, project: Path, scratch: Path, kept: Path, interval_s: float = INTERVAL_S
    ) -> None:
        self._project = project
        self._scratch = scratch
        self._kept = kept
        self._interval_s = interval_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def restore(self, stage: str) -> bool:
        """Bring back what an earlier machine has left of a stage; whether there was something.

        Raises
        ------
        ProjectError
            If the project here cannot be read.
        """
        try:
            record = document.read(self._kept).stages.get(stage)
        except ProjectError:
            return False
        if record is None:
            return False
        for path in _files(self._kept / _SCRATCH):
            target = self._scratch / path.relative_to(self._kept / _SCRATCH)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
        here = document.read(self._project)
        document.write(self._project, replace(here, stages={**here.stages, stage: record}))
        return True

    def start(self) -> None:
        """Begin to look for changes."""
        self._thread.start()

    def end(self) -> None:
        """Stop looking, after a last look."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._look()

    def clear(self) -> None:
        """Forget everything: the work is done."""
        shutil.rmtree(self._kept / _SCRATCH, ignore_errors=True)
        (self._kept / document.FILE).unlink(missing_ok=True)

    def _watch(self) -> None:
        while not self._ended.wait(self._interval_s):
            try:
                self._look()
            except OSError as error:
                _log.warning("a checkpoint could not be kept: %s", error)

    def _look(self) -> None:
        kept = self._kept / _SCRATCH
        present = _files(self._scratch)
        if not present:
            return
        for path in present:
            _copy(path, kept / path.relative_to(self._scratch))
        # First what is told, then what it is told of is dropped: a cut leaves too much, no less.
        _copy(self._project / document.FILE, self._kept / document.FILE)
        names = {path.relative_to(self._scratch) for path in present}
        for path in _files(kept):
            if path.relative_to(kept) not in names:
                path.unlink(missing_ok=True)


def _files(folder: Path) -> list[Path]:
    """Return the files worth keeping, without what is half written."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.relative_to(folder).parts[0] != _SKIPPED
        and not path.name.startswith(".")
    ]


def _copy(source: Path, target: Path) -> None:
    """Copy a file that has changed, in one step; one that is gone meanwhile is left out."""
    try:
        status = source.stat()
        if target.is_file():
            old = target.stat()
            if (old.st_size, old.st_mtime_ns) == (status.st_size, status.st_mtime_ns):
                return
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.partial")
        shutil.copy2(source, partial)
        partial.replace(target)
    except FileNotFoundError:
        return
