"""Words in the window as they are written, whoever wrote them: never as rich text.

Qt takes a text that looks like HTML for HTML, in labels, message boxes and tooltips. A name or a
message out of a file would then open pictures, from other computers too, and pretend to be words
of Spaceport. So labels, boxes and tips are made here alone; a rule of the linter and a test of
the sources see to it.
"""

from __future__ import annotations

import html
import re
from typing import Any

from PySide6 import QtGui
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QLabel,
    QLayout,
    QMessageBox,
    QStatusBar,
    QSystemTrayIcon,
    QTextEdit,
    QTreeWidgetItem,
    QWidget,
)

from spaceport_app import visible

_MOST, _MOST_IN_BOX, _MOST_IN_TIP = 1500, 600, 600
_MOST_LINES = 30
# What has no place to break makes a window as wide as it is long.
_UNBROKEN = re.compile(r"\S{301,}")


def words(text: str, most: int = _MOST) -> str:
    """Return `text` without what acts on a screen, and cut to what a window has room for."""
    short = visible.shortened(
        _UNBROKEN.sub(lambda found: visible.shortened(found[0], 200), visible.lines(text)), most
    )
    kept = short.split("\n")
    return short if len(kept) <= _MOST_LINES else "\n".join([*kept[:_MOST_LINES], "…"])


def name(text: str) -> str:
    """Return a name of a file, photo or project as one line that fits into a sentence."""
    return visible.shortened(visible.line(text), 200)


class Label(QLabel):
    """A label that shows its text as it is written."""

    def __init__(self, text: str = "", parent: QWidget | None = None, **properties: Any) -> None:
        super().__init__(parent, **properties)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)

    def setText(self, text: str) -> None:
        """Show a text."""
        super().setText(words(text))


class Link(QLabel):
    """A label with nothing but the address of a web page, which opens in the browser.

    Parameters
    ----------
    address : str
        It begins with ``https://``.
    """

    def __init__(self, address: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        if not address.startswith("https://"):
            raise ValueError(f"{address!r} is no address of a web page")
        shown = html.escape(visible.line(address))
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setText(f'<a href="{shown}">{shown}</a>')
        self.setOpenExternalLinks(True)


class Box(QMessageBox):
    """A message box that shows its texts as they are written."""

    def __init__(
        self, icon: QMessageBox.Icon, title: str, text: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setIcon(icon)
        self.setWindowTitle(title)
        self.setText(text)

    def setText(self, text: str) -> None:
        """Show the message."""
        super().setText(words(text, _MOST_IN_BOX))

    def setInformativeText(self, text: str) -> None:
        """Show a text below the message."""
        if text:
            # Qt makes the label of this text with the first one.
            super().setInformativeText("…")
            self.setTextFormat(Qt.TextFormat.PlainText)
        super().setInformativeText(words(text))

    def setDetailedText(self, text: str) -> None:
        """Offer a long text behind a button."""
        super().setDetailedText(visible.lines(text))
        for details in self.findChildren(QTextEdit):
            details.setAccessibleName("Details")


def add_row(form: QFormLayout, text: str, field: QWidget | QLayout) -> None:
    """Add a row to a form, its label made here as well."""
    label = Label(text)
    if isinstance(field, QWidget):
        label.setBuddy(field)
    form.addRow(label, field)


def literal(text: str) -> str:
    """Return `text` so that Qt shows it as it is where there is no other way to say so."""
    text = words(text, _MOST_IN_TIP)
    if not QtGui.Qt.mightBeRichText(text):
        return text
    # A space without width behind it: no tag and no entity begins there any more.
    return re.sub("[<&]", lambda found: f"{found[0]}\u200b", text)


def set_tip(thing: QWidget | QAction, text: str) -> None:
    """Give a widget or an action the words that appear when the mouse rests on it."""
    thing.setToolTip(literal(text))


def set_cell_tip(item: QTreeWidgetItem, column: int, text: str) -> None:
    """Give a cell of a tree such words."""
    item.setToolTip(column, literal(text))


def set_choice_tip(box: QComboBox, row: int, text: str) -> None:
    """Give a row of a list to choose from such words."""
    box.setItemData(row, literal(text), TIP_ROLE)


TIP_ROLE = Qt.ItemDataRole.ToolTipRole
"""The role of a model's data under which its tips stand, each through `literal`."""


def tell(bar: QStatusBar, text: str, milliseconds: int = 0) -> None:
    """Show a line below the window for a while, or until the next one."""
    bar.showMessage(name(text), milliseconds)


def notify(icon: QSystemTrayIcon, title: str, text: str, milliseconds: int) -> None:
    """Show a message on the desktop.

    Desktops of Linux take tags in it, and those that don't would show their escapes: so it has
    other brackets.
    """
    plainly = words(text, _MOST_IN_TIP).translate(_NO_TAGS)
    icon.showMessage(name(title).translate(_NO_TAGS), plainly, icon.icon(), milliseconds)


_NO_TAGS = str.maketrans({"<": "‹", ">": "›", "&": "＆"})
