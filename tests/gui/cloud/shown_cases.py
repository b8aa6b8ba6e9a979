"""The splat view on a project whose results came from AWS: `shown_cases.py PROJECT GAUSSIANS`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import waiting
from edit_cases import bright, opened, stay

from spaceport_app.gui import places
from spaceport_app.gui.app import make_application


def main(folder: Path, gaussians: int) -> None:
    places.settings_folder = lambda: folder.parent / "settings"
    application = make_application()
    window, view = opened(folder)
    assert stay(view) == gaussians
    assert bright(view) > 0.02
    window.leave()
    waiting.ended(window)
    application.processEvents()
    # Without Python's end, in which OpenGL's contexts go in any order.
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
