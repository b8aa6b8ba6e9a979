from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QComboBox
from pytestqt.qtbot import QtBot

from gui.flight.flights import photo_set, reconstruction
from spaceport_app.gui import theme
from spaceport_app.gui.flight import drawing, picking, poses
from spaceport_app.gui.flight.canvas import FlightCanvas
from spaceport_app.gui.flight.view import FlightView

LEFT_OUT = ("P03.png",)


@pytest.fixture
def view(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[FlightView]:
    """A flight of twelve photos, one of them left out."""
    theme.apply(qapp)
    view = FlightView()
    qtbot.addWidget(view)
    view.resize(800, 600)
    photos = photo_set(tmp_path)
    view.set_photos(photos)
    view.set_reconstruction(reconstruction(photos, LEFT_OUT))
    view.show()
    qtbot.waitUntil(
        lambda: view._canvas is not None and view._canvas._scene is not None, timeout=60_000
    )
    qtbot.waitUntil(lambda: canvas_of(view).resting, timeout=60_000)
    yield view
    view.stop()


def canvas_of(view: FlightView) -> FlightCanvas:
    assert view._canvas is not None
    return view._canvas


def pixel_of(view: FlightView, name: str) -> QPoint:
    """Return where a camera stands on the canvas."""
    canvas, scene = canvas_of(view), view._scene
    assert scene is not None
    width, height = canvas.width(), canvas.height()
    matrix = poses.clip_matrix(canvas.pose, width / height)
    x, y, _ = picking.project(scene.centres[scene.row(name)], matrix, width, height)
    return QPoint(round(x), round(y))


def test_a_click_on_a_camera_selects_its_photo(qtbot: QtBot, view: FlightView) -> None:
    with qtbot.waitSignal(view.selected) as told:
        qtbot.mouseClick(canvas_of(view), Qt.MouseButton.LeftButton, pos=pixel_of(view, "P05.png"))
    assert told.args == ["P05.png"]


def test_a_drag_turns_and_selects_nothing(qtbot: QtBot, view: FlightView) -> None:
    canvas = canvas_of(view)
    before = canvas.pose.eye
    where = pixel_of(view, "P05.png")
    with qtbot.assertNotEmitted(view.selected):
        qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=where)
        for step in (10, 40, 80):
            point = QPointF(where + QPoint(step, 0))
            event = QMouseEvent(
                QEvent.Type.MouseMove,
                point,
                canvas.mapToGlobal(point),
                Qt.MouseButton.NoButton,
                Qt.MouseButton.LeftButton,
                Qt.KeyboardModifier.NoModifier,
            )
            QApplication.sendEvent(canvas, event)
        qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=where + QPoint(80, 0))
    assert np.linalg.norm(canvas.pose.eye - before) > 1.0


def test_a_double_click_flies_to_the_camera(qtbot: QtBot, view: FlightView) -> None:
    canvas, scene = canvas_of(view), view._scene
    assert scene is not None
    where = pixel_of(view, "P06.png")
    with qtbot.waitSignal(view.activated) as told:
        qtbot.mouseDClick(canvas, Qt.MouseButton.LeftButton, pos=where)
    assert told.args == ["P06.png"]
    target = scene.centres[scene.row("P06.png")]
    qtbot.waitUntil(lambda: np.linalg.norm(canvas.pose.eye - target) < 6 * scene.frustum_length)


def test_selecting_from_outside_tells_nothing_and_says_the_height(
    qtbot: QtBot, view: FlightView
) -> None:
    with qtbot.assertNotEmitted(view.selected):
        view.select("P02.png")
    assert "P02.png · 40.0 m above take-off" in view._facts.toolTip()


def test_the_photo_of_the_selected_camera_is_read(qtbot: QtBot, view: FlightView) -> None:
    view.select("P05.png")
    qtbot.waitUntil(lambda: view._picture is not None)
    assert view._picture is not None
    name, pixels = view._picture
    assert name == "P05.png"
    assert (pixels == [200, 40, 40]).all()


def cloud_pixels(view: FlightView) -> int:
    """Return how many pixels of the view's picture are of the cloud."""
    image = canvas_of(view).grab().toImage()
    grey = QColor("#c8c8c8").rgb()
    return sum(
        image.pixel(x, y) == grey for y in range(image.height()) for x in range(image.width())
    )


def test_a_switched_off_layer_is_gone_and_comes_back(qtbot: QtBot, view: FlightView) -> None:
    action = next(a for a in view._tools._layer_menu.actions() if a.text() == "Point cloud")
    whole = cloud_pixels(view)
    assert whole > 50
    for visible in (False, True):
        action.trigger()
        qtbot.waitUntil(lambda: canvas_of(view).resting)
        assert cloud_pixels(view) == (whole if visible else 0)


