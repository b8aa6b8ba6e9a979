"""What can be seen of a step while it works: the newest picture, and the cloud as it grows.

Each lies under one key that is written anew, so that the bytes kept stay few. The splat in training
is left out: it is too large to send every few seconds.
"""

from __future__ import annotations

import io
import logging
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from spaceport_app.cloud.layout import CLOUD, MOST_SIGHT_BYTES, PICTURE
from spaceport_app.events import Preview, Snapshot

Sight: TypeAlias = Preview | Snapshot

EVERY_S = 20.0

_log = logging.getLogger(__name__)


class Sights:
    """Keeps the newest of each kind, and puts it where it is looked at.

    Parameters
    ----------
    put : callable
        Puts bytes under a name; may raise, then the next one of its kind is tried.
    every_s : float
        Seconds between two of a kind, at least.
    clock : callable
        Seconds that only go forward.
    """

    def __init__(
        self,
        put: Callable[[str, bytes], None],
        every_s: float = EVERY_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._put = put
        self._every_s = every_s
        self._clock = clock
        self._lock = threading.Lock()
        self._newest: dict[str, tuple[str, Sight]] = {}
        self._next: dict[str, float] = {}

    def note(self, stage: str, event: Sight) -> None:
        """Take what a stage lets one see, in place of what it showed before."""
        if isinstance(event, Preview):
            name = PICTURE
        elif stage == "sfm":
            name = CLOUD
        else:
            return
        with self._lock:
            self._newest[name] = (stage, event)

    def put_due(self) -> list[tuple[str, Sight]]:
        """Put what is new and due; return each stage with its event, under its name there."""
        now = self._clock()
        with self._lock:
            due = {name for name in self._newest if now >= self._next.get(name, now)}
            taken = {name: self._newest.pop(name) for name in due}
        told: list[tuple[str, Sight]] = []
        for name, (stage, event) in taken.items():
            self._next[name] = now + self._every_s
            try:
                data = event.path.read_bytes() if name == PICTURE else _packed(event.path)
                if len(data) > MOST_SIGHT_BYTES:
                    _log.info("%s is too large to be shown: %d bytes", name, len(data))
                    continue
                self._put(name, data)
            except Exception as error:
                # It is for people who watch: the work goes on without.
                _log.warning("%s could not be put: %s", name, error)
                continue
            told.append((stage, replace(event, path=Path(name))))
        return told


def _packed(folder: Path) -> bytes:
    """Return the files of a folder as a zip."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder).as_posix())
    return packed.getvalue()
