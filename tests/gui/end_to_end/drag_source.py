"""Another program with a file to drag, as a file manager has: `drag_source.py PATH`."""

from __future__ import annotations

import json
import sys

from PySide6.QtCore import QMimeData, QPoint, Qt, QTimer, QUrl
from PySide6.QtGui import QDrag, QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel


class Source(QLabel):
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(sys.argv[1])])
        drag = QDrag(self)
        drag.setMimeData(data)
        drag.exec(Qt.DropAction.CopyAction)


app = QApplication(sys.argv)
source = Source("drag me")
source.setWindowFlags(Qt.WindowType.WindowStaysOnTopHint)
source.resize(180, 120)
source.move(10, 300)
source.show()


def tell() -> None:
    centre = source.mapToGlobal(QPoint(90, 60))
    print(json.dumps([centre.x(), centre.y()]), flush=True)


QTimer.singleShot(800, tell)
sys.exit(app.exec())
