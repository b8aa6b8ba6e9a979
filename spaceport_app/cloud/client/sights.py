"""Fetches what can be seen of a job while it works: a picture, or the cloud as it grows."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from pathlib import Path

import httpx

from spaceport_app import atomic, removing, unzip
from spaceport_app.cloud.client import storage
from spaceport_app.cloud.client.answers import CloudEvent
from spaceport_app.cloud.client.crew import Crew
from spaceport_app.cloud.layout import MOST_SIGHT_BYTES
from spaceport_app.events import Preview, Snapshot
from spaceport_app.sfm import store
from spaceport_app.unzip import ZipError

_KEPT = 2
"""Clouds on disk: the newest, and the one that may just be read."""
_MOST_UNPACKED = 8 * MOST_SIGHT_BYTES

_log = logging.getLogger(__name__)


class Sights:
    """Fetches into a folder; what does not come is left out, for a newer one follows.

    Parameters
    ----------
    folder : Path
        Made when something comes.
    halted : threading.Event
        When it is set, waiting ends.
    """

    def __init__(self, folder: Path, halted: threading.Event) -> None:
        self._folder = folder
        self._halted = halted

    def fetch(self, item: CloudEvent) -> Preview | Snapshot | None:
        """Return the event with a path on this computer, or None.

        Raises
        ------
        Halted
            If waiting is to end.
        """
        if not isinstance(item.event, Preview | Snapshot) or not item.url:
            return None
        found: list[bytes] = []

        def turn() -> bool:
            found.append(_get(item.url))
            return False

        try:
            Crew(self._halted).run("picture from AWS", 1, turn, lambda: None)
            self._folder.mkdir(parents=True, exist_ok=True)
            if isinstance(item.event, Preview):
                path = self._folder / "preview.jpg"
                atomic.write_bytes(path, found[0])
            else:
                path = self._unpack(found[0], item.number)
        except (httpx.HTTPError, OSError, ValueError, ZipError) as error:
            _log.info("what can be seen did not come: %s", type(error).__name__)
            return None
        return replace(item.event, path=path)

    def clear(self) -> None:
        """Remove all that came."""
        removing.try_to_remove(self._folder)

    def _unpack(self, data: bytes, number: int) -> Path:
        partial = self._folder / ".cloud"
        removing.try_to_remove(partial)
        archive = self._folder / "cloud.zip"
        atomic.write_bytes(archive, data)
        with unzip.opened(archive) as file:
            infos = [info for info in file.infolist() if info.filename in store.FILES]
            if sum(info.file_size for info in infos) > _MOST_UNPACKED:
                raise ValueError("the cloud is too large")
            for info in infos:
                target = partial / info.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(unzip.read(file, info))
        archive.unlink()
        folder = self._folder / f"cloud-{number:09d}"
        removing.try_to_remove(folder)
        partial.rename(folder)
        for old in sorted(self._folder.glob("cloud-*"))[:-_KEPT]:
            removing.try_to_remove(old)
        return folder


def _get(url: str) -> bytes:
    """Fetch an object that is not too large.

    Raises
    ------
    httpx.HTTPError, ValueError
        If it does not come, or is larger.
    """
    with storage.client(1) as client:
        answer = client.get(url, headers={"range": f"bytes=0-{MOST_SIGHT_BYTES}"})
        answer.raise_for_status()
        if len(answer.content) > MOST_SIGHT_BYTES:
            raise ValueError("too large")
        return answer.content
