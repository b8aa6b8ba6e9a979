"""What AWS lets one see of its work: the growing cloud, and the picture of the training."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from cloud.client.service import Service
from PIL import Image
from pytestqt.qtbot import QtBot

from gui.test_live import growing
from spaceport_app.gui.run.panel import StagePanel
from spaceport_app.gui.window import MainWindow
from spaceport_app.sfm import store

from .driving import LONG_MS, running, submit, waits


def packed(folder: Path) -> bytes:
    """Return a folder as the worker sends it."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in store.FILES:
            archive.write(folder / name, name)
    return data.getvalue()


def test_the_cloud_grows_in_the_flight_and_the_training_shows_its_picture(
    window: MainWindow, panel: StagePanel, results: Service, tmp_path: Path, qtbot: QtBot
) -> None:
    results.work = waits
    submit(window, panel, qtbot)
    job = running(panel, results, qtbot)
    job.step = "sfm"
    grown = growing(tmp_path / "grown")
    results.seen["cloud.zip"] = packed(grown)
    results.tell(job, "sfm", {"event": "snapshot", "path": "cloud.zip", "done": 6, "total": 9})
    live = window.workspace.tabs._live
    qtbot.waitUntil(lambda: live._growing is not None, timeout=LONG_MS)
    assert live._growing is not None
    assert {view.name for view in live._growing.views} == {
        view.name for view in store.read(grown).views
    }

    picture = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 30, 30)).save(picture, "JPEG")
    results.seen["preview.jpg"] = picture.getvalue()
    job.steps["sfm"] = {"state": "finished"}
    job.step = "3dgs"
    results.tell(job, "train", {"event": "preview", "path": "preview.jpg"})
    qtbot.waitUntil(
        lambda: (
            window.workspace.tabs.plots is not None
            and window.workspace.tabs.plots.picture.image.width() == 64
        ),
        timeout=LONG_MS,
    )
    window.leave()
