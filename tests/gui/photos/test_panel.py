from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QListView
from pytestqt.qtbot import QtBot

from gui.photos.builders import photo, photos
from spaceport_app.gui.photos.list_model import ENTRY_ROLE, PICTURE_ROLE
from spaceport_app.gui.photos.panel import PhotoPanel
from spaceport_app.gui.photos.thumbnails import Thumbnails


@pytest.fixture
def panel(qtbot: QtBot, tmp_path: Path) -> Iterator[PhotoPanel]:
    """Six photos, one of them blurred and one unreadable file."""
    panel = PhotoPanel()
    qtbot.addWidget(panel)
    panel.resize(340, 700)
    listed = []
    for number in range(6):
        path = tmp_path / f"IMG_{number}.png"
        Image.new("RGB", (64, 48), (40 * number, 80, 0)).save(path)
        codes = ("blurred",) if number == 2 else ()
        listed.append(photo(path.name, *codes, path=path, sharpness=float(6 - number)))
    panel.set_photos(photos(*listed, unreadable=("broken.jpg",)))
    panel.show()
    qtbot.waitExposed(panel)
    yield panel
    panel.stop()


def names(panel: PhotoPanel) -> list[str]:
    model = view_of(panel).model()
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def view_of(panel: PhotoPanel) -> QListView:
    return panel.findChild(QListView, "photos")


def box(panel: PhotoPanel, accessible: str) -> QComboBox:
    return next(b for b in panel.findChildren(QComboBox) if b.accessibleName() == accessible)


def choose(combo: QComboBox, key: str) -> None:
    combo.setCurrentIndex(combo.findData(key))
    combo.activated.emit(combo.currentIndex())


def test_a_click_selects_and_tells(qtbot: QtBot, panel: PhotoPanel) -> None:
    view = view_of(panel)
    where = view.visualRect(view.model().index(3, 0)).center()
    with qtbot.waitSignal(panel.selected) as told:
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert told.args == [names(panel)[3]]


def test_a_double_click_activates(qtbot: QtBot, panel: PhotoPanel) -> None:
    view = view_of(panel)
    where = view.visualRect(view.model().index(1, 0)).center()
    with qtbot.waitSignal(panel.activated) as told:
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=where)
        qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert told.args == [names(panel)[1]]


def test_selecting_from_outside_tells_nothing(qtbot: QtBot, panel: PhotoPanel) -> None:
    with qtbot.assertNotEmitted(panel.selected):
        panel.select("IMG_4.png")
    assert view_of(panel).currentIndex().data() == "IMG_4.png"


def test_selecting_a_hidden_photo_shows_all_again(panel: PhotoPanel) -> None:
    choose(box(panel, "Which photos to show"), "blurred")
    assert names(panel) == ["IMG_2.png"]
    panel.select("IMG_5.png")
    assert view_of(panel).currentIndex().data() == "IMG_5.png"
    assert len(names(panel)) == 7


def test_order_keeps_the_selected_photo(panel: PhotoPanel) -> None:
    panel.select("IMG_1.png")
    choose(box(panel, "Order of the photos"), "sharpness")
    assert names(panel)[0] == "IMG_5.png"
    assert view_of(panel).currentIndex().data() == "IMG_1.png"


def test_search_waits_for_a_pause_in_typing(qtbot: QtBot, panel: PhotoPanel) -> None:
    qtbot.keyClicks(panel.findChild(QLineEdit), "img_3")
    qtbot.waitUntil(lambda: names(panel) == ["IMG_3.png"])


def test_delete_takes_the_selected_out_and_space_in_again(qtbot: QtBot, panel: PhotoPanel) -> None:
    view = view_of(panel)
    view.setFocus()
    panel.select("IMG_1.png")
    with qtbot.waitSignal(panel.excluded_changed) as told:
        qtbot.keyClick(view, Qt.Key.Key_Delete)
    assert told.args == [frozenset({"IMG_1.png"})]
    assert "5 used" in panel.findChild(QLabel, "photoSummary").text()
    with qtbot.waitSignal(panel.excluded_changed) as told:
        qtbot.keyClick(view, Qt.Key.Key_Space)
    assert told.args == [frozenset()]


def test_the_check_mark_takes_out_without_selecting(qtbot: QtBot, panel: PhotoPanel) -> None:
    view = view_of(panel)
    index = view.model().index(2, 0)
    corner = view.visualRect(index).topRight() + QPoint(-15, 17)
    with qtbot.assertNotEmitted(panel.selected), qtbot.waitSignal(panel.excluded_changed) as told:
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=corner)
    assert told.args == [frozenset({index.data()})]


def test_setting_photos_tells_no_change_by_hand(qtbot: QtBot, panel: PhotoPanel) -> None:
    with qtbot.assertNotEmitted(panel.excluded_changed):
        panel.set_photos(photos(photo("a.jpg", "excluded", used=False), photo("b.jpg")))


def test_photos_left_out_by_the_reconstruction_wear_a_badge(panel: PhotoPanel) -> None:
    panel.set_left_out({"IMG_3.png": "It doesn't overlap enough."})
    model = view_of(panel).model()
    entry = next(
        model.index(row, 0).data(ENTRY_ROLE)
        for row in range(model.rowCount())
        if model.index(row, 0).data() == "IMG_3.png"
    )
    assert [mark.label for mark in entry.marks] == ["Not placed"]
    choose(box(panel, "Which photos to show"), "not_placed")
    assert names(panel) == ["IMG_3.png"]


