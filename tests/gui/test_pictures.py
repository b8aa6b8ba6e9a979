from __future__ import annotations

import os
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QLabel

from spaceport_app.gui import pictures
from spaceport_app.gui.report.facts import Pair, Report, Section
from spaceport_app.gui.report.tab import ReportTab
from spaceport_app.gui.start.card import read_picture

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48"><rect width="9"/></svg>'


def saved(path: Path, format: str) -> Path:
    image = QImage(64, 48, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    assert image.save(str(path), format)
    return path


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_what_spaceport_writes_is_shown_whatever_it_is_called(tmp_path: Path, format: str) -> None:
    path = saved(tmp_path / "a.jpg", format)
    image = pictures.read(path)
    assert image.size() == QSize(64, 48) and image.pixelColor(9, 9).red() > 250
    assert pictures.read(path, QSize(16, 16)).height() == 16


@pytest.mark.parametrize("format", ["BMP", "PPM", "XPM", "XBM", "ICO", "WEBP", "GIF", "TIFF"])
def test_no_other_format_is_tried(tmp_path: Path, format: str) -> None:
    path = tmp_path / "a.png"
    image = QImage(64, 48, QImage.Format.Format_RGB32)
    if not image.save(str(path), format):
        pytest.skip(f"this Qt writes no {format}")
    assert pictures.read(path).isNull() and read_picture(path).isNull()


def test_no_drawing_and_nothing_outside_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(SVG)
    assert pictures.read(path).isNull() and read_picture(path).isNull()
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + SVG)
    assert pictures.read(path).isNull()
    path.unlink()
    path.symlink_to(saved(tmp_path / "private.png", "PNG"))
    assert pictures.read(path).isNull() and read_picture(path).isNull()
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.png")
        assert pictures.read(tmp_path / "pipe.png").isNull()
        assert read_picture(tmp_path / "pipe.png").isNull()


def test_a_report_says_which_pictures_cannot_be_read(tmp_path: Path, qtbot: object) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(SVG)
    pair = Pair("A", path, saved(tmp_path / "b.png", "PNG"), 20.0, 0.9)
    tab = ReportTab()
    tab.show_report(Report("R", "l", (Section("S", (), (), (pair,)),)))
    words = [label.text() for label in tab.findChildren(QLabel)]
    assert "Photo A cannot be read." in words
    assert "Splat from the camera of A cannot be read." not in words
