from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from spaceport_app.gui import theme
from spaceport_app.gui.run.pill_line import PillLine


def drawn(line: PillLine, ratio: float) -> QImage:
    """Draw the line as a screen of `ratio` pixels a unit shows it."""
    image = QImage(
        round(line.width() * ratio), round(line.height() * ratio), QImage.Format.Format_ARGB32
    )
    image.setDevicePixelRatio(ratio)
    image.fill(QColor(theme.current().panel))
    line.render(image)
    return image


@pytest.fixture
def line(themed: QApplication, qtbot: Any) -> PillLine:
    theme.choose("dark")
    line = PillLine()
    qtbot.addWidget(line)
    line.resize(200, 12)
    return line


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.5, 1.0])
def test_the_pill_is_as_long_as_the_work_done(line: PillLine, fraction: float) -> None:
    line.show_fraction(fraction)
    image = drawn(line, 1.0)
    white = [x for x in range(200) if image.pixelColor(x, 6) == QColor(theme.current().pill)]
    assert len(white) == pytest.approx(8 + fraction * 192 if fraction else 0, abs=3)


def test_a_stage_at_work_shows_a_dot_before_anything_is_done(line: PillLine) -> None:
    line.show_fraction(0.0, active=True)
    assert drawn(line, 1.0).pixelColor(4, 6) == QColor(theme.current().pill)


def test_a_failure_is_red_over_the_whole_line(line: PillLine) -> None:
    line.show_fraction(0.3, failed=True)
    image = drawn(line, 1.0)
    red = QColor(theme.current().error)
    assert image.pixelColor(20, 6) == red
    assert image.pixelColor(190, 6) == red


@pytest.mark.parametrize("ratio", [1.0, 1.25, 1.5, 1.75, 2.0, 3.0])
def test_edges_lie_on_whole_pixels_at_any_scale(line: PillLine, ratio: float) -> None:
    line.show_fraction(0.37)
    for rect in line.rects(ratio):
        for edge in (rect.top(), rect.bottom(), rect.right()):
            assert edge * ratio == pytest.approx(round(edge * ratio), abs=1e-6)
    track, pill = line.rects(ratio)
    assert track.center().y() == pytest.approx(pill.center().y())


@pytest.mark.parametrize("ratio", [1.25, 1.5, 1.75])
def test_edges_lie_on_whole_pixels_wherever_it_stands(line: PillLine, ratio: float) -> None:
    line.show_fraction(0.37)
    for x, y in ((1.0, 3.0), (2.0, 5.0), (7.0, 2.0)):
        for rect in line.rects(ratio, QPointF(x, y)):
            for edge in (rect.left() + x, rect.right() + x, rect.top() + y, rect.bottom() + y):
                assert edge * ratio == pytest.approx(round(edge * ratio), abs=1e-6)
            assert rect.left() >= 0 and rect.right() <= line.width()


@pytest.mark.parametrize("look", ["light", "dark"])
def test_the_pill_stands_out_from_the_ground_and_has_no_hollow_middle(
    line: PillLine, look: str
) -> None:
    theme.choose(look)
    line.show_fraction(0.5)
    image = drawn(line, 2.0)
    column = [image.pixelColor(100, y) for y in range(image.height())]
    fill = QColor(theme.current().pill)
    inside = [y for y, colour in enumerate(column) if colour == fill]
    assert len(inside) == 16 and inside == list(range(inside[0], inside[0] + 16))
    assert abs(fill.lightness() - QColor(theme.current().panel).lightness()) > 128


def test_what_it_shows_can_be_heard(line: PillLine) -> None:
    line.show_fraction(0.42)
    assert line.accessibleDescription() == "42% done"
    line.show_fraction(0.42, failed=True)
    assert line.accessibleDescription() == "failed"
