"""Thumbnails decoded in the background, the ones in sight first, in a cache that is bounded."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from pathlib import Path

from PySide6.QtCore import QObject, QRunnable, QThread, QThreadPool, Signal
from PySide6.QtGui import QImage

from spaceport_app.photos.decode import UndecodableError

_log = logging.getLogger(__name__)

SIDE = 256
"""Longer side of a thumbnail in units of the screen: the widest cell of the list."""

_LARGEST = 512
_CACHE_BYTES = 20 << 20
_WAITING = 96
"""Requests that wait at most; older ones are of rows that were scrolled out of sight."""
_THREADS = 1
"""More decode no faster, because they take turns, and make the window late: p95 11 ms, not 4."""


class Thumbnails(QObject):
    """Gives thumbnails that are there and decodes those that are not.

    `ready` tells the path of a photo whose picture, or the news that it has none, has arrived.
    """

    ready = Signal(str)

    def __init__(
        self,
        parent: QObject | None = None,
        cache_bytes: int = _CACHE_BYTES,
        pixel_ratio: float = 1.0,
    ) -> None:
        super().__init__(parent)
        self.side = min(round(SIDE * pixel_ratio), _LARGEST)
        self._limit = cache_bytes
        self._bytes = 0
        self._pictures: OrderedDict[Path, QImage] = OrderedDict()
        self._broken: set[Path] = set()
        self._wanted: OrderedDict[Path, None] = OrderedDict()
        self._decoding: set[Path] = set()
        self._lock = threading.Lock()
        self._workers = 0
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(_THREADS)
        self._pool.setThreadPriority(QThread.Priority.LowPriority)

    @property
    def cached_bytes(self) -> int:
        """Bytes of decoded thumbnails that are kept."""
        return self._bytes

    def get(self, path: Path) -> QImage | None:
        """Return the thumbnail of a photo, or None and decode it; the last one asked is next."""
        with self._lock:
            picture = self._pictures.get(path)
            if picture is not None:
                self._pictures.move_to_end(path)
                return picture
            if path in self._broken or path in self._decoding:
                return None
            self._wanted[path] = None
            self._wanted.move_to_end(path)
            if len(self._wanted) > _WAITING:
                self._wanted.popitem(last=False)
            start = self._workers < _THREADS
            self._workers += start
        if start:
            self._pool.start(_Decoder(self))
        return None

    def broken(self, path: Path) -> bool:
        """Return whether a photo was found to have no picture."""
        return path in self._broken

    def clear(self) -> None:
        """Forget all pictures and requests; what is being decoded is thrown away."""
        with self._lock:
            self._wanted.clear()
            self._pictures.clear()
            self._broken.clear()
            self._decoding.clear()
            self._bytes = 0

    def stop(self) -> None:
        """Wait for the pictures that are being decoded and start no other."""
        with self._lock:
            self._wanted.clear()
        self._pool.waitForDone()

    def take(self) -> Path | None:
        """Return the photo to decode next, or None where the worker may end."""
        with self._lock:
            if not self._wanted:
                self._workers -= 1
                return None
            path, _ = self._wanted.popitem(last=True)
            self._decoding.add(path)
            return path

    def put(self, path: Path, picture: QImage | None) -> None:
        """Keep a decoded thumbnail, or that there is none, and tell so."""
        with self._lock:
            if path not in self._decoding:
                return
            self._decoding.discard(path)
            if picture is None:
                self._broken.add(path)
            else:
                self._pictures[path] = picture
                self._bytes += picture.sizeInBytes()
                while self._bytes > self._limit and len(self._pictures) > 1:
                    _, oldest = self._pictures.popitem(last=False)
                    self._bytes -= oldest.sizeInBytes()
        try:
            self.ready.emit(str(path))
        except RuntimeError:
            _log.debug("a thumbnail came after the window was closed")


class _Decoder(QRunnable):
    """Decodes until nothing is wanted any more."""

    def __init__(self, owner: Thumbnails) -> None:
        super().__init__()
        self._owner = owner

    def run(self) -> None:
        while (path := self._owner.take()) is not None:
            self._owner.put(path, _decode(path, self._owner.side))


def _decode(path: Path, side: int) -> QImage | None:
    from spaceport_app.gui.photos.pictures import small_picture

    try:
        picture = small_picture(path, side)
    except (UndecodableError, OSError) as error:
        _log.info("no thumbnail of %s: %s", path.name, error)
        return None
    except Exception:
        # Decoders fail with almost any exception on damaged files, and a worker must live on.
        _log.warning("no thumbnail of %s", path.name, exc_info=True)
        return None
    data = picture.tobytes()
    width, height = picture.size
    # The copy owns its pixels; the bytes go away with this frame.
    return QImage(data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
