"""Picture files for the window, read as JPEG or PNG and as nothing else.

Qt would try every format that a plugin knows, by content and not by name, and waits for a pipe.
"""

from __future__ import annotations

import logging
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QImage, QImageReader

from spaceport_app import inside

_MOST_BYTES = 1 << 28
_BEGINNINGS = {b"\xff\xd8\xff": b"jpeg", b"\x89PNG\r\n\x1a\n": b"png"}

_log = logging.getLogger(__name__)


def read(path: Path, at_least: QSize | None = None) -> QImage:
    """Return a picture, upright; null if it cannot be read. Links are not followed. Any thread.

    Parameters
    ----------
    path : Path
    at_least : QSize, optional
        The size that it is going to fill; a larger one is decoded smaller.
    """
    try:
        data = inside.read_regular(path, _MOST_BYTES, follow=False)
    except (OSError, inside.OutsideError) as error:
        # A stage replaces its picture in one step, and it is gone once the stage has ended.
        _log.debug("no picture at %s: %s", path, error)
        return QImage()
    kind = next((kind for begin, kind in _BEGINNINGS.items() if data.startswith(begin)), None)
    if kind is None:
        _log.info("%s is no picture", path)
        return QImage()
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer, kind)
    reader.setAutoDetectImageFormat(False)
    reader.setAutoTransform(True)
    size = reader.size()
    if at_least is not None and size.isValid():
        reader.setScaledSize(size.scaled(at_least, Qt.AspectRatioMode.KeepAspectRatioByExpanding))
    image = reader.read()
    if image.isNull():
        _log.info("%s cannot be read: %s", path, reader.errorString())
    return image