def test_what_is_switched_off_stays_off_with_new_results(qtbot: QtBot, view: FlightView) -> None:
    next(a for a in view._tools._layer_menu.actions() if a.text() == "Track").trigger()
    before = view._scene
    view.set_reconstruction(None)
    qtbot.waitUntil(lambda: view._scene is not before)
    seen: list[list[bool]] = []
    canvas_of(view).change(
        lambda layers: seen.append([bool(a.GetVisibility()) for a in layers._actors["track"]])
    )
    qtbot.waitUntil(lambda: bool(seen))
    assert seen == [[False]]


def test_the_picture_shows_the_cameras_where_a_click_finds_them(view: FlightView) -> None:
    canvas, scene = canvas_of(view), view._scene
    assert scene is not None
    image = canvas.grab().toImage()
    background = QColor(theme.current().background).rgb()
    for name in scene.names:
        where = pixel_of(view, name)
        assert image.pixel(where) != background
        assert canvas.camera_at(QPointF(where)) == scene.row(name)


def test_the_picture_is_saved_as_it_is_seen(qtbot: QtBot, view: FlightView, tmp_path: Path) -> None:
    canvas = canvas_of(view)
    canvas.screenshot(tmp_path / "flight.png")
    assert QImage(str(tmp_path / "flight.png")).size() == canvas.size()
    with pytest.raises(OSError, match="cannot be written"):
        canvas.screenshot(tmp_path / "missing" / "flight.png")


def test_a_moved_view_comes_to_rest_as_one_that_stood_there(qtbot: QtBot, view: FlightView) -> None:
    canvas = canvas_of(view)
    before = canvas.grab().toImage()
    qtbot.keyClick(canvas, Qt.Key.Key_Left)
    assert not canvas.resting
    qtbot.waitUntil(lambda: canvas.resting)
    assert canvas.grab().toImage() != before
    qtbot.keyClick(canvas, Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: canvas._way is None and canvas.resting)
    assert canvas.grab().toImage() == before


def test_a_window_without_a_graphics_driver_says_so(
    qtbot: QtBot, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise RuntimeError("no OpenGL here")

    monkeypatch.setattr(drawing, "Offscreen", refuse)
    view = FlightView()
    qtbot.addWidget(view)
    view.show()
    qtbot.waitUntil(lambda: "no OpenGL here" in view._message.text())
    assert view._pages.currentWidget() is view._message
    view.stop()


def test_extra_values_can_be_chosen_and_have_their_unit(view: FlightView) -> None:
    box = view.findChild(QComboBox)
    view.set_values("Held-out PSNR, dB", {"P04.png": 21.5, "P05.png": 24.0})
    box.setCurrentIndex(box.findText("Held-out PSNR"))
    box.activated.emit(box.currentIndex())
    assert (view._bar._low, view._bar._high) == ("21.5 dB", "24.0 dB")
    view.select("P04.png")
    assert "Held-out PSNR 21.5 dB" in view._facts.toolTip()


def test_values_of_photos_that_are_not_there_are_not_offered(view: FlightView) -> None:
    view.set_values("Overlap", {"other.png": 1.0})
    assert view.findChild(QComboBox).findText("Overlap") < 0


def test_the_wheel_comes_nearer(view: FlightView) -> None:
    canvas = canvas_of(view)
    before = np.linalg.norm(canvas.pose.eye - canvas.pose.target)
    middle = QPointF(canvas.rect().center())
    event = QWheelEvent(
        middle,
        canvas.mapToGlobal(middle),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, event)
    assert np.linalg.norm(canvas.pose.eye - canvas.pose.target) < before


def test_presets_look_from_above_and_keys_move(qtbot: QtBot, view: FlightView) -> None:
    canvas = canvas_of(view)
    next(a for a in view._tools._presets.actions() if a.text() == "Top").trigger()
    qtbot.waitUntil(lambda: canvas._way is None)
    np.testing.assert_allclose(canvas.pose.up, [0, 1, 0], atol=1e-9)
    before = canvas.pose.target
    qtbot.keyClick(canvas, Qt.Key.Key_Left)
    assert np.linalg.norm(canvas.pose.target - before) > 0.1


def test_clear_says_what_to_do(qtbot: QtBot, view: FlightView) -> None:
    view.clear()
    assert view._message.text() == "Add photos to see where they were taken."
    assert view._pages.currentWidget() is view._message
    assert not view._tools._shoot.isEnabled()


def test_photos_without_places_are_told_so(qtbot: QtBot, view: FlightView) -> None:
    view.set_reconstruction(None)
    view.set_photos(photo_set(gps=False))
    qtbot.waitUntil(lambda: view._scene is None)
    assert "no GPS position" in view._message.text()
