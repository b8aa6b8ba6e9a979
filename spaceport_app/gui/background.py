"""Small work off the GUI thread, its result brought back to it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal

from spaceport_app.errors import StageError
from spaceport_app.pipeline.trouble import explain

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class _Work:
    kind: str
    number: int
    function: Callable[[], Any]
    done: Callable[[Any], None]
    failed: Callable[[str], None] | None


class _Task(QRunnable):
    def __init__(self, work: _Work, owner: Background) -> None:
        super().__init__()
        self._work = work
        self._owner = owner

    def run(self) -> None:
        found: object = None
        trouble = ""
        try:
            found = self._work.function()
        except StageError as error:
            trouble = str(error)
        except OSError as error:
            _log.warning("work in the background failed: %s", error)
            failed = explain(error, Path(error.filename or "this computer"), Path())
            trouble = f"{failed.message} {failed.remedy}"
        except Exception as error:
            _log.exception("work in the background failed")
            trouble = f"{type(error).__name__}: {error}"
        try:
            self._owner.ended.emit(self._work, found, trouble)
        except RuntimeError:
            # The window was closed in the meantime: nobody waits for the result.
            _log.debug("a result came after its receiver was gone")


class Background(QObject):
    """Runs functions in a thread pool; their results arrive on the thread of this object.

    The result of work that a newer call of the same kind has overtaken is dropped.
    """

    ended = Signal(object, object, str)

    def __init__(self, parent: QObject | None = None, threads: int = 2) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(threads)
        self._newest: dict[str, int] = {}
        self.ended.connect(self._arrive, Qt.ConnectionType.QueuedConnection)

    def start(
        self,
        kind: str,
        function: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[str], None] | None = None,
    ) -> None:
        """Run `function`; then call `done` with its result, or `failed` with a sentence."""
        self.forget(kind)
        self._pool.start(_Task(_Work(kind, self._newest[kind], function, done, failed), self))

    def forget(self, kind: str) -> None:
        """Drop the results of all work of this kind that is still under way."""
        self._newest[kind] = self._newest.get(kind, 0) + 1

    def wait(self) -> None:
        """Wait for all work to end, and drop its results."""
        for kind in list(self._newest):
            self.forget(kind)
        self._pool.clear()
        self._pool.waitForDone()

    def _arrive(self, work: _Work, found: object, trouble: str) -> None:
        if self._newest.get(work.kind) != work.number:
            return
        if not trouble:
            work.done(found)
        elif work.failed is not None:
            work.failed(trouble)
