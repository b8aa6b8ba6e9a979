"""Words are shown as they are written; the sources make labels, boxes and tips in one place."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtGui import Qt as Text
from PySide6.QtWidgets import QLabel, QTextEdit, QWidget
from pytestqt.qtbot import QtBot

import spaceport_app.gui
from spaceport_app.gui import plain

GUI = Path(spaceport_app.gui.__file__).parent
HTML = (
    "<b>x</b>",
    '<img src="/etc/hostname"><b>x</b> <a href="http://there">here</a>',
    "photo &lt; or <a>",
    "<!DOCTYPE html>",
    "\n <p>",
    "<?xml version='1.0'?><svg>",
    "</qt><img src=//there/x>",
)

# Calls by which a text may become HTML, whoever made the widget.
CALLS = frozenset(
    {
        "setToolTip",
        "setWhatsThis",
        "showMessage",
        "setHtml",
        "setMarkdown",
        "insertHtml",
        "appendHtml",
        "setTextFormat",
        "setOpenExternalLinks",
        "addRow",
        "insertRow",
        "drawStaticText",
        "createStandardContextMenu",
        "addLegend",
    }
)
NAMES = frozenset({"RichText", "AutoText", "MarkdownText", "ToolTipRole", "WhatsThisRole"})
# pyqtgraph's labels are HTML: of them only such that stand in the source.
OF_CONSTANTS = frozenset({"setLabel", "setLabels", "setTitle"})


def faults(source: str) -> list[str]:
    """Return what of a source may show a text as HTML."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in CALLS | NAMES:
            found.append(f"{node.lineno}: {node.attr}")
        if isinstance(node, ast.Constant) and node.value in CALLS | NAMES:
            found.append(f"{node.lineno}: {node.value} in quotes")
        if isinstance(node, ast.ImportFrom) and any(name.name == "*" for name in node.names):
            found.append(f"{node.lineno}: import *")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            values = [*node.args, *(word.value for word in node.keywords)]
            if node.func.attr in OF_CONSTANTS and not all(
                isinstance(value, ast.Constant) for value in values
            ):
                found.append(f"{node.lineno}: {node.func.attr}")
    return found


SOURCES = sorted(path for path in GUI.rglob("*.py") if path.name != "plain.py")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(GUI)))
def test_the_window_shows_no_text_but_through_the_one_module(path: Path) -> None:
    assert not faults(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "source",
    [
        "widget.setToolTip(name)",
        "form.addRow(name, field)",
        "label.setTextFormat(Qt.TextFormat.RichText)",
        "item.setData(0, Qt.ItemDataRole.ToolTipRole, name)",
        "getattr(widget, 'setToolTip')(name)",
        "plot.setTitle(name)",
        "from PySide6.QtWidgets import *",
    ],
)
def test_what_the_check_finds(source: str) -> None:
    assert faults(source)


@pytest.mark.parametrize("text", HTML)
def test_a_label_shows_what_it_is_given(text: str, qtbot: QtBot) -> None:
    by_call, by_name = plain.Label(text), plain.Label(wordWrap=True)
    by_name.setText(text)
    for label in (by_call, by_name):
        qtbot.addWidget(label)
        assert label.text() == text
        assert label.textFormat() == Qt.TextFormat.PlainText


@pytest.mark.parametrize("text", HTML)
def test_a_box_shows_what_it_is_given(text: str, qtbot: QtBot) -> None:
    box = plain.Box(plain.Box.Icon.Warning, text, text)
    qtbot.addWidget(box)
    box.setInformativeText(text)
    box.setDetailedText(text)
    labels = [label for label in box.findChildren(QLabel) if label.text()]
    assert [label.text() for label in labels] == [text, text]
    assert {label.textFormat() for label in labels} == {Qt.TextFormat.PlainText}
    assert [one.toPlainText() for one in box.findChildren(QTextEdit)] == [text]


@pytest.mark.parametrize("text", HTML)
def test_a_tip_is_no_html_and_reads_the_same(text: str, qtbot: QtBot) -> None:
    widget, action = QWidget(), QAction()
    qtbot.addWidget(widget)
    for thing in (widget, action):
        plain.set_tip(thing, text)
        assert not Text.mightBeRichText(thing.toolTip())
        assert thing.toolTip().replace("\u200b", "") == text


def test_usual_words_stay_as_they_are() -> None:
    for text in ("Fish & Chips", "a < b", "5 µm, 3 × 4", "Flug über Öland\nzweite Zeile", "👩‍🚀"):
        assert plain.words(text) == plain.literal(text) == text


@pytest.mark.parametrize("text", ["A" * 100_000, "a b " * 50_000, "\n".join("x" * 5000)])
def test_long_values_are_cut(text: str, qtbot: QtBot) -> None:
    sentence = f"x.sog: version {text} is not known. Update Spaceport."
    label = plain.Label(sentence)
    box = plain.Box(plain.Box.Icon.Warning, "Spaceport", sentence)
    for widget in (label, box):
        qtbot.addWidget(widget)
        assert len(widget.text()) < 1600 and widget.text().startswith("x.sog: version")
        assert widget.text().count("\n") <= 30
    assert len(plain.literal(sentence)) <= 600
    assert len(plain.name(text)) <= 200


def test_what_acts_on_a_screen_is_shown_as_an_escape(qtbot: QtBot) -> None:
    label = plain.Label("DJI_\u202egpj.exe\x1b[31m\x07")
    qtbot.addWidget(label)
    assert label.text() == "DJI_\\u202egpj.exe\\x1b[31m\\x07"


def test_a_link_takes_nothing_but_an_address(qtbot: QtBot) -> None:
    link = plain.Link('https://a.example/"><img src=x>')
    qtbot.addWidget(link)
    assert "<img" not in link.text()
    with pytest.raises(ValueError, match="no address"):
        plain.Link("<img src=/etc/hostname>")