def test_thumbnails_come_into_the_list(qtbot: QtBot, panel: PhotoPanel) -> None:
    model = view_of(panel).model()
    index = next(
        model.index(row, 0) for row in range(7) if model.index(row, 0).data() == "IMG_5.png"
    )
    qtbot.waitUntil(lambda: index.data(PICTURE_ROLE) is not None)
    assert index.data(PICTURE_ROLE).pixelColor(5, 5).red() == 200
    painted = panel.grab().toImage()
    centre = view_of(panel).viewport().mapTo(panel, view_of(panel).visualRect(index).center())
    assert painted.pixelColor(centre).red() == 200


def test_clear_leaves_nothing(panel: PhotoPanel) -> None:
    panel.clear()
    assert names(panel) == []
    assert panel.findChild(QLabel, "photoSummary").text() == ""


def test_two_thousand_photos_ask_for_few_pictures(qtbot: QtBot, panel: PhotoPanel) -> None:
    panel.set_photos(photos(*(photo(f"{number:04}.jpg") for number in range(2000))))
    assert len(names(panel)) == 2000
    panel.grab()
    wanted = panel._thumbnails
    assert len(wanted._wanted) + len(wanted._broken) + len(wanted._decoding) < 100


def test_typing_finds_a_name_by_its_number(qtbot: QtBot, panel: PhotoPanel) -> None:
    view = view_of(panel)
    view.setFocus()
    for text, found in (("4", "IMG_4.png"), ("5", "IMG_5.png"), ("zz", "IMG_5.png")):
        view._typed_at = None
        for letter in text:
            view.keyboardSearch(letter)
        assert view.currentIndex().data() == found
    view._typed_at = None
    for letter in "g_1":
        view.keyboardSearch(letter)
    assert view.currentIndex().data() == "IMG_1.png"


def test_return_goes_there_and_space_takes_out_and_in(qtbot: QtBot, panel: PhotoPanel) -> None:
    view = view_of(panel)
    panel.activateWindow()
    view.setFocus()
    qtbot.waitUntil(view.hasFocus)
    view.setCurrentIndex(view.model().index(names(panel).index("IMG_3.png"), 0))
    with qtbot.waitSignal(panel.activated) as told:
        qtbot.keyClick(view, Qt.Key.Key_Return)
    assert told.args == ["IMG_3.png"]
    for out in (frozenset({"IMG_3.png"}), frozenset()):
        with qtbot.waitSignal(panel.excluded_changed) as changed:
            qtbot.keyClick(view, Qt.Key.Key_Space)
        assert changed.args == [out]
    qtbot.keyClick(view, Qt.Key.Key_Left)
    assert view.currentIndex().data() == "IMG_2.png"


def test_while_stages_work_no_photo_is_taken_out(qtbot: QtBot, panel: PhotoPanel) -> None:
    panel.lock(True)
    with qtbot.assertNotEmitted(panel.excluded_changed):
        panel.exclude(["IMG_1.png"], True)
    assert not any(entry.changeable for entry in panel.listing.entries)
    panel.lock(False)
    with qtbot.waitSignal(panel.excluded_changed):
        panel.exclude(["IMG_1.png"], True)


def test_ctrl_f_goes_to_the_search_field(qtbot: QtBot, panel: PhotoPanel) -> None:
    panel.activateWindow()
    view_of(panel).setFocus()
    qtbot.waitUntil(view_of(panel).hasFocus)
    qtbot.keyClick(view_of(panel), Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert panel.search_field.hasFocus()


def test_thumbnails_have_the_pixels_of_the_screen(qtbot: QtBot, tmp_path: Path) -> None:
    assert Thumbnails().side == 256
    assert Thumbnails(pixel_ratio=2.0).side == 512
    assert Thumbnails(pixel_ratio=3.0).side == 512


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_pictures_are_painted_pixel_by_pixel_at_any_scale(
    qtbot: QtBot, panel: PhotoPanel, ratio: float
) -> None:
    delegate = view_of(panel).itemDelegate()
    stripes = np.zeros((400, 400, 3), np.uint8)
    stripes[:, ::2] = 255
    size = QSize(100, 100)
    side = round(100 * ratio)
    picture = QImage(
        np.ascontiguousarray(stripes[:side, :side]).tobytes(),
        side,
        side,
        3 * side,
        QImage.Format.Format_RGB888,
    ).copy()
    image = QImage(side, side, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    painter = QPainter(image)
    cut = delegate._cut_out(picture, size, painter)
    painter.drawPixmap(QPoint(0, 0), cut)
    painter.end()
    row = [image.pixelColor(x, side // 2).red() for x in range(20, side - 20)]
    assert set(row) == {0, 255}, "neither smoothed nor shifted by half a pixel"


def test_any_set_of_photos_is_listed(qtbot: QtBot, panel: PhotoPanel, tmp_path: Path) -> None:
    one = photo("only.jpg", path=tmp_path / "gone.jpg")
    mixed = [photo(f"{k}.jpg", path=tmp_path / f"{k}.jpg") for k in range(3)]
    mixed[1] = replace(mixed[1], camera="another", width=640, height=480)
    out = [photo(f"{k}.jpg", "excluded", path=tmp_path / f"{k}.jpg") for k in range(3)]
    for found, words in (
        (photos(one), "1 photo"),
        (photos(*mixed), "2 cameras"),
        (photos(*out), "3 photos, 0 used"),
        (photos(unreadable=("a.jpg", "b.jpg")), "2 photos, 0 used"),
    ):
        panel.set_photos(found)
        assert words in panel.findChild(QLabel, "photoSummary").text()
        view = view_of(panel)
        assert len(names(panel)) == len(panel.listing.entries) > 0
        # Painted, whatever is missing, and the file that is not there is marked.
        assert not view.grab().isNull()
    panel.set_photos(photos(one))
    view_of(panel).grab()
    qtbot.waitUntil(lambda: panel._thumbnails.broken(one.path))
