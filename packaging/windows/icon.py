"""Makes spaceport.ico of resources/icon.svg, with PySide6: ``python packaging/windows/icon.py``."""

from __future__ import annotations

import io
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ICON = Path(__file__).parent / "spaceport.ico"
SIZES = (16, 24, 32, 48, 64, 128, 256)


def main() -> None:
    """Draw the icon in all its sizes and write the file."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PIL import Image
    from PySide6.QtCore import QBuffer, QIODevice
    from PySide6.QtGui import QGuiApplication, QIcon

    app = QGuiApplication([])
    icon = QIcon(str(ROOT / "resources" / "icon.svg"))
    pictures = []
    for size in SIZES:
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        icon.pixmap(size, size).save(buffer, "PNG")
        pictures.append(Image.open(io.BytesIO(bytes(buffer.data().data()))).convert("RGBA"))
    largest = pictures.pop()
    sizes = [(size, size) for size in SIZES]
    largest.save(ICON, format="ICO", sizes=sizes, append_images=pictures)
    del app


if __name__ == "__main__":
    main()
