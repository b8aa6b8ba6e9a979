from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from spaceport_app.errors import StageError
from spaceport_app.gui.report.facts import gather
from spaceport_app.gui.report.html import page, write
from spaceport_app.gui.report.tab import ReportTab
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project

from ..finished import make


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make(tmp_path / "x.spaceport")


def test_tells_what_each_stage_measured(project: Project) -> None:
    report = gather(project)
    assert "29 of 30 photos found their place" in report.lead
    assert "59,037 Gaussians in 988.6 kB" in report.lead
    sections = {section.heading: section for section in report.sections}
    assert ("Residual to GPS", "0.27 m horizontal, 0.46 m vertical") in sections[
        "Camera positions"
    ].table
    assert (
        "a.jpg was left out: It matched too few others." in sections["Camera positions"].sentences
    )
    assert sections["Splat"].pairs[0].psnr_db == 24.56
    assert len(sections["Time and memory"].table) == 6
    assert "x.sog" in dict(sections["Exported files"].table)
    assert str(project.folder.parent) not in page(report)


def test_the_page_stands_alone_and_escapes_names(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write(path, gather(project))
    text = path.read_text(encoding="utf-8")
    assert "Sample &lt;Drone&gt;" in text
    assert not re.search(r'(src|href)="(?!data:)', text)
    pictures = re.findall(r"data:image/jpeg;base64,([^\"]+)", text)
    assert len(pictures) == 2
    with Image.open(io.BytesIO(base64.b64decode(pictures[1]))) as picture:
        assert picture.size == (64, 48)
        assert abs(picture.getpixel((5, 5))[0] - 150) < 5
    HTMLParser().feed(text)


def test_a_report_that_cannot_be_written_says_so(project: Project, tmp_path: Path) -> None:
    with pytest.raises(StageError):
        write(tmp_path / "nowhere" / "report.html", gather(project))


def test_an_empty_project_has_a_report_too(tmp_path: Path, qtbot: QtBot) -> None:
    empty = Project.create(tmp_path / "y.spaceport", (tmp_path,), Settings())
    report = gather(empty)
    assert report.sections == ()
    assert "Nothing has been done yet" in page(report)


def test_the_tab_shows_sections_and_pictures(project: Project, qtbot: QtBot) -> None:
    tab = ReportTab()
    qtbot.addWidget(tab)
    tab.resize(900, 600)
    tab.show()
    tab.show_report(gather(project))
    words = [label.text() for label in tab.findChildren(QLabel)]
    assert "29 of 30" in words
    assert "b.jpg: PSNR 24.56 dB, SSIM 0.663" in words
    tab.clear()
    assert tab.findChildren(QLabel) == []
